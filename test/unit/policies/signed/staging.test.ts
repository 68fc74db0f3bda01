/**
 * Goal: each step of a document through a device, what is asked of the shell at it, and what happens where a step fails.
 *
 * Method: events by hand (stagedDevice.ts). What power cuts do is in torture.test.ts.
 */
import { describe, expect, test } from 'bun:test';
import { bodyOfTable } from '../../../../policies/signed/body.ts';
import { NOTHING_PUSHED, type PushRecord } from '../../../../policies/signed/record.ts';
import { nextPushDeadline, stepPush } from '../../../../policies/signed/staging.ts';
import { NOW, unproven } from './documents.ts';
import { Device, policyOf, pushed, WINDOW_MS } from './stagedDevice.ts';

describe('a policy', () => {
  test('is on flash before it is followed, and confirmed when it is ATTACHED', () => {
    const device = new Device();
    device.take(pushed(2));
    expect(device.asked).toEqual(['write pending', 'policy_on_trial 2', 'apply pushed 2']);
    device.tell({ kind: 'proven' });
    expect(device.asked).toEqual(['write confirmed', 'policy_confirmed 2']);
    expect(device.followed).toBe('pushed 2');
    device.after(10 * WINDOW_MS);
    expect(device.asked).toEqual([]);
    expect(nextPushDeadline(device.state)).toBeNull();
  });

  test('is rolled back when its window is over, and not before', () => {
    const device = new Device();
    device.take(pushed(2));
    expect(nextPushDeadline(device.state)).toBe(WINDOW_MS);
    device.forget();
    device.after(WINDOW_MS - 1);
    expect(device.asked).toEqual([]);
    device.after(1);
    const back = [
      'apply configured 1',
      'policy_rolled_back 2 confirm_window_over',
      'write nothing',
    ];
    expect(device.asked).toEqual(back);
    device.tell({ kind: 'proven' });
    expect([device.asked, device.followed]).toEqual([[], 'configured 1']);
  });

  test('says how long its window is', () => {
    const device = new Device();
    device.take(pushed(2, { push: { confirm_window_ms: 30_000 } }));
    expect(nextPushDeadline(device.state)).toBe(30_000);
  });

  test('that cannot be followed is rolled back at once', () => {
    const device = new Device();
    device.canApply = false;
    device.take(pushed(2));
    expect(device.asked).toEqual([
      ...['write pending', 'policy_on_trial 2', 'apply pushed 2'],
      ...['apply configured 1', 'policy_rolled_back 2 not_applied', 'write nothing'],
    ]);
    // The one before was not followed either: again until it is.
    device.canApply = true;
    device.after(10_000);
    expect(device.asked).toEqual(['apply configured 1']);
    device.after(10_000);
    expect(device.asked).toEqual([]);
  });

  test('whose session is ATTACHED when its window is over has not proven itself', () => {
    for (const [afterMs, followed] of [
      [WINDOW_MS - 1, 'pushed 2'],
      [WINDOW_MS, 'configured 1'],
      [3_600_000, 'configured 1'],
    ] as const) {
      const device = new Device();
      device.take(pushed(2));
      device.atMs += afterMs; // asleep: nobody looked
      device.tell({ kind: 'proven' });
      expect([afterMs, device.followed]).toEqual([afterMs, followed]);
    }
  });

  test('whose window is over is rolled back by whatever happens next', () => {
    const device = new Device();
    device.take(pushed(2));
    device.forget();
    device.atMs += WINDOW_MS;
    device.tell({ kind: 'answered', id: '07', outcome: 'done' });
    expect(device.asked).toContain('policy_rolled_back 2 confirm_window_over');
  });

  test('of which ATTACHED is told before it was applied is not confirmed', () => {
    const device = new Device();
    const document = pushed(2);
    const arrived = { kind: 'arrived', atMs: 0, clock: NOW, isRetained: false, document } as const;
    const { state } = stepPush(device.state, arrived);
    const written = stepPush(state, { kind: 'written', atMs: 0, clock: NOW, isDurable: true });
    const proven = stepPush(written.state, { kind: 'proven', atMs: 0 });
    expect(proven).toEqual({ state: written.state, effects: [] });
  });

  test('that cannot be written is refused and may come again', () => {
    const device = new Device();
    device.canWrite = false;
    device.take(pushed(2));
    expect(device.asked).toEqual(['write pending', 'push_not_durable 2']);
    device.canWrite = true;
    device.take(pushed(2));
    expect(device.asked).toContain('policy_on_trial 2');
  });

  test('whose confirmation cannot be written is confirmed later, or rolled back', () => {
    for (const heals of [true, false]) {
      const device = new Device();
      device.take(pushed(2));
      device.canWrite = false;
      device.tell({ kind: 'proven' });
      device.forget();
      device.after(10_000);
      expect(device.asked).toEqual(['write confirmed']);
      device.canWrite = heals;
      device.after(10_000);
      device.after(WINDOW_MS);
      expect(device.followed).toBe(heals ? 'pushed 2' : 'configured 1');
    }
  });

  test('comes alone: another one waits, the same one is a replay', () => {
    const device = new Device();
    device.take(pushed(2));
    device.forget();
    device.take(pushed(3));
    device.take(pushed(2));
    expect(device.asked).toEqual(['push_busy 3', 'document_replayed 2']);
    device.tell({ kind: 'proven' });
    device.take(pushed(3));
    expect(device.followed).toBe('pushed 3');
  });

  test('that was rolled back is used up', () => {
    const device = new Device();
    device.take(pushed(2));
    device.after(WINDOW_MS);
    device.forget();
    device.take(pushed(2));
    expect(device.asked).toEqual(['document_replayed 2']);
    device.take(pushed(3));
    expect(device.asked[0]).toBe('write pending');
  });

  test('that was rolled back is used up for its other targets as well, over a restart too', () => {
    const device = new Device();
    const target = { level: 'device', fleet: 'acme', name: 'kiosk-7' } as const;
    const body = bodyOfTable({ version: 2, name: 'pushed' })!;
    device.take(unproven({ version: 2, target, body }));
    device.after(WINDOW_MS);
    device.forget();
    device.take(pushed(2), true);
    expect(device.asked).toEqual(['document_replayed 2']);
    const next = new Device({ record: device.state.record });
    next.take(pushed(2), true);
    expect(next.asked).toEqual(['document_replayed 2']);
    // An older one that was not tried may come.
    device.take(unproven({ version: 5, target, body: bodyOfTable({ version: 5, name: 'five' })! }));
    device.after(WINDOW_MS);
    device.take(pushed(3));
    expect(device.followed).toBe('pushed 3');
  });

  test('is above every one that was in force, whatever its target', () => {
    const device = new Device({ policyVersionMin: 5 });
    const other = { target: { level: 'device', fleet: 'acme', name: 'kiosk-7' } } as const;
    device.take(pushed(5));
    device.take(unproven({ version: 4, body: bodyOfTable({ version: 4 })!, ...other }));
    expect(device.asked).toEqual(['document_older 5', 'document_older 4']);
  });

  test('that may not be used is refused whole', () => {
    const device = new Device();
    device.take(pushed(2, { session: { ttl_ms: 1 } }));
    device.take(pushed(2, { session: { anti_replay: false } }));
    device.take(pushed(2, { session: { transport_ttl_ms: 10_000 } }));
    device.take(unproven({ version: 2, body: bodyOfTable({ version: 3 })! }));
    expect(device.asked).toEqual(Array(4).fill('document_invalid 2'));
    expect(device.state.record).toBe(NOTHING_PUSHED);
  });
});

describe('a start', () => {
  const record = (more: Partial<PushRecord>): PushRecord => ({ ...NOTHING_PUSHED, ...more });

  test('follows what was confirmed', () => {
    const device = new Device({ record: record({ confirmed: pushed(2).bytes }) });
    expect([device.asked, device.followed]).toEqual([[], 'pushed 2']);
  });

  test('never follows what was on trial', () => {
    const held = record({ confirmed: pushed(2).bytes, pending: pushed(3).bytes });
    const device = new Device({ record: held });
    expect(device.asked).toEqual(['policy_rolled_back 3 restarted', 'write confirmed']);
    expect(device.followed).toBe('pushed 2');
  });

  test('follows the configuration where that is newer, or the confirmed one cannot be read', () => {
    const older = unproven({ version: 1, body: bodyOfTable({ version: 1, name: 'same' })! });
    expect(new Device({ record: record({ confirmed: older.bytes }) }).followed).toBe('same 1');
    const device = new Device({ record: record({ confirmed: Uint8Array.of(1, 2, 3) }) });
    expect([device.asked, device.followed]).toEqual([['document_malformed'], 'configured 1']);
    const later = new Device({ record: record({ confirmed: pushed(2).bytes }) });
    later.tell({ kind: 'configured', policy: policyOf({ version: 3, name: 'file' }) });
    expect([later.asked, later.followed]).toEqual([['apply file 3'], 'file 3']);
  });

  test('writes again what it could not write into both slots', () => {
    const device = new Device({ recovery: 'oneSlotLost', isWhole: false });
    expect([device.asked, nextPushDeadline(device.state)]).toEqual([['push_slot_stale'], 10_000]);
    device.canWrite = false;
    device.after(10_000);
    device.canWrite = true;
    device.after(10_000);
    expect(device.asked).toEqual(['write nothing', 'write nothing']);
    expect(nextPushDeadline(device.state)).toBeNull();
  });

  test('says that both slots are lost', () => {
    expect(new Device({ recovery: 'bothSlotsLost' }).asked).toEqual(['push_state_lost']);
  });
});

describe('a newer file on the device', () => {
  const FILE = policyOf({ version: 9, name: 'file' });

  test('takes the place of a policy on trial', () => {
    const device = new Device();
    device.take(pushed(2));
    device.forget();
    device.tell({ kind: 'configured', policy: FILE });
    const back = ['apply file 9', 'policy_rolled_back 2 reconfigured', 'write nothing'];
    expect([device.asked, device.followed]).toEqual([back, 'file 9']);
  });

  test('leaves one on trial that is newer still', () => {
    const device = new Device();
    device.take(pushed(10));
    device.tell({ kind: 'configured', policy: FILE });
    device.tell({ kind: 'proven' });
    expect(device.followed).toBe('pushed 10');
  });

  test('that is older than what was confirmed changes nothing', () => {
    const device = new Device({ record: { ...NOTHING_PUSHED, confirmed: pushed(2).bytes } });
    const older = policyOf({ version: 1, name: 'older' });
    device.tell({ kind: 'configured', policy: older });
    expect(device.followed).toBe('pushed 2');
  });
});

test('after a save that failed what counts is written again, until it is durable', () => {
  const device = new Device();
  device.canWrite = false;
  device.take(pushed(2));
  device.forget();
  expect(nextPushDeadline(device.state)).toBe(10_000);
  device.after(9_999);
  expect(device.asked).toEqual([]);
  device.after(1);
  expect([device.asked, nextPushDeadline(device.state)]).toEqual([['write nothing'], 20_000]);
  device.canWrite = true;
  device.after(10_000);
  expect([device.asked, nextPushDeadline(device.state)]).toEqual([['write nothing'], null]);
});

test('after a save that failed another document that is saved does as well', () => {
  const device = new Device();
  device.canWrite = false;
  device.take(pushed(2));
  device.canWrite = true;
  device.take(pushed(2));
  device.tell({ kind: 'proven' });
  device.forget();
  device.after(10_000);
  expect([device.asked, nextPushDeadline(device.state)]).toEqual([[], null]);
});
