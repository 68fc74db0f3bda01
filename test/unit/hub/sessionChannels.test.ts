import { expect, test } from 'bun:test';
import { nodeCiphers } from '../../../hal/linux/ciphers.ts';
import type { Endpoint } from '../../../hub/endpoints.ts';
import { SessionChannels } from '../../../hub/sessionChannels.ts';
import type { SessionPeer } from '../../../hub/sessionPeer.ts';
import type { Site } from '../../../hub/site.ts';
import { SessionKeypair } from '../../../session/channel/sessionKeypair.ts';
import { handshake, newEnds } from '../session/channel/twoEnds.ts';

const endpoint = (text: string) => ({ text }) as Endpoint;

/** Two channels in use, offered to `first`; what was kept of where their messages came from. */
function channels() {
  const kept: string[] = [];
  const site = {
    channels: { set: () => undefined, delete: () => undefined },
    endpoints: { keep: ({ text }: Endpoint) => void kept.push(text) },
  };
  const table = new SessionChannels(site as unknown as Site, {} as SessionPeer);
  const { hub } = handshake(newEnds(7));
  const [one, other] = [11, 12].map((localIndex) => {
    const keypair = new SessionKeypair({
      secrets: hub,
      ciphers: nodeCiphers,
      localIndex,
      remoteIndex: 5,
      isInitiator: false,
      createdAtMs: 0,
    });
    table.offer(keypair, endpoint('first'));
    table.confirm();
    return keypair;
  }) as [SessionKeypair, SessionKeypair];
  return { table, one, other, kept };
}

test('an endpoint is kept once when messages begin to come from it, again when they come back to it', () => {
  const { table, one, kept } = channels();
  const [first, second] = [endpoint('first'), endpoint('second')];
  for (const from of [first, first, second, second, first]) table.noteSource(one, from);
  expect(kept).toEqual(['second', 'first']);
});

test('each channel has a source of its own', () => {
  const { table, one, other, kept } = channels();
  const second = endpoint('second');
  table.noteSource(one, second);
  table.noteSource(other, second);
  table.noteSource(one, second);
  expect(kept).toEqual(['second', 'second']);
});

test('what was noted before the channel was in use is noted again', () => {
  const { table, kept } = channels();
  const { hub } = handshake(newEnds(8));
  const late = new SessionKeypair({
    secrets: hub,
    ciphers: nodeCiphers,
    localIndex: 13,
    remoteIndex: 5,
    isInitiator: false,
    createdAtMs: 0,
  });
  table.offer(late, endpoint('first'));
  const second = endpoint('second');
  table.noteSource(late, second);
  expect(kept).toEqual([]);
  table.confirm();
  table.noteSource(late, second);
  expect(kept).toEqual(['second']);
});
