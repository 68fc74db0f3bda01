/**
 * Goal: what a device does with signed documents while it runs: nothing of a stranger's, one policy at a time, in force when it is
 * on flash, confirmed when the session proved it, gone when it did not; and a start goes on with what was confirmed.
 *
 * Method: pushRig.ts.
 */
import { afterEach, expect, spyOn, test } from 'bun:test';
import { COSE } from '../../../agent/cose.ts';
import { MemoryFlash } from '../../../hal/memory/flash.ts';
import { halFail } from '../../../hal/result.ts';
import { bodyOfTable, commandBody } from '../../../policies/signed/body.ts';
import { PUSH_RECORD_BYTES } from '../../../policies/signed/record.ts';
import { eventually } from '../../lab/process.ts';
import { NOW_S, sign, signerOf } from '../policies/signed/documents.ts';

import {
  document,
  emergency,
  policyOf,
  Rig,
  SIGNER,
  settled,
  stopAll,
  WINDOW_MS,
} from './pushRig.ts';

afterEach(stopAll);

test('a policy is followed from when it is on flash, and stays once the session proved it', async () => {
  const rig = new Rig();
  await rig.take(document(2));
  expect(rig.heard()).toEqual(['notice policy_on_trial 2']);
  expect(rig.followed).toEqual(['v2 2 on trial']);
  expect([rig.push.policy.version, rig.push.onTrial, rig.push.confirmed.version]).toEqual([
    2, 2, 1,
  ]);
  // Of another one, or told late.
  rig.push.proven(3);
  expect(rig.heard()).toEqual([]);
  rig.push.proven(2);
  expect(rig.heard()).toEqual(['notice policy_confirmed 2']);
  expect([rig.confirmed, rig.push.onTrial, rig.push.confirmed]).toEqual([
    2,
    null,
    { version: 2, isPushed: true },
  ]);
  const next = rig.restarted();
  expect([next.push.policy.version, next.said, next.followed]).toEqual([2, [], []]);
});

test('of policies that come during a trial the newest gets its turn behind it, whatever became of the trial', async () => {
  for (const isProven of [true, false]) {
    const rig = new Rig();
    await rig.take(document(2));
    const target = { level: 'device', fleet: 'acme', name: 'kiosk-7' } as const;
    await rig.take(document(4, { target }), true);
    await rig.take(document(3), true);
    expect(rig.heard().slice(1, 2)).toEqual(['refusal push_busy 4 version 2 is on trial']);
    if (isProven) rig.push.proven(2);
    else rig.nowMs += WINDOW_MS;
    rig.push.look();
    expect([rig.push.onTrial, rig.push.policy.version]).toEqual([4, 4]);
    rig.push.proven(4);
    expect(rig.push.confirmed).toEqual({ version: 4, isPushed: true });
    expect(rig.heard().filter((line) => line.includes('push_busy'))).toEqual([]);
  }
});

test('the rest of a rollout is no news to its canary: the same policy for another target is counted, and not said', async () => {
  const rig = new Rig();
  await rig.take(document(2));
  rig.push.proven(2);
  rig.heard();
  const target = { level: 'device', fleet: 'acme', name: 'kiosk-7' } as const;
  await rig.take(document(2, { target }), true);
  expect([rig.heard(), rig.push.reported().counters]).toEqual([
    [],
    { policy_on_trial: 1, policy_confirmed: 1, document_replayed: 1 },
  ]);
  // Another one of the same version is refused, and said.
  const other = bodyOfTable({ version: 2, name: 'other' })!;
  await rig.take(document(2, { target, body: other }), true);
  expect(rig.heard()).toEqual(['refusal document_older 2 version 2, and 2 was in force']);
});

test('one that is not proven in its window is rolled back by itself', async () => {
  const rig = new Rig();
  await rig.take(document(2));
  rig.heard();
  rig.nowMs += WINDOW_MS - 1;
  rig.push.look();
  expect(rig.heard()).toEqual([]);
  rig.nowMs += 1;
  rig.push.look();
  expect(rig.heard()).toEqual(['alarm policy_rolled_back 2 confirm_window_over']);
  expect([rig.followed, rig.confirmed]).toEqual([['v2 2 on trial', 'v1 1'], 0]);
  // What proves it then comes too late.
  rig.push.proven(2);
  expect([rig.heard(), rig.push.policy.version]).toEqual([[], 1]);
});

test('it looks by itself when a deadline is there', async () => {
  const rig = new Rig();
  await rig.take(document(2));
  rig.nowMs += WINDOW_MS - 5;
  rig.push.look();
  rig.heard();
  rig.nowMs += 5;
  await eventually('rolled back', () => rig.said.length > 0, 5_000);
  expect(rig.heard()).toEqual(['alarm policy_rolled_back 2 confirm_window_over']);
});

test('cut in the middle of a trial, the device starts with what was confirmed, and the version is used up', async () => {
  const rig = new Rig();
  await rig.take(document(2));
  rig.push.proven(2);
  await rig.take(document(3));
  expect(rig.push.policy.version).toBe(3);
  const next = rig.restarted();
  expect(next.heard()).toEqual(['alarm policy_rolled_back 3 restarted']);
  expect([next.push.policy.version, next.push.onTrial]).toEqual([2, null]);
  await next.take(document(3));
  expect(next.heard()).toEqual(['refusal document_replayed 3 version 3, and 3 was taken']);
  expect(next.restarted().heard()).toEqual([]);
});

test('with both slots lost the configuration counts, and no version that was in force is taken again', async () => {
  const rig = new Rig();
  await rig.take(document(5));
  rig.push.proven(5);
  expect(rig.push.isLost).toBe(false);
  for (const slot of [0, 1] as const) rig.flash.writeSlot(slot, new Uint8Array(PUSH_RECORD_BYTES));
  rig.push.stop();
  const next = new Rig(rig.flash, async () => COSE, 5);
  expect([next.push.isLost, next.heard()]).toEqual([true, ['alarm push_state_lost']]);
  await next.take(document(5));
  expect(next.heard()).toEqual(['refusal document_older 5 version 5, and 5 was in force']);
  await next.take(document(6));
  next.push.proven(6);
  expect(next.heard()).toEqual(['notice policy_on_trial 6', 'notice policy_confirmed 6']);
  const last = new Rig(rig.flash, async () => COSE, 5);
  expect([last.push.isLost, last.push.policy.version]).toEqual([false, 6]);
});

test('what cannot be written is not followed', async () => {
  const rig = new Rig();
  rig.flash.failNext = halFail('storageFailed', 'write: ENOSPC');
  await rig.take(document(2));
  expect([rig.heard(), rig.followed]).toEqual([['alarm push_not_durable 2'], []]);
  await rig.take(document(2));
  expect(rig.followed).toEqual(['v2 2 on trial']);
});

test('what cannot be followed is rolled back', async () => {
  const rig = new Rig();
  rig.isFollowing = false;
  await rig.take(document(2));
  expect(rig.heard()).toEqual([
    'notice policy_on_trial 2',
    'alarm policy_rolled_back 2 not_applied',
  ]);
  expect(rig.push.policy.version).toBe(1);
});

test('a stranger, a forger, another device, an older version and a command change nothing on flash', async () => {
  const rig = new Rig();
  await rig.take(document(5));
  rig.push.proven(5);
  rig.heard();
  const { writtenBytes } = rig.flash;
  const forged = document(6);
  forged[forged.length - 1]! ^= 1;
  const cases = [
    [sign(signerOf(2), { version: 6 }), 'alarm signer_unknown'],
    [forged, 'alarm signature_invalid'],
    [
      document(6, { target: { level: 'device', fleet: 'acme', name: 'kiosk-8' } }),
      'refusal wrong_target 6',
    ],
    [
      document(4, { target: { level: 'group', fleet: 'acme', name: 'south' } }),
      'refusal document_older 4',
    ],
    [document(5, { notBeforeS: NOW_S - 1 }), 'refusal document_replayed 5'],
    [Uint8Array.of(1, 2, 3), 'refusal document_malformed'],
    [
      document(6, { body: bodyOfTable({ version: 6, name: 'v6', nonsense: 1 })! }),
      'refusal document_invalid 6',
    ],
    [
      sign(SIGNER, {
        ...{ kind: 'command', version: 1, expiresS: NOW_S + 60 },
        body: commandBody({ name: 'terminate_session', link: null }, new Uint8Array(16)),
      }),
      'refusal wrong_topic 1',
    ],
  ] as const;
  for (const [bytes, said] of cases) {
    rig.nowMs += 60_000;
    await rig.take(bytes, true);
    expect(rig.heard()).toEqual([expect.stringMatching(new RegExp(`^${said}`))]);
  }
  // Cleared; and what the device follows already, as each connection brings it.
  await rig.take(new Uint8Array(0), true);
  await rig.take(document(5), true);
  expect([rig.heard(), rig.flash.writtenBytes, rig.push.policy.version]).toEqual([
    [],
    writtenBytes,
    5,
  ]);
});

test('a flood is counted, said once a minute, and waits in no queue', async () => {
  const rig = new Rig();
  const [nonsense, forged] = [Uint8Array.of(1), document(2)];
  forged[forged.length - 1]! ^= 1;
  for (let count = 0; count < 32; count++) rig.push.arrived(forged, false);
  await settled();
  for (let count = 0; count < 4; count++) await rig.take(forged);
  // What nobody has signed waits for nobody.
  for (let count = 0; count < 20; count++) rig.push.arrived(nonsense, false);
  expect(rig.push.reported().counters).toEqual({
    ...{ push_busy: 12, signature_invalid: 24, document_malformed: 20 },
  });
  expect(rig.heard().map((line) => line.split(' ')[1])).toEqual([
    ...['push_busy', 'signature_invalid', 'document_malformed'],
  ]);
  rig.nowMs += 60_000;
  await rig.take(forged);
  expect(rig.heard()).toEqual([expect.stringMatching(/^alarm signature_invalid .* 23$/)]);
});

test('the library that judges signatures is loaded for what a trusted key may have signed, and is new', async () => {
  const first = new Rig();
  await first.take(document(2));
  first.push.proven(2);
  first.push.stop();
  let loaded = 0;
  const rig = new Rig(first.flash, async () => {
    loaded += 1;
    return COSE;
  });
  await rig.take(document(2), true);
  await rig.take(Uint8Array.of(1, 2, 3));
  await rig.take(new Uint8Array(9_000));
  await rig.take(sign(signerOf(2), { version: 3 }));
  expect(rig.push.reported().counters).toEqual({
    ...{ document_replayed: 1, document_malformed: 1, document_too_large: 1, signer_unknown: 1 },
  });
  expect(loaded).toBe(0);
  await rig.take(document(3));
  expect([loaded, rig.push.onTrial]).toEqual([1, 3]);
});

test('a newer file on the device itself is followed and reported', async () => {
  const rig = new Rig();
  expect(rig.push.configured(policyOf(3))).toBe(true);
  expect([rig.followed, rig.reports, rig.push.reported()]).toMatchObject([
    ...[['v3 3'], 1, { policy: { version: 3 }, confirmed: 3 }],
  ]);
  await rig.take(document(4));
  expect(rig.push.configured(policyOf(5))).toBe(true);
  expect(rig.heard()).toEqual([
    ...['notice policy_on_trial 4', 'alarm policy_rolled_back 4 reconfigured'],
  ]);
  expect(rig.push.reported()).toMatchObject({ policy: { version: 5 }, on_trial: null });
});

test('nobody is woken each minute for an emergency that lasts for days, and for a trial somebody is', async () => {
  const timers = spyOn(globalThis, 'setTimeout');
  const waitMs = () => timers.mock.calls.at(-1)?.[1];
  try {
    const rig = new Rig();
    await rig.take(emergency(1, { switching: { max_switches_per_minute: 3 } }));
    rig.push.look();
    expect(waitMs()).toBe(900_000);
    await rig.take(document(2));
    rig.push.look();
    expect(waitMs()).toBe(60_000);
  } finally {
    timers.mockRestore();
  }
});

test('an emergency tightens what is followed, outlives a restart, and is withdrawn by an empty one', async () => {
  const rig = new Rig();
  await rig.take(emergency(1, { switching: { max_switches_per_minute: 3 } }));
  expect(rig.heard()).toEqual(['notice emergency_began 1']);
  expect(rig.push.policy.switching.maxSwitchesPerMinute).toBe(3);
  const next = rig.restarted();
  expect(next.push.policy.switching.maxSwitchesPerMinute).toBe(3);
  await next.take(emergency(2, {}));
  expect(next.heard()).toEqual(['notice emergency_ended 2 withdrawn']);
  expect(next.push.policy.switching.maxSwitchesPerMinute).toBe(8);
});

test('a library that cannot be loaded now refuses one document: an emergency ends all the same, and the next one is taken', async () => {
  let isThere = true;
  const load = async () => {
    if (isThere) return COSE;
    throw new Error('EMFILE');
  };
  const rig = new Rig(new MemoryFlash(PUSH_RECORD_BYTES), load);
  await rig.take(emergency(1, { switching: { max_switches_per_minute: 3 } }));
  isThere = false;
  rig.heard();
  await rig.take(document(2));
  expect(rig.heard()).toEqual(['refusal push_busy its signature cannot be judged: EMFILE']);
  rig.nowMs += 2 * 86_400_000;
  rig.push.look();
  expect(rig.heard()).toEqual(['notice emergency_ended 1']);
  expect(rig.push.policy.switching.maxSwitchesPerMinute).toBe(8);
  isThere = true;
  await rig.take(document(2, { expiresS: NOW_S + 3 * 86_400 }));
  expect([rig.heard(), rig.faults]).toEqual([['notice policy_on_trial 2'], []]);
});

test('a fault in here stops documents, and a start has to come where what is followed would end', async () => {
  const fault = 'documents are not taken any more: slot [2J';
  const broken = (rig: Rig) => {
    rig.flash.writeSlot = () => {
      throw new Error('slot\n\u001b[2J');
    };
  };
  const calm = new Rig();
  broken(calm);
  await calm.take(document(2));
  expect([calm.faults, calm.followed]).toEqual([[fault], []]);

  const tightened = new Rig();
  await tightened.take(emergency(1, { switching: { max_switches_per_minute: 3 } }));
  broken(tightened);
  await tightened.take(document(2));
  expect(tightened.faults).toEqual([`${fault}, a start has to come`]);

  // Of a policy that is rolled back nothing is on trial any more, and it is followed all the same.
  const back = new Rig();
  await back.take(document(2));
  back.isBroken = true;
  back.nowMs += WINDOW_MS;
  back.push.look();
  expect([back.faults, back.push.onTrial]).toEqual([
    ['documents are not taken any more: follow, a start has to come'],
    null,
  ]);

  const midway = new Rig();
  await midway.take(document(2));
  broken(midway);
  midway.push.proven(2);
  expect(midway.faults).toEqual([`${fault}, a start has to come`]);
  await midway.take(document(3));
  expect(midway.followed).toEqual(['v2 2 on trial']);
});

test('what is reported says which policy is followed, which is on trial, what came of the newest that was taken, and what was refused', async () => {
  const rig = new Rig();
  await rig.take(document(2));
  expect(rig.push.reported()).toEqual({
    ...{ v: 1, ts_ms: NOW_S * 1_000, policy: { name: 'v2', version: 2 } },
    ...{
      confirmed: 1,
      on_trial: 2,
      needs_restart: [],
      emergency: null,
      emergency_expires_s: null,
      groups: ['south'],
      counters: { policy_on_trial: 1 },
    },
    last_step: { code: 'policy_on_trial', ts_ms: NOW_S * 1_000, version: 2 },
    last_refusal: null,
  });
  expect(rig.reports).toBe(1);
  const next = rig.restarted();
  // A stranger says something: what is said of the roll-back stays.
  await next.take(Uint8Array.of(1));
  expect(next.push.reported()).toMatchObject({
    last_step: { code: 'policy_rolled_back', version: 2, why: 'restarted' },
    last_refusal: { code: 'document_malformed' },
  });
});

test('what a confirmed policy says of values that hold from the next start on waits, and that is reported', async () => {
  const rig = new Rig();
  const table = { version: 2, name: 'v2', resend: { buffer_bytes: 65_536 } };
  await rig.take(document(2, { body: bodyOfTable(table)! }));
  rig.push.proven(2);
  expect(rig.push.reported()).toMatchObject({
    ...{ confirmed: 2, needs_restart: ['resend.buffer_bytes'] },
  });
  expect(rig.restarted().push.reported()).toMatchObject({ confirmed: 2, needs_restart: [] });
});
