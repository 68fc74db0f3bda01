/** Goal: a copy is explained by a resend once, only for what was called missing, and only for a while. */
import { expect, test } from 'bun:test';
import { ReplayWindow } from '../../../../session/replay.ts';
import { ExpectedRepeats } from '../../../../session/resend/repeats.ts';

const CHANNEL = 7;
const AGE_MS = 2_000;
const UNTIL_MS = 1_000 + AGE_MS + 1_000;

/** 0…9 without 3 and 5. */
function received() {
  const window = new ReplayWindow();
  for (const counter of [0, 1, 2, 4, 6, 7, 8, 9]) window.accept(counter);
  return window.received();
}

function invited(): ExpectedRepeats {
  const repeats = new ExpectedRepeats();
  repeats.invite(CHANNEL, received(), '5 0', AGE_MS, 1_000);
  return repeats;
}

test('what was missing, and what is newer than all that was told of', () => {
  const repeats = invited();
  expect([3, 5, 12].map((counter) => repeats.takes(CHANNEL, counter, 1_500))).toEqual([
    true,
    true,
    true,
  ]);
  expect([2, 9].map((counter) => repeats.takes(CHANNEL, counter, 1_500))).toEqual([false, false]);
});

test('a second copy is a replay', () => {
  const repeats = invited();
  expect([1, 2].map(() => repeats.takes(CHANNEL, 3, 1_500))).toEqual([true, false]);
  // Said again in the same exchange, nothing more is sent for it; the next exchange asks anew.
  repeats.invite(CHANNEL, received(), '5 0', AGE_MS, 1_600);
  expect(repeats.takes(CHANNEL, 3, 1_700)).toBe(false);
  repeats.invite(CHANNEL, received(), '6 0', AGE_MS, 1_800);
  expect([1, 2].map(() => repeats.takes(CHANNEL, 3, 1_900))).toEqual([true, false]);
});

test('for as long as a resend may take', () => {
  expect(invited().isExpecting(UNTIL_MS)).toBe(true);
  expect(invited().takes(CHANNEL, 3, UNTIL_MS)).toBe(true);
  expect(invited().isExpecting(UNTIL_MS + 1)).toBe(false);
  expect(invited().takes(CHANNEL, 3, UNTIL_MS + 1)).toBe(false);
});

test('what arrived after it was first called missing is no replay either', () => {
  const repeats = invited();
  const whole = new ReplayWindow();
  for (let counter = 0; counter < 10; counter++) whole.accept(counter);
  repeats.invite(CHANNEL, whole.received(), '5 0', AGE_MS, 1_100);
  expect(repeats.takes(CHANNEL, 3, 1_200)).toBe(true);
});

test('of another keypair, of one that is gone, and of nobody', () => {
  const repeats = invited();
  expect(repeats.takes(8, 3, 1_500)).toBe(false);
  repeats.forget(CHANNEL);
  expect(repeats.takes(CHANNEL, 3, 1_500)).toBe(false);
  expect(new ExpectedRepeats().isExpecting(0)).toBe(false);
});

test('what is over is forgotten: two keypairs at most (I11)', () => {
  const repeats = new ExpectedRepeats();
  for (let channelId = 0; channelId < 100; channelId++) {
    repeats.invite(channelId, received(), '5 0', AGE_MS, channelId * 10_000);
    expect(repeats.size).toBe(1);
  }
});
