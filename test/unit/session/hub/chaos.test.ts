/**
 * Goal: whatever arrives in whatever order, no seat breaks an invariant, spins, or goes back in the store.
 *
 * Method: seeded runs of three processes with one identity (the original, a copy, a restart), random
 * frames, addresses, silences, store outcomes and restarts. The seat's own checks run in every step;
 * the store is watched from outside. Then everything heals, and one process has to get back in.
 */
import { describe, expect, test } from 'bun:test';
import type { SessionRecord } from '../../../../session/hub/record.ts';
import { rehearse } from '../../../../session/hub/rehearse.ts';
import { newRandom } from '../../../lab/random.ts';
import { Process } from './process.ts';
import { Rig, type SendEffect } from './rig.ts';

const SEEDS = process.env['SLICE'] === '1' ? 40 : 150;
const ACTIONS = 120;

function watch(before: SessionRecord | null, record: SessionRecord): void {
  if (before === null) return;
  expect(record.revision).toBe(before.revision + 1);
  expect(record.stateVersion).toBeGreaterThanOrEqual(before.stateVersion);
  expect(record.ownerEpoch).toBeGreaterThanOrEqual(before.ownerEpoch);
  if (record.claim.nonce !== before.claim.nonce) {
    expect(record.stateVersion).toBeGreaterThan(before.stateVersion);
  }
  if (record.sessionId !== before.sessionId) {
    expect(record.previousSessionId).toBe(before.sessionId);
  }
}

function chaos(seed: number): Rig {
  const random = newRandom(seed, 'seat');
  const below = (limit: number) => Math.floor(random() * limit);
  const rig = new Rig();
  rig.onWrite = watch;
  const original = new Process(rig).open(1);
  const processes = [original, original.copy('1'), original.copy('2')];
  for (const process of processes.slice(1)) process.shake(1 + below(3));

  let asked: SendEffect[] = [];
  const act = () => {
    const process = processes[below(3)]!;
    const transportId = 1 + below(3);
    const source = random() < 0.1 ? `192.0.2.9:${below(5)}` : undefined;
    if (random() < 0.3) process.version = Math.max(process.version, rig.record?.stateVersion ?? 0);
    switch (below(16)) {
      case 0:
        return process.shake(transportId, random() < 0.7);
      case 1:
      case 2:
        return process.send(process.attachFrame(process.claim(transportId)), transportId);
      case 3:
      case 4:
      case 5:
        return process.move(transportId, { purpose: random() < 0.5 ? 'planned' : 'recovery' });
      case 6:
        return process.data(transportId, source, random() < 0.9);
      case 7: {
        // A rebind, or a redirection: one of the addresses answers at once.
        process.data(transportId, `192.0.2.8:${below(3)}`);
        const challenges = rig.sent('challenge');
        const challenge = challenges[below(challenges.length)];
        return challenge === undefined ? [] : process.respond(challenge, true);
      }
      case 8:
        return process.probe(transportId);
      case 9:
        return process.rotate(transportId);
      case 10:
        return process.duplicate(transportId, source ?? '192.0.2.1:4001');
      case 11: {
        const challenge = asked[below(asked.length)];
        return challenge === undefined ? [] : process.respond(challenge, random() < 0.5);
      }
      case 12:
        rig.store = random() < 0.7 ? 'answer' : 'hold';
        return [];
      case 13: {
        const [swap] = rig.held;
        if (swap === undefined) return [];
        const isUnknown = random() < 0.5;
        if (isUnknown && random() < 0.5) rig.write(swap);
        return rig.release(isUnknown ? 'unknown' : 'answer');
      }
      case 14:
        if (random() < 0.2) return rig.restart(below(2_000));
        if (random() < 0.1) return rig.feed({ kind: 'lease', isValid: random() < 0.5 });
        return rig.feed({ kind: 'channelGone', channelId: process.channelId });
      default:
        return rig.run(below(random() < 0.02 ? 60_000 : 3_000));
    }
  };
  for (let i = 0; i < ACTIONS; i++) {
    act();
    // In no state does it break anything.
    rehearse(rig.seat, rig.config);
    asked = [...asked, ...rig.sent('challenge')].slice(-4);
    for (const process of processes) process.keep();
  }
  return rig;
}

function heal(rig: Rig): void {
  rig.store = 'answer';
  while (rig.held.length > 0) rig.release();
  rig.feed({ kind: 'lease', isValid: true });
  rig.run(6_000);
  if (rig.record?.terminated === null) {
    rig.feed({ kind: 'operatorTerminate', reasonCode: 'operator_terminated' });
  }
  const version = rig.record?.stateVersion ?? 0;
  const device = new Process(rig, { version, sessionId: 'cd'.repeat(16) }, '9');
  device.open(2);
  expect(rig.record).toMatchObject({ sessionId: device.sessionId, terminated: null });
  expect(rig.route?.transportId).toBe(2);
}

/** The reason codes of a run. */
const codesOf = (rig: Rig) => new Set<string>(rig.events.map(({ reasonCode }) => reasonCode));

describe('chaos', () => {
  /** Of the runs that there were, before they healed: no run is needed twice for what it reached. */
  const reached = new Map<number, ReadonlySet<string>>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    test(`seed ${seed}`, () => {
      const rig = chaos(seed);
      reached.set(seed, codesOf(rig));
      heal(rig);
    });
  }

  test('it reaches what it is meant to reach', () => {
    const codes = new Set<string>();
    for (let seed = 1; seed <= SEEDS; seed++) {
      for (const code of reached.get(seed) ?? codesOf(chaos(seed))) codes.add(code);
    }
    for (const code of [
      'identity_conflict',
      'stale_state_version',
      'cooldown_active',
      'store_unavailable',
      'hub_silence',
      'device_heard_again',
      'hub_restarted',
      'nat_rebind',
      'redirect_refused',
      'channel_rotated',
      'switch_committed',
      'session_resumed',
      'recovery_window_exceeded',
    ]) {
      expect([code, codes.has(code)]).toEqual([code, true]);
    }
  });
});
