import { expect, test } from 'bun:test';
import { createClockHint, openClockHint } from '../../../../session/channel/clockHint.ts';
import { consumeInitiation } from '../../../../session/channel/initiation.ts';
import { nextAfter, TimestampGate, timestampOf } from '../../../../session/channel/timestamp.ts';
import { dh, type Ends, initiate, must, newEnds } from './twoEnds.ts';

const GREATEST = timestampOf(1_700_000_000_000);

function hintFor(ends: Ends, message: Uint8Array): Uint8Array {
  const consumed = must(consumeInitiation(message, { identity: ends.hub, dh }));
  const nonce = ends.random.bytes(24);
  return createClockHint(consumed, { identity: ends.hub, greatest: GREATEST, nonce, dh });
}

test('a device without a clock learns the greatest timestamp and gets in with the next one', () => {
  const ends = newEnds(1);
  const gate = new TimestampGate(GREATEST);
  const lost = initiate(ends, 5_000);
  const consumed = must(consumeInitiation(lost.message, { identity: ends.hub, dh }));
  expect(gate.accept(consumed.timestamp, 0)).toBe('notNewer');

  const hint = hintFor(ends, lost.message);
  expect(hint.length).toBe(60);
  const learned = must(openClockHint(hint, lost.pending, { identity: ends.device, dh }));
  expect(learned).toEqual(GREATEST);
  const after = nextAfter(learned);
  if (after === null) throw new Error('there is a next one');
  expect(gate.accept(after, 1000)).toBe('newer');
});

test('a hint drawn by a replayed initiation opens for no other, not even with the same index', () => {
  const ends = newEnds(2);
  const [recorded, pending] = [initiate(ends), initiate(ends)];
  const hint = hintFor(ends, recorded.message);
  const local = { identity: ends.device, dh };
  expect(openClockHint(hint, pending.pending, local)).toMatchObject({ code: 'wrongReceiver' });
  const sameIndex = { ...pending.pending, senderIndex: recorded.pending.senderIndex };
  expect(openClockHint(hint, sameIndex, local)).toMatchObject({ code: 'authenticationFailed' });
});

test('only the two holders of the static keys can make or open a hint', () => {
  const ends = newEnds(3);
  const stranger = newEnds(4);
  const { message, pending } = initiate(ends);
  const hint = hintFor(ends, message);
  expect(openClockHint(hint, pending, { identity: stranger.device, dh }).ok).toBe(false);

  const consumed = must(consumeInitiation(message, { identity: ends.hub, dh }));
  const forged = createClockHint(consumed, {
    identity: stranger.hub,
    greatest: GREATEST,
    nonce: ends.random.bytes(24),
    dh,
  });
  const local = { identity: ends.device, dh };
  expect(openClockHint(forged, pending, local)).toMatchObject({ code: 'authenticationFailed' });
  expect(openClockHint(hint, pending, local).ok).toBe(true);
});

test('no bytes make openClockHint throw, and no damaged hint opens', () => {
  const ends = newEnds(5);
  const { message, pending } = initiate(ends);
  const hint = hintFor(ends, message);
  for (let i = 0; i < 500; i++) {
    const bad = ends.random.damaged(hint);
    expect(openClockHint(bad, pending, { identity: ends.device, dh }).ok).toBe(false);
  }
});
