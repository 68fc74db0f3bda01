/**
 * Goal: each step of a document through a device, what is asked of the shell at it, and what happens where a step fails.
 *
 * Method: events by hand; effects are written as short lines, so that a test reads as the story of a device. What power cuts do
 * is in torture.test.ts.
 */
import { describe, expect, test } from 'bun:test';
import { loadPolicy } from '../../../../policies/load.ts';
import type { Policy } from '../../../../policies/schema.ts';
import type { Clock } from '../../../../policies/signed/admit.ts';
import { keyIdOf, keyIdText } from '../../../../policies/signed/anchors.ts';
import { bodyOfTable, commandBody, rotationBody } from '../../../../policies/signed/body.ts';
import type { SignedDocument } from '../../../../policies/signed/open.ts';
import { NOTHING_PUSHED, type PushRecord } from '../../../../policies/signed/record.ts';
import {
  nextPushDeadline,
  openPush,
  policyInForce,
  stepPush,
} from '../../../../policies/signed/staging.ts';
import type { PushEffect, PushEvent, PushState } from '../../../../policies/signed/state.ts';
import type { PushRecovery } from '../../../../policies/signed/store.ts';
import { IDENTITY, NOW, NOW_S, signerOf, UNKNOWN, unproven } from './documents.ts';

const WINDOW_MS = 120_000;

function policyOf(document: unknown): Policy {
  const loaded = loadPolicy(document);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.policy;
}

/** An event without its time. */
type Timeless<Event> = Event extends unknown ? Omit<Event, 'atMs'> : never;
type Told = Timeless<PushEvent>;

interface Options {
  readonly record?: PushRecord;
  readonly recovery?: PushRecovery;
  readonly clock?: Clock;
  readonly policyVersionMin?: number;
}

/** A device whose shell does as it is told, unless it is made to fail. */
class Device {
  readonly lines: string[] = [];
  canWrite = true;
  canApply = true;
  atMs = 0;
  clock: Clock;
  state: PushState;

  constructor({ record, recovery, clock, policyVersionMin }: Options = {}) {
    this.clock = clock ?? NOW;
    const configured = policyOf({ version: 1, name: 'configured' });
    const setup = { identity: IDENTITY, configured, policyVersionMin: policyVersionMin ?? 1 };
    const { state, effects } = openPush(
      setup,
      { record: record ?? NOTHING_PUSHED, recovery: recovery ?? 'intact' },
      { atMs: 0, clock: this.clock },
    );
    this.state = state;
    this.#perform(effects);
  }

  /** What was asked since the last look. */
  get asked(): string[] {
    return this.lines.splice(0);
  }

  forget(): void {
    this.lines.length = 0;
  }

  get followed(): string {
    const { name, version } = policyInForce(this.state);
    return `${name} ${version}`;
  }

  tell(event: Told): void {
    const { state, effects } = stepPush(this.state, { ...event, atMs: this.atMs } as PushEvent);
    this.state = state;
    this.#perform(effects);
  }

  take(document: SignedDocument, isRetained = false): void {
    this.tell({ kind: 'arrived', clock: this.clock, isRetained, document });
  }

  after(ms: number): void {
    this.atMs += ms;
    const { wallMs, isKnown } = this.clock;
    this.clock = { wallMs: wallMs + ms, isKnown };
    this.tell({ kind: 'tick', clock: this.clock });
  }

  #perform(effects: readonly PushEffect[]): void {
    for (const effect of effects) {
      this.lines.push(lineOf(effect));
      if (effect.kind === 'write') {
        this.tell({ kind: 'written', clock: this.clock, isDurable: this.canWrite });
      } else if (effect.kind === 'apply') {
        const { version } = effect.policy;
        this.tell({ kind: 'applied', version, isApplied: this.canApply });
      }
    }
  }
}

function lineOf(effect: PushEffect): string {
  switch (effect.kind) {
    case 'write': {
      const { confirmed, pending, emergency } = effect.record;
      const held = Object.entries({ confirmed, pending, emergency });
      const names = held.filter(([, document]) => document !== null).map(([name]) => name);
      return `write ${names.join(' ') || 'nothing'}`;
    }
    case 'apply':
      return `apply ${effect.policy.name} ${effect.policy.version}`;
    case 'report': {
      const { why, version } = effect.detail;
      return [effect.code, version, effect.code === 'policy_rolled_back' ? why : '']
        .filter((part) => part !== undefined && part !== '')
        .join(' ');
    }
    case 'run':
      return `run ${effect.command.name}`;
    case 'answer':
      return `answer ${effect.outcome}`;
  }
}

const pushed = (version: number, table: Readonly<Record<string, unknown>> = {}) =>
  unproven({ version, body: bodyOfTable({ version, name: 'pushed', ...table })! });

const emergency = (version: number, tables: Readonly<Record<string, unknown>>) =>
  unproven({ kind: 'emergency', version, body: bodyOfTable(tables)!, expiresS: NOW_S + 3_600 });

const CALM = { switching: { max_switches_per_minute: 4 } };

describe('a policy', () => {
  test('is on flash before it is followed, and confirmed when it is ATTACHED', () => {
    const device = new Device();
    device.take(pushed(2));
    expect(device.asked).toEqual(['write pending', 'policy_on_trial 2', 'apply pushed 2']);
    device.tell({ kind: 'attached' });
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
    device.tell({ kind: 'attached' });
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

  test('of which ATTACHED is told before it was applied is not confirmed', () => {
    const device = new Device();
    const document = pushed(2);
    const arrived = { kind: 'arrived', atMs: 0, clock: NOW, isRetained: false, document } as const;
    const { state } = stepPush(device.state, arrived);
    const written = stepPush(state, { kind: 'written', atMs: 0, clock: NOW, isDurable: true });
    const attached = stepPush(written.state, { kind: 'attached', atMs: 0 });
    expect(attached).toEqual({ state: written.state, effects: [] });
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
      device.tell({ kind: 'attached' });
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
    device.tell({ kind: 'attached' });
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

  test('is above every one that was in force, whatever its target', () => {
    const device = new Device({ policyVersionMin: 5 });
    const other = { target: { level: 'device', name: 'kiosk-7' } } as const;
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
    device.tell({ kind: 'attached' });
    expect(device.followed).toBe('pushed 10');
  });

  test('that is older than what was confirmed changes nothing', () => {
    const device = new Device({ record: { ...NOTHING_PUSHED, confirmed: pushed(2).bytes } });
    const older = policyOf({ version: 1, name: 'older' });
    device.tell({ kind: 'configured', policy: older });
    expect(device.followed).toBe('pushed 2');
  });
});

describe('an emergency', () => {
  const switches = (device: Device) => policyInForce(device.state).switching.maxSwitchesPerMinute;

  test('tightens until it ends by itself', () => {
    const device = new Device();
    device.take(emergency(1, CALM));
    const begun = ['write emergency', 'emergency_began 1', 'apply configured 1'];
    expect([device.asked, switches(device)]).toEqual([begun, 4]);
    expect(nextPushDeadline(device.state)).toBe(3_600_000);
    device.after(3_599_999);
    expect([device.asked, switches(device)]).toEqual([[], 4]);
    device.after(1);
    const ended = ['emergency_ended 1', 'apply configured 1', 'write nothing'];
    expect([device.asked, switches(device)]).toEqual([ended, 8]);
  });

  test('never loosens: of each field the tighter value holds', () => {
    const device = new Device();
    device.take(emergency(1, { switching: { max_switches_per_minute: 60, cooldown_ms: 5_000 } }));
    const { maxSwitchesPerMinute, cooldownMs } = policyInForce(device.state).switching;
    expect([maxSwitchesPerMinute, cooldownMs]).toEqual([8, 5_000]);
  });

  test('holds over a restart until its end', () => {
    const held = { ...NOTHING_PUSHED, emergency: emergency(1, CALM).bytes };
    expect(switches(new Device({ record: held }))).toBe(4);
    const later = { wallMs: NOW.wallMs + 3_600_000, isKnown: true };
    const device = new Device({ record: held, clock: later });
    expect([device.asked, switches(device)]).toEqual([['emergency_ended 1', 'write nothing'], 8]);
  });

  test('without a clock lasts as long as it may, and less once the clock is known', () => {
    const device = new Device({ clock: UNKNOWN });
    device.take(emergency(1, CALM));
    expect(nextPushDeadline(device.state)).toBe(3_900_000); // from not before to expires
    device.clock = { wallMs: (NOW_S + 3_590) * 1_000, isKnown: true };
    device.after(0);
    expect(nextPushDeadline(device.state)).toBe(10_000);
    device.clock = NOW; // set back
    device.after(10_000);
    expect(switches(device)).toBe(8);
  });

  test('holds over a policy on trial and over the one that is gone back to', () => {
    const device = new Device();
    device.take(pushed(2, { switching: { max_switches_per_minute: 12 } }));
    device.take(emergency(1, CALM));
    expect([device.followed, switches(device)]).toEqual(['pushed 2', 4]);
    device.after(WINDOW_MS);
    expect([device.followed, switches(device)]).toEqual(['configured 1', 4]);
  });

  test('another one takes its place, one without values ends it', () => {
    const device = new Device();
    device.take(emergency(1, CALM));
    device.take(emergency(2, { switching: { max_switches_per_minute: 6 } }));
    expect(switches(device)).toBe(6);
    device.forget();
    device.take(emergency(3, {}));
    expect([device.asked[1], switches(device)]).toEqual(['emergency_ended 3', 8]);
    device.take(emergency(2, CALM));
    expect(device.asked).toEqual(['document_replayed 2']);
  });

  test('that would break a rule, or names what no emergency may touch, is refused', () => {
    const device = new Device();
    device.take(emergency(1, { session: { transport_ttl_ms: 10_000 } })); // below recovery_window_ms
    device.take(emergency(1, { liveness: { dead_after_missed: 20 } }));
    device.take(emergency(1, { session: { ttl_ms: 1 } }));
    expect(device.asked).toEqual(Array(3).fill('document_invalid 1'));
  });

  test('keeps out a policy that would break a rule together with it', () => {
    const device = new Device();
    device.take(emergency(1, { session: { recovery_window_ms: 5_000, transport_ttl_ms: 5_000 } }));
    device.forget();
    device.take(pushed(2, { session: { recovery_window_ms: 4_000, transport_ttl_ms: 4_500 } }));
    expect(device.asked[0]).toBe('write pending emergency'); // tighter by itself
    device.tell({ kind: 'attached' });
    device.forget();
    device.take(emergency(2, { admission: { reattach_per_session_per_minute: 8 } }));
    device.take(pushed(3, { switching: { max_switches_per_minute: 12 } }));
    expect(device.asked.at(-1)).toBe('document_invalid 3');
  });
});

describe('a command', () => {
  const ID = new Uint8Array(16).fill(7);
  const command = (version: number, id = ID) =>
    unproven({
      kind: 'command',
      version,
      expiresS: NOW_S + 600,
      body: commandBody({ name: 'refresh_health', link: null }, id),
    });

  test('is written down, then carried out, then answered; the same again is only answered', () => {
    const device = new Device();
    device.take(command(1));
    expect(device.asked).toEqual(['write nothing', 'command_taken', 'run refresh_health']);
    device.take(command(1)); // still under way
    expect(device.asked).toEqual([]);
    device.tell({ kind: 'answered', id: '07'.repeat(16), outcome: 'done' });
    device.take(command(1));
    expect(device.asked).toEqual(['answer done', 'answer done']);
  });

  test('is not carried out again after a restart', () => {
    const device = new Device();
    device.take(command(1));
    const restarted = new Device({ record: device.state.record });
    restarted.take(command(1));
    expect(restarted.asked).toEqual(['document_replayed 1']);
  });

  test('is not carried out where it cannot be written down, and may come again', () => {
    const device = new Device();
    device.canWrite = false;
    device.take(command(1));
    expect(device.asked).toEqual(['write nothing', 'push_not_durable 1']);
    device.canWrite = true;
    device.take(command(1));
    expect(device.asked).toContain('run refresh_health');
  });

  test('is never retained, and waits for a clock', () => {
    const device = new Device();
    device.take(command(1), true);
    expect(device.asked).toEqual(['command_retained 1']);
    const timeless = new Device({ clock: UNKNOWN });
    timeless.take(command(1));
    expect(timeless.asked).toEqual(['clock_unknown 1']);
  });

  test('more than are remembered: the oldest is refused by its version', () => {
    const device = new Device();
    for (let version = 1; version <= 17; version++) {
      device.take(command(version, new Uint8Array(16).fill(version)));
    }
    device.forget();
    device.take(command(1, new Uint8Array(16).fill(1)));
    expect(device.asked).toEqual(['document_replayed 1']);
  });
});

describe('a rotation', () => {
  const [OLD, NEW] = [signerOf(1), signerOf(2)];
  const rotation = unproven(
    { kind: 'rotation', version: 1, body: rotationBody(NEW.publicKey) },
    keyIdOf(OLD.publicKey),
  );
  const by = (signer: typeof OLD, version: number) =>
    unproven(
      { version, body: bodyOfTable({ version, name: 'pushed' })! },
      keyIdOf(signer.publicKey),
    );

  test('leaves the older key until the successor has shown itself', () => {
    const device = new Device();
    device.take(rotation);
    expect(device.asked).toEqual(['write nothing', 'signer_rotated 1']);
    device.take(by(OLD, 2));
    device.tell({ kind: 'attached' });
    expect(device.followed).toBe('pushed 2');
    device.forget();
    device.take(by(NEW, 3));
    expect(device.asked).toContain('signer_rotated');
    device.tell({ kind: 'attached' });
    expect(device.state.record.rotated.retired).toEqual([keyIdText(OLD.publicKey)]);
    device.forget();
    device.take(by(OLD, 4));
    expect(device.asked).toEqual(['signer_unknown 4']);
  });

  test('waits for a clock', () => {
    const device = new Device({ clock: UNKNOWN });
    device.take(rotation);
    expect(device.asked).toEqual(['clock_unknown 1']);
  });
});

test('after a step of any event nothing is left to do that has no time', () => {
  const device = new Device();
  device.canWrite = false;
  device.take(pushed(2));
  device.forget();
  expect(nextPushDeadline(device.state)).toBe(10_000);
  device.after(10_000);
  expect([device.asked, nextPushDeadline(device.state)]).toEqual([[], null]);
});
