/**
 * Goal: a thousand pushes with a crash at every step, and none leaves a device without a valid confirmed policy, none brings a
 * version back that was taken, none confirms what did not prove itself.
 *
 * Method: a device lives on a disk that tears what is being written when the power goes: any subset of its sectors, cut after
 * any byte. Each push is cut at the next step in turn; each step is an effect begun or a slot half written. After each cut the
 * device starts on what the disk has, and every document that it ever took is shown to it again. Devices with a fault put in
 * are caught by the same check.
 */
import { describe, expect, test } from 'bun:test';
import { loadPolicy } from '../../../../policies/load.ts';
import { bodyOfTable } from '../../../../policies/signed/body.ts';
import { reopenDocument, type SignedDocument } from '../../../../policies/signed/open.ts';
import { isRefused } from '../../../../policies/signed/refusal.ts';
import { openPush, policyInForce, stepPush } from '../../../../policies/signed/staging.ts';
import type { PushEvent, PushState, PushStep } from '../../../../policies/signed/state.ts';
import { PushStore } from '../../../../policies/signed/store.ts';
import { Random } from '../../../sim/random.ts';
import { Disk, PowerCut } from './disk.ts';
import { IDENTITY, NOW, unproven } from './documents.ts';

const PUSHES = 1_000;
/** More steps than a push has. */
const STEPS_MAX = 12;

const CONFIGURED = loadPolicy({ version: 1, name: 'configured' });
if (!CONFIGURED.ok) throw new Error('the configured policy is valid');
const SETUP = { identity: IDENTITY, configured: CONFIGURED.policy, policyVersionMin: 1 };

type Start = (disk: Disk) => PushStep;
type Step = (state: PushState, event: PushEvent) => PushStep;

/** What a device is made of, so that a test can put a fault in. */
interface Make {
  readonly start: Start;
  readonly step: Step;
}

const sound: Make = {
  start: (disk) => openPush(SETUP, new PushStore<{ ok: false }>(disk), { atMs: 0, clock: NOW }),
  step: stepPush,
};

class Device {
  readonly confirmations: number[] = [];
  readonly refusals: string[] = [];
  /** Version that the session follows. */
  followed: number;
  #state: PushState;
  readonly #disk: Disk;
  readonly #store: PushStore<{ ok: false }>;
  readonly #make: Make;
  #atMs = 0;

  constructor(make: Make, disk: Disk) {
    this.#make = make;
    this.#disk = disk;
    this.#store = new PushStore(disk);
    const { state, effects } = make.start(disk);
    this.#state = state;
    this.followed = policyInForce(state).version;
    this.#perform(effects);
  }

  get state(): PushState {
    return this.#state;
  }

  /** One push: it arrives, and the session is ATTACHED under it, or is not. */
  push(document: SignedDocument, attaches: boolean): void {
    this.#feed({ kind: 'arrived', atMs: this.#atMs, clock: NOW, isRetained: false, document });
    if (attaches) this.#feed({ kind: 'attached', atMs: this.#atMs });
    this.#atMs += 120_000;
    this.#feed({ kind: 'tick', atMs: this.#atMs, clock: NOW });
  }

  #feed(event: PushEvent): void {
    const { state, effects } = this.#make.step(this.#state, event);
    this.#state = state;
    this.#perform(effects);
  }

  #perform(effects: PushStep['effects']): void {
    for (const effect of effects) {
      if (effect.kind === 'write') {
        const isDurable = this.#store.save(effect.record).ok;
        this.#disk.step();
        this.#feed({ kind: 'written', atMs: this.#atMs, clock: NOW, isDurable });
      } else if (effect.kind === 'apply') {
        this.#disk.step();
        const { version } = effect.policy;
        this.followed = version;
        this.#feed({ kind: 'applied', atMs: this.#atMs, version, isApplied: true });
      } else if (effect.kind === 'report') {
        if (effect.code === 'policy_confirmed') {
          this.confirmations.push(Number(effect.detail['version']));
        } else this.refusals.push(effect.code);
      }
    }
  }
}

/** The version of the confirmed policy on this disk; 1 where it is the configuration's. */
function confirmedOn(disk: Disk): number | string {
  const { record, recovery } = new PushStore<{ ok: false }>(disk);
  if (recovery === 'bothSlotsLost') return 'both slots are lost';
  if (record.confirmed === null) return 1;
  const document = reopenDocument(record.confirmed);
  return isRefused(document) ? document.refused : document.version;
}

interface Outcome {
  readonly faults: readonly string[];
  readonly cuts: number;
  readonly confirmed: number;
  readonly rolledBack: number;
}

function torture(make: Make, seed: number, pushes: number): Outcome {
  const random = new Random(seed);
  const disk = new Disk(random);
  const shown: SignedDocument[] = [];
  /** Versions that a device said it confirmed; versions whose session never attached. */
  let lastConfirmed = 1;
  const failed = new Set<number>();
  let [cuts, confirmed, rolledBack] = [0, 0, 0];
  let device = new Device(make, disk);
  for (let round = 0; round < pushes; round++) {
    const version = round + 2;
    const attaches = random.chance(70);
    if (!attaches) failed.add(version);
    const body = bodyOfTable({ version, name: `push-${version}` })!;
    const document = unproven({ version, body });
    disk.fuse = round % STEPS_MAX;
    try {
      device.push(document, attaches);
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      cuts++;
    }
    disk.fuse = Number.POSITIVE_INFINITY;
    lastConfirmed = Math.max(lastConfirmed, ...device.confirmations);
    confirmed += device.confirmations.length;
    const wasTaken = new PushStore<{ ok: false }>(disk).record.floors.some(
      (floor) => floor.version === version,
    );
    if (wasTaken) shown.push(document);

    const held = confirmedOn(disk);
    const where = `push ${version}, cut at ${round % STEPS_MAX}`;
    const fault = (what: string): Outcome => ({
      faults: [`${where}: ${what}`],
      cuts,
      confirmed,
      rolledBack,
    });
    if (typeof held === 'string') return fault(held);
    if (held < lastConfirmed) return fault(`${held} is confirmed, ${lastConfirmed} was`);
    if (failed.has(held)) return fault(`${held} is confirmed and never proved itself`);

    device = new Device(make, disk);
    if (device.followed !== held) return fault(`follows ${device.followed} instead of ${held}`);
    if (device.refusals.includes('policy_rolled_back')) rolledBack++;
    lastConfirmed = held;
    for (const old of shown.slice(-3)) {
      device.push(old, true);
      if (device.confirmations.length > 0) return fault(`took ${old.version} again`);
      if (device.followed !== held) return fault(`follows ${old.version} again`);
    }
  }
  return { faults: [], cuts, confirmed, rolledBack };
}

describe('a sound device', () => {
  test('a thousand pushes, cut at every step', () => {
    const { faults, cuts, confirmed, rolledBack } = torture(sound, 1, PUSHES);
    expect(faults).toEqual([]);
    expect(cuts).toBeGreaterThan(PUSHES / 2);
    expect(confirmed).toBeGreaterThan(100);
    expect(rolledBack).toBeGreaterThan(100);
  }, 300_000);
});

describe('a device with a fault is caught', () => {
  const over = (change: (disk: Disk) => Pick<Disk, 'readSlot' | 'writeSlot'>): Make => ({
    ...sound,
    start: (disk) =>
      openPush(SETUP, new PushStore<{ ok: false }>(change(disk)), { atMs: 0, clock: NOW }),
  });

  test('follows a policy on trial after a start', () => {
    const make: Make = {
      ...sound,
      start: (disk) => {
        const store = new PushStore<{ ok: false }>(disk);
        const { pending, confirmed } = store.record;
        const record = { ...store.record, confirmed: pending ?? confirmed, pending: null };
        return openPush(SETUP, { record, recovery: store.recovery }, { atMs: 0, clock: NOW });
      },
    };
    expect(torture(make, 1, 200).faults).toHaveLength(1);
  });

  test('confirms without ATTACHED', () => {
    const make: Make = {
      ...sound,
      step: (state, event) => {
        const step = stepPush(state, event);
        if (event.kind !== 'applied') return step;
        const next = stepPush(step.state, { kind: 'attached', atMs: event.atMs });
        return { state: next.state, effects: [...step.effects, ...next.effects] };
      },
    };
    expect(torture(make, 1, 200).faults).toHaveLength(1);
  });

  test('forgets at a start what it took', () => {
    const make: Make = {
      ...sound,
      start: (disk) => {
        const store = new PushStore<{ ok: false }>(disk);
        const record = { ...store.record, floors: [] };
        return openPush(SETUP, { record, recovery: store.recovery }, { atMs: 0, clock: NOW });
      },
    };
    expect(torture(make, 1, 200).faults).toHaveLength(1);
  });

  test('reads the older slot', () => {
    const make = over((disk) => ({
      readSlot: (slot) => (slot === 0 ? null : disk.readSlot(slot)),
      writeSlot: (slot, bytes) => disk.writeSlot(slot, bytes),
    }));
    expect(torture(make, 1, 200).faults).toHaveLength(1);
  });
});
