/** Goal: the emergency of a policy tightens it until its time, ends by itself, and follows a clock that is set meanwhile. */
import { expect, test } from 'bun:test';
import { EmergencyTable } from '../../../hal/emergencyTable.ts';
import { loadPolicy } from '../../../policies/load.ts';

const ENDS = '2026-11-30T12:00:00Z';
const ENDS_MS = Date.UTC(2026, 10, 30, 12);
const MINUTE_MS = 60_000;

function policyOf(version: number, overrides: object | null) {
  const emergency = overrides === null ? {} : { emergency: { expires_at: ENDS, overrides } };
  const loaded = loadPolicy({ version, name: `v${version}`, ...emergency });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.policy;
}

const PLAIN = policyOf(1, null);
const TIGHT = policyOf(2, { switching: { max_switches_per_minute: 3 } });

/** One policy that is followed all the time, at a time of the test's own. */
class Rig {
  readonly noted: unknown[] = [];
  wallMs = ENDS_MS - 60 * MINUTE_MS;
  policy = TIGHT;
  followed: number | null = null;
  #due: { run: () => void; atMs: number } | null = null;
  readonly table: EmergencyTable = new EmergencyTable({
    wallMs: () => this.wallMs,
    note: (...said) => this.noted.push(said),
    onChange: () => this.follow(),
    setTimer: (run, inMs) => {
      const due = { run, atMs: this.wallMs + inMs };
      this.#due = due;
      return {
        clear: () => {
          if (this.#due === due) this.#due = null;
        },
      };
    },
  });

  follow(policy = this.policy): void {
    this.policy = policy;
    this.followed = this.table.follow(policy).switching.maxSwitchesPerMinute;
  }

  get waitsMs(): number | null {
    return this.#due === null ? null : this.#due.atMs - this.wallMs;
  }

  /** The timer that is armed runs, at its time; the clock may have been set by `setByMs` meanwhile. */
  look(setByMs = 0): void {
    const due = this.#due;
    if (due === null) throw new Error('nothing is due');
    this.wallMs = due.atMs + setByMs;
    this.#due = null;
    due.run();
  }
}

const BEGAN = ['emergency_began', { version: 2, expires_at: ENDS }];
const ENDED = ['emergency_ended', { version: 2, expires_at: ENDS }];

test('it tightens until its time, to the millisecond, and is said once', () => {
  const rig = new Rig();
  rig.follow();
  expect([rig.followed, rig.table.until]).toEqual([3, ENDS]);
  for (let quarter = 1; quarter <= 4; quarter++) {
    expect([rig.followed, rig.waitsMs]).toEqual([3, 15 * MINUTE_MS]);
    rig.look();
  }
  expect([rig.wallMs, rig.followed, rig.table.until]).toEqual([
    ...[ENDS_MS, PLAIN.switching.maxSwitchesPerMinute, null],
  ]);
  expect(rig.noted).toEqual([BEGAN, ENDED]);
});

test('◆ a clock that was ahead for a moment ends nothing for good; one that is set forward does', () => {
  const rig = new Rig();
  rig.wallMs = ENDS_MS + MINUTE_MS;
  rig.follow();
  expect([rig.followed, rig.noted]).toEqual([PLAIN.switching.maxSwitchesPerMinute, []]);
  rig.look(-60 * MINUTE_MS);
  expect([rig.followed, rig.noted]).toEqual([3, [BEGAN]]);
  rig.look(120 * MINUTE_MS);
  expect([rig.followed, rig.noted]).toEqual([PLAIN.switching.maxSwitchesPerMinute, [BEGAN, ENDED]]);
});

test('another policy in its place ends it, and nobody is woken for a policy without one', () => {
  const rig = new Rig();
  rig.follow();
  rig.follow(PLAIN);
  expect([rig.followed, rig.table.until, rig.waitsMs]).toEqual([
    ...[PLAIN.switching.maxSwitchesPerMinute, null, null],
  ]);
  expect(rig.noted).toEqual([BEGAN, ENDED]);
});

test('the emergency of another policy in its place is another one, though it ends at the same time', () => {
  const rig = new Rig();
  rig.follow();
  rig.follow(policyOf(3, { switching: { max_switches_per_minute: 4 } }));
  const third = { version: 3, expires_at: ENDS };
  expect([rig.followed, rig.noted]).toEqual([4, [BEGAN, ENDED, ['emergency_began', third]]]);
  rig.look(60 * MINUTE_MS);
  expect(rig.noted.slice(3)).toEqual([['emergency_ended', third]]);
});

test('a change that could not be followed is told again', () => {
  const rig = new Rig();
  rig.follow();
  let told = 0;
  rig.follow = () => told++;
  rig.look(60 * MINUTE_MS);
  expect([told, rig.waitsMs]).toEqual([1, 15 * MINUTE_MS]);
  rig.look();
  expect(told).toBe(2);
});
