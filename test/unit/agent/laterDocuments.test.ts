/**
 * Goal: a document that was refused for a reason that passes is taken when that has passed, without another connection; and what can
 * never be taken is forgotten.
 *
 * Method: pushRig.ts; the clock, the flash and time are the test's.
 */
import { afterEach, expect, spyOn, test } from 'bun:test';
import { halFail } from '../../../hal/result.ts';
import { bodyOfTable } from '../../../policies/signed/body.ts';
import { NOW_S } from '../policies/signed/documents.ts';
import { document, emergency, Rig, stopAll, WINDOW_MS } from './pushRig.ts';

afterEach(stopAll);

const withTables = (version: number, tables: Record<string, unknown>) =>
  document(version, { body: bodyOfTable({ version, name: `v${version}`, ...tables })! });

const SHORT = { session: { recovery_window_ms: 5_000, transport_ttl_ms: 5_000 } };

test('a policy that an emergency keeps out is tried when that ends', async () => {
  const rig = new Rig();
  await rig.take(emergency(1, { admission: { reattach_per_session_per_minute: 8 } }));
  const busy = withTables(2, { switching: { max_switches_per_minute: 12 } });
  await rig.take(busy, true);
  expect(rig.heard()[1]).toStartWith('refusal document_invalid 2');
  await rig.take(emergency(2, {}));
  expect(rig.heard()).toEqual(['notice emergency_ended 2 withdrawn', 'notice policy_on_trial 2']);
});

test('an emergency that the confirmed policy keeps out holds once another policy is confirmed', async () => {
  const rig = new Rig();
  await rig.take(emergency(1, { session: { transport_ttl_ms: 10_000 } }), true);
  expect(rig.heard()[0]).toStartWith('refusal document_invalid 1');
  await rig.take(withTables(2, SHORT));
  rig.push.proven(2);
  rig.heard();
  expect(rig.push.isEmergency).toBe(true);
});

test('one that was early is taken when its time has come, and somebody is woken for that', async () => {
  const timers = spyOn(globalThis, 'setTimeout');
  try {
    const rig = new Rig();
    await rig.take(document(2, { notBeforeS: NOW_S + 40 }), true);
    expect(rig.heard()[0]).toStartWith('refusal document_early 2');
    rig.push.look();
    expect(timers.mock.calls.at(-1)?.[1]).toBe(40_000);
    rig.nowMs += 39_999;
    rig.push.look();
    expect(rig.push.onTrial).toBe(null);
    rig.nowMs += 1;
    rig.push.look();
    expect(rig.heard()).toEqual(['notice policy_on_trial 2']);
  } finally {
    timers.mockRestore();
  }
});

test('one that a clock that was ahead took for expired is taken when that is put right', async () => {
  const rig = new Rig();
  rig.aheadMs = 2 * 366 * 86_400_000;
  await rig.take(document(2), true);
  await rig.take(emergency(1, { switching: { max_switches_per_minute: 3 } }), true);
  expect(rig.heard()[0]).toStartWith('refusal document_expired 2');
  rig.aheadMs = 0;
  rig.nowMs += 900_000;
  rig.push.look();
  expect(rig.heard()).toEqual(['notice emergency_began 1', 'notice policy_on_trial 2']);
});

test('one that did not reach the flash is tried again behind a save that did, three times at most', async () => {
  const rig = new Rig();
  rig.flash.failNext = halFail('storageFailed', 'write: ENOSPC');
  await rig.take(document(2), true);
  expect(rig.heard()).toEqual(['alarm push_not_durable 2']);
  rig.nowMs += 9_999;
  rig.push.look();
  expect(rig.push.onTrial).toBe(null);
  rig.nowMs += 1;
  rig.push.look();
  expect(rig.push.onTrial).toBe(2);

  const worn = new Rig();
  const tries = failing(worn);
  await worn.take(document(2), true);
  for (let look = 0; look < 20; look++) {
    worn.nowMs += 10_000;
    worn.push.look();
  }
  expect([tries(), worn.push.onTrial]).toEqual([4, null]);
});

/** A flash on which whatever is not the record of before fails. */
function failing(rig: Rig): () => number {
  let tries = 0;
  const whole = rig.flash.writeSlot.bind(rig.flash);
  rig.flash.writeSlot = (slot, bytes) => {
    // A document is in it.
    const isLong = bytes.subarray(0, 1_000).some((byte, at) => at > 200 && byte !== 0);
    if (!isLong) return whole(slot, bytes);
    tries += 1;
    return halFail('storageFailed', 'write: EIO');
  };
  return () => tries;
}

test('a newer one for the same target takes its place; what can never be taken is not tried', async () => {
  const rig = new Rig();
  await rig.take(document(2, { notBeforeS: NOW_S + 40 }), true);
  await rig.take(document(3), true);
  rig.push.proven(3);
  await rig.take(document(5, { target: { level: 'fleet', name: 'other' } }), true);
  await rig.take(withTables(4, { nonsense: 1 }), true);
  rig.heard();
  rig.nowMs += WINDOW_MS;
  rig.push.look();
  expect([rig.heard(), rig.push.confirmed.version]).toEqual([[], 3]);
});

test('one that had to wait and can never be taken any more is told so, once', async () => {
  const rig = new Rig();
  const target = { level: 'device', fleet: 'acme', name: 'kiosk-7' } as const;
  await rig.take(document(3));
  await rig.take(document(2, { target }), true);
  expect(rig.heard().at(-1)).toBe('refusal push_busy 2 version 3 is on trial');
  rig.push.proven(3);
  rig.push.look();
  expect(rig.heard()).toEqual([
    'notice policy_confirmed 3',
    'refusal document_older 2 version 2, and 3 was in force',
  ]);
  expect(rig.push.reported().counters['document_older']).toBe(1);

  const early = new Rig();
  await early.take(document(2, { target, notBeforeS: NOW_S + 40 }), true);
  await early.take(document(3));
  early.push.proven(3);
  early.nowMs += 60_000;
  early.push.look();
  expect(early.heard().at(-1)).toStartWith('refusal document_older 2');
  expect(early.push.reported().counters).toMatchObject({ document_early: 1, document_older: 1 });
});

test('one that had to wait beside the same policy for another target is no news', async () => {
  const rig = new Rig();
  const target = { level: 'device', fleet: 'acme', name: 'kiosk-7' } as const;
  await rig.take(document(2));
  await rig.take(document(3), true);
  await rig.take(document(3, { target }), true);
  rig.push.proven(2);
  rig.push.proven(3);
  rig.push.look();
  expect(rig.push.confirmed.version).toBe(3);
  expect(rig.push.reported().counters['document_replayed']).toBe(undefined);
});

test('one that can never be taken keeps no place that an older one needs', async () => {
  const rig = new Rig();
  await rig.take(document(2));
  await rig.take(withTables(9, { nonsense: 1 }), true);
  await rig.take(document(5), true);
  rig.push.proven(2);
  expect(rig.push.onTrial).toBe(5);
});
