/**
 * Goal: who says that a channel is unknown is believed no more than anybody: the device asks, rarely, and nothing moves.
 * Method: an idle device on a metered link and a hub that is well; somebody on the path makes messages of type 19 out of what
 * goes by.
 */
import { describe, expect, test } from 'bun:test';
import type { Datagram } from '../../../hal/memory/network.ts';
import { LATELY_SENT_MAX } from '../../../session/channel/sessionKeypair.ts';
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import { encodeUnknownChannel, unknownChannelOf } from '../../../session/wire/unknownChannel.ts';
import { policyOf } from '../policy.ts';
import { fastPrimitives } from './primitives.ts';
import { Rig } from './rig.ts';

const KEEPALIVE_MS = 25_000;
/** A question has its answer. */
const ANSWERED_MS = 500;

interface Scene {
  readonly rig: Rig;
  /** What the device sent that is control, newest last. */
  readonly sent: Datagram[];
  /** As `change` of the message `back` before the newest one; whether the device asked because of it. */
  readonly forge: (change?: object, back?: number, as?: Datagram) => boolean;
  readonly refused: (code: string) => number;
}

/** Just behind a keepalive, and far from the next question. */
function idle(): Scene {
  const rig = new Rig(fastPrimitives);
  rig.devicePolicy = policyOf('metered-lte'); // ethernet is metered there
  rig.boot();
  expect(rig.runUntil(() => rig.isAttached, 30_000)).toBe(true);
  rig.setCarrier('wlan0', false);
  rig.run(60_000);
  const sent: Datagram[] = [];
  rig.onDatagram = (datagram) => {
    if (datagram.link !== null && datagram.bytes[0] === MESSAGE_TYPE.control) sent.push(datagram);
  };
  rig.run(4 * KEEPALIVE_MS);
  const active = () => rig.agent.device!.transports.find(({ linkName }) => linkName === 'eth0')!;
  rig.run(active().keepaliveAtMs! - rig.world.nowMs + 100);
  const asked = () => rig.agent.device!.counters['doubt_hearsay'] ?? 0;
  const forge: Scene['forge'] = (change = {}, back = 0, as = sent.at(-1 - back)!) => {
    const drew = unknownChannelOf(sent.at(-1 - back)!.bytes);
    if (!drew.ok) throw new Error(drew.code);
    const before = asked();
    const bytes = encodeUnknownChannel({ ...drew.value, ...change });
    rig.network.deliver({
      ...as,
      bytes: Uint8Array.from(bytes),
      from: as.to,
      to: as.from,
      link: null,
    });
    rig.agent.turn();
    return asked() > before;
  };
  const refused = (code: string) => rig.agent.status()?.packets.refused[code] ?? 0;
  return { rig, sent, forge, refused };
}

describe('an unknown channel that somebody made up', () => {
  test('◆ with the header of the newest keepalive: the hub is asked and answers, and nothing moves', () => {
    const { rig, sent, forge, refused } = idle();
    const moves = rig.audit.length;
    expect(forge()).toBe(true);
    rig.run(ANSWERED_MS);
    expect([rig.isAttached, rig.audit.length, refused('unknown_channel')]).toEqual([
      true,
      moves,
      1,
    ]);
    expect(rig.agent.device!.counters['doubt']).toBeUndefined();
    expect(sent.at(-1)!.bytes.length).toBeGreaterThan(32);
  });

  test('◆ a flood of it costs one question in the time of a keepalive', () => {
    const { rig, forge } = idle();
    let asked = 0;
    for (let second = 0; second < 120; second++) {
      if (forge()) asked += 1;
      rig.run(1_000);
    }
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThanOrEqual(Math.ceil(120_000 / KEEPALIVE_MS));
    expect(rig.audit.filter(({ to }) => to === 'RECOVERING')).toEqual([]);
  });

  test('◆ the newest four say something, those before and those to come do not', () => {
    for (let back = 0; back <= LATELY_SENT_MAX; back++) {
      const { forge, refused } = idle();
      const isLate = back < LATELY_SENT_MAX;
      expect([back, forge({}, back)]).toEqual([back, isLate]);
      expect(refused('unexpectedUnknownChannel')).toBe(isLate ? 0 : 1);
    }
    const { forge, sent } = idle();
    const newest = unknownChannelOf(sent.at(-1)!.bytes);
    const next = (newest.ok ? newest.value.counter : 0) + 1;
    expect([forge({ counter: next }), forge({ counter: 2 ** 53 - 1 })]).toEqual([false, false]);
  });

  test('◆ of another channel or another transport it says nothing, and is counted', () => {
    const { forge, refused } = idle();
    expect(forge({ receiver: 1 })).toBe(false);
    expect(forge({ transportId: 2 })).toBe(false);
    expect(forge({ transportId: 9 })).toBe(false);
    expect(refused('unexpectedUnknownChannel')).toBe(3);
  });

  test('without a binding it says nothing', () => {
    const { rig, forge, refused } = idle();
    rig.setCarrier('eth0', false);
    expect(forge()).toBe(false);
    expect(rig.agent.device!.state).toBe('RECOVERING');
    expect(refused('unknown_channel')).toBe(0);
  });
});
