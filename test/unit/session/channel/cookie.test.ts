import { expect, test } from 'bun:test';
import { CookieChecker } from '../../../../session/channel/cookie.ts';
import { consumeInitiation } from '../../../../session/channel/initiation.ts';
import {
  COOKIE_LIFETIME_MS,
  consumeCookieReply,
  usableCookie,
} from '../../../../session/channel/macs.ts';
import { macVerdict } from './macVerdict.ts';
import { dh, initiate, must, newEnds } from './twoEnds.ts';

const HOME = Uint8Array.of(192, 0, 2, 1, 0xca, 0x6c);
const ELSEWHERE = Uint8Array.of(192, 0, 2, 2, 0xca, 0x6c);

function underLoad(seed: number) {
  const ends = newEnds(seed);
  const checker = new CookieChecker(ends.hub.publicKey);
  checker.useSecret(ends.random.bytes(32), 1000);
  return { ends, checker };
}

test('under load an initiation without mac2 gets a cookie reply, and with the cookie it passes', () => {
  const { ends, checker } = underLoad(1);
  const first = initiate(ends);
  expect(macVerdict(checker, first.message, HOME, false, 1000)).toBe('pass');
  expect(macVerdict(checker, first.message, HOME, true, 1000)).toBe('cookieNeeded');

  const reply = checker.reply(first.message, HOME, ends.random.bytes(24), 1000);
  expect(reply.length).toBe(64);
  const cookie = must(consumeCookieReply(reply, first.pending));
  const second = initiate(ends, 1_700_000_005_000, cookie);
  expect(macVerdict(checker, second.message, HOME, true, 2000)).toBe('pass');
  expect(consumeInitiation(second.message, { identity: ends.hub, dh }).ok).toBe(true);
});

test('the cookie of another address fails', () => {
  const { ends, checker } = underLoad(2);
  const first = initiate(ends);
  const reply = checker.reply(first.message, ELSEWHERE, ends.random.bytes(24), 1000);
  const second = initiate(ends, 0, must(consumeCookieReply(reply, first.pending)));
  expect(macVerdict(checker, second.message, HOME, true, 1000)).toBe('cookieNeeded');
  expect(macVerdict(checker, second.message, ELSEWHERE, true, 1000)).toBe('pass');
});

test('a secret lives 120 s: it passes a millisecond before and not at its end', () => {
  const { ends, checker } = underLoad(3);
  const first = initiate(ends);
  const reply = checker.reply(first.message, HOME, ends.random.bytes(24), 1000);
  const { message } = initiate(ends, 0, must(consumeCookieReply(reply, first.pending)));
  const endMs = 1000 + COOKIE_LIFETIME_MS;
  expect(checker.needsSecret(endMs - 1)).toBe(false);
  expect(macVerdict(checker, message, HOME, true, endMs - 1)).toBe('pass');
  expect(checker.needsSecret(endMs)).toBe(true);
  expect(macVerdict(checker, message, HOME, true, endMs)).toBe('cookieNeeded');
  checker.useSecret(ends.random.bytes(32), endMs);
  expect(macVerdict(checker, message, HOME, true, endMs)).toBe('cookieNeeded');
});

test('a cookie is used for 120 s after it was received', () => {
  const cookie = { cookie: new Uint8Array(16), receivedAtMs: 500 };
  expect(usableCookie(null, 500)).toBeNull();
  expect(usableCookie(cookie, 500 + 119_999)).toBe(cookie.cookie);
  expect(usableCookie(cookie, 500 + 120_000)).toBeNull();
});

test('a message without a right mac1 gets no answer, under load or not', () => {
  const { ends, checker } = underLoad(4);
  const { message } = initiate(ends);
  for (const at of [0, 4, 115, 116, 131]) {
    const bad = message.slice();
    bad[at] = (bad[at] ?? 0) ^ 1;
    expect([at, macVerdict(checker, bad, HOME, false, 1000)]).toEqual([at, 'refused']);
    expect([at, macVerdict(checker, bad, HOME, true, 1000)]).toEqual([at, 'refused']);
  }
});

test('a reply to another message, from another hub or damaged opens nothing', () => {
  const { ends, checker } = underLoad(5);
  const [first, second] = [initiate(ends), initiate(ends)];
  const reply = checker.reply(first.message, HOME, ends.random.bytes(24), 1000);
  expect(consumeCookieReply(reply, second.pending)).toMatchObject({ code: 'wrongReceiver' });
  const sameIndex = { ...second.pending, senderIndex: first.pending.senderIndex };
  expect(consumeCookieReply(reply, sameIndex)).toMatchObject({ code: 'authenticationFailed' });

  const stranger = new CookieChecker(ends.device.publicKey);
  stranger.useSecret(ends.random.bytes(32), 1000);
  const forged = stranger.reply(first.message, HOME, ends.random.bytes(24), 1000);
  expect(consumeCookieReply(forged, first.pending)).toMatchObject({ code: 'authenticationFailed' });
});

test('no bytes make judge or consumeCookieReply throw, and no damaged reply passes', () => {
  const { ends, checker } = underLoad(6);
  const { message, pending } = initiate(ends);
  const reply = checker.reply(message, HOME, ends.random.bytes(24), 1000);
  for (let i = 0; i < 2000; i++) {
    const bad = ends.random.damaged(reply);
    expect(consumeCookieReply(bad, pending).ok).toBe(false);
    expect(macVerdict(checker, bad, HOME, true, 1000)).toBe('refused');
    expect(macVerdict(checker, ends.random.damaged(message), HOME, true, 1000)).not.toBe('pass');
  }
});
