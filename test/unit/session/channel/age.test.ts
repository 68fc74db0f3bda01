import { expect, test } from 'bun:test';
import {
  isSessionExpired,
  isSessionRekeyDue,
  plainExpiresAtMs,
  plainRekeyReceivingAtMs,
  plainRekeySendingAtMs,
  sessionExpiresAtMs,
  sessionRekeyAtMs,
} from '../../../../session/channel/age.ts';

test('a plain initiator renews at 120 s when sending, 165 s when receiving; a responder never', () => {
  const [initiator, responder] = [true, false].map((isInitiator) => ({
    createdAtMs: 7,
    isInitiator,
  }));
  if (initiator === undefined || responder === undefined) throw new Error('two ages');
  expect(plainRekeySendingAtMs(initiator)).toBe(120_007);
  expect(plainRekeyReceivingAtMs(initiator)).toBe(165_007);
  expect([plainRekeySendingAtMs(responder), plainRekeyReceivingAtMs(responder)]).toEqual([
    null,
    null,
  ]);
  expect([plainExpiresAtMs(initiator), plainExpiresAtMs(responder)]).toEqual([180_007, 180_007]);
});

test('a session channel with control frames only lives an hour and a minute', () => {
  const age = { createdAtMs: 1000, firstDataAtMs: null };
  expect([sessionRekeyAtMs(age), sessionExpiresAtMs(age)]).toEqual([3_601_000, 3_661_000]);
  expect([isSessionRekeyDue(age, 3_600_999), isSessionRekeyDue(age, 3_601_000)]).toEqual([
    false,
    true,
  ]);
  expect([isSessionExpired(age, 3_660_999), isSessionExpired(age, 3_661_000)]).toEqual([
    false,
    true,
  ]);
});

test('from its first data packet on it lives as WireGuard does, and never past the hour', () => {
  const early = { createdAtMs: 0, firstDataAtMs: 500 };
  expect([sessionRekeyAtMs(early), sessionExpiresAtMs(early)]).toEqual([120_500, 180_500]);
  const late = { createdAtMs: 0, firstDataAtMs: 3_590_000 };
  expect([sessionRekeyAtMs(late), sessionExpiresAtMs(late)]).toEqual([3_600_000, 3_660_000]);
  expect(
    sessionRekeyAtMs(early, {
      idleRekeyAfterMs: 9,
      idleRejectAfterMs: 9,
      dataRekeyAfterMs: 1,
      dataRejectAfterMs: 2,
    }),
  ).toBe(9);
});
