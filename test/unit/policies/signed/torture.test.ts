/**
 * Goal: a thousand pushes with a crash at every step, and none leaves a device without a valid confirmed policy, none brings a
 * version back that was taken, none confirms what did not prove itself, and none goes below the version that I4 remembers, so
 * that it would not start any more.
 *
 * Method: a device lives on a disk that tears what is being written when the power goes: any subset of its sectors, cut after
 * any byte. Each push is cut at the next step in turn; each step is an effect begun or a slot half written. After each cut the
 * device starts on what the disk has, which may be cut as well, and every document that it ever took is shown to it again. Now and
 * then a slot rots, before a start or behind it. As a daemon does, each start raises what I4 remembers by what it follows. Devices
 * with a fault put in are caught by the same check.
 */
import { describe, expect, test } from 'bun:test';
import { halOk } from '../../../../hal/result.ts';
import { loadPolicy } from '../../../../policies/load.ts';
import { bodyOfTable } from '../../../../policies/signed/body.ts';
import { reopenDocument, type SignedDocument } from '../../../../policies/signed/open.ts';
import { decodePushRecord } from '../../../../policies/signed/record.ts';
import { isRefused } from '../../../../policies/signed/refusal.ts';
import {
  type Opened,
  openPush,
  policyInForce,
  stepPush,
} from '../../../../policies/signed/staging.ts';
import type { PushEvent, PushState, PushStep } from '../../../../policies/signed/state.ts';
import { PushStore } from '../../../../policies/signed/store.ts';
import { Random } from '../../../sim/random.ts';
import { Disk, PowerCut } from './disk.ts';
import { IDENTITY, NOW, unproven } from './documents.ts';

/** `SLICE=1` makes a part of them: what `scripts/check` has time for. */
const PUSHES = process.env['SLICE'] === '1' ? 300 : 1_000;
/** More steps than a push has. */
const STEPS_MAX = 12;

const CONFIGURED = loadPolicy({ version: 1, name: 'configured' });
if (!CONFIGURED.ok) throw new Error('the configured policy is valid');
const SETUP = { identity: IDENTITY, signers: [], configured: CONFIGURED.policy };

type Store = PushStore<{ ok: false }>;
type Start = (store: Opened, policyVersionMin: number) => PushStep;
type Step = (state: PushState, event: PushEvent) => PushStep;

/** What a device is made of, so that a test can put a fault in. */
interface Make {
  readonly open: (disk: Disk) => Store;
  readonly start: Start;
  readonly step: Step;
}

const sound: Make = {
  open: (disk) => new PushStore(disk),
  start: (store, policyVersionMin) =>
    openPush({ ...SETUP, policyVersionMin }, store, { atMs: 0, clock: NOW }),
  step: stepPush,
};

class Device {
  readonly confirmations: number[] = [];
  readonly refusals: string[] = [];
  /** Version that the session follows. */
  followed: number;
  #state: PushState;
  readonly #disk: Disk;
  readonly #store: Store;
  readonly #make: Make;
  #atMs = 0;

  constructor(make: Make, disk: Disk, policyVersionMin = 1) {
    this.#make = make;
    this.#disk = disk;
    this.#store = make.open(disk);
    const { state, effects } = make.start(this.#store, policyVersionMin);
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
    if (attaches) this.#feed({ kind: 'proven', atMs: this.#atMs });
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
  const { record, recovery } = new PushStore<{ ok: false }>(disk.seen);
  if (recovery === 'bothSlotsLost') return 'both slots are lost';
  if (record.confirmed === null) return 1;
  const document = reopenDocument(record.confirmed);
  return isRefused(document) ? document.refused : document.version;
}

/** Null where a start that succeeded leaves both slots whole, and alike; a disk on which nothing was written yet is. */
function leftBy(disk: Disk): string | null {
  const { recovery } = new PushStore<{ ok: false }>(disk.seen);
  return recovery === 'intact' || recovery === 'blank' ? null : recovery;
}

interface Outcome {
  readonly faults: readonly string[];
  readonly cuts: number;
  readonly confirmed: number;
  readonly rolledBack: number;
  readonly rotten: number;
}

function torture(make: Make, seed: number, pushes: number): Outcome {
  const random = new Random(seed);
  const disk = new Disk(random);
  const shown: SignedDocument[] = [];
  /** Versions that a device said it confirmed; versions whose session never attached. */
  let lastConfirmed = 1;
  /** What I4 remembers. */
  let policyVersionMin = 1;
  const failed = new Set<number>();
  let [cuts, confirmed, rolledBack, rotten] = [0, 0, 0, 0];
  let device = new Device(make, disk);
  /** Starts on what the disk has, and again where that is cut short. */
  const start = (fuse: number): Device => {
    disk.fuse = fuse;
    try {
      return new Device(make, disk, policyVersionMin);
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      cuts++;
      disk.restore();
      return new Device(make, disk, policyVersionMin);
    } finally {
      disk.restore();
    }
  };
  /** One of two whole slots; a second fault at a time is not what two slots are for. */
  const maybeRot = (): boolean => {
    const isWhole = disk.slots.every((slot) => slot !== null && decodePushRecord(slot) !== null);
    if (!isWhole || !random.chance(30)) return false;
    rotten++;
    disk.rot(random.chance(50) ? 1 : 0);
    return true;
  };
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
    disk.restore();
    lastConfirmed = Math.max(lastConfirmed, ...device.confirmations);
    policyVersionMin = Math.max(policyVersionMin, lastConfirmed);
    confirmed += device.confirmations.length;
    maybeRot();
    const wasTaken = new PushStore<{ ok: false }>(disk.seen).record.floors.some(
      (floor) => floor.version === version,
    );
    if (wasTaken) shown.push(document);

    const held = confirmedOn(disk);
    const where = `push ${version}, cut at ${round % STEPS_MAX}`;
    const counts = { cuts, confirmed, rolledBack, rotten };
    const fault = (what: string): Outcome => ({ faults: [`${where}: ${what}`], ...counts });
    if (typeof held === 'string') return fault(held);
    if (held < lastConfirmed) return fault(`${held} is confirmed, ${lastConfirmed} was`);
    if (failed.has(held)) return fault(`${held} is confirmed and never proved itself`);

    device = start(random.chance(30) ? random.below(3) : Number.POSITIVE_INFINITY);
    if (device.followed !== held) return fault(`follows ${device.followed} instead of ${held}`);
    if (held < policyVersionMin) return fault(`does not start with ${held}`);
    if (device.refusals.includes('policy_rolled_back')) rolledBack++;
    policyVersionMin = held;
    lastConfirmed = held;
    const left = leftBy(disk);
    if (left !== null) return fault(`its start leaves ${left}`);
    if (maybeRot()) {
      device = start(Number.POSITIVE_INFINITY);
      if (device.followed !== held) return fault(`a slot lost, ${device.followed} is left`);
    }
    for (const old of shown.slice(-3)) {
      device.push(old, true);
      if (device.confirmations.length > 0) return fault(`took ${old.version} again`);
      if (device.followed !== held) return fault(`follows ${old.version} again`);
    }
  }
  return { faults: [], cuts, confirmed, rolledBack, rotten };
}

test('a confirmation of which one slot has heard is followed, and stays whichever slot is lost then', () => {
  for (const lost of [0, 1] as const) {
    const disk = new Disk(new Random(1));
    const document = unproven({ version: 2, body: bodyOfTable({ version: 2, name: 'pushed' })! });
    // Two of the stage, one of the confirmation.
    disk.writesLeft = 3;
    expect(() => new Device(sound, disk).push(document, true)).toThrow(PowerCut);
    disk.restore();
    expect(leftBy(disk)).toBe('slotsDiffer');
    expect(new Device(sound, disk).followed).toBe(2);
    disk.rot(lost);
    const next = new Device(sound, disk, 2);
    expect([next.followed, next.refusals]).toEqual([2, ['push_slot_stale']]);
  }
});

describe('a sound device', () => {
  test(`${PUSHES} pushes, cut at every step`, () => {
    const { faults, cuts, confirmed, rolledBack, rotten } = torture(sound, 1, PUSHES);
    expect(faults).toEqual([]);
    expect(cuts).toBeGreaterThan(PUSHES / 2);
    expect(Math.min(confirmed, rolledBack, rotten)).toBeGreaterThan(PUSHES / 10);
  }, 300_000);
});

describe('a device with a fault is caught', () => {
  test('follows a policy on trial after a start', () => {
    const make: Make = {
      ...sound,
      start: (store, policyVersionMin) => {
        const { pending, confirmed } = store.record;
        const record = { ...store.record, confirmed: pending ?? confirmed, pending: null };
        return sound.start({ ...opened(store), record }, policyVersionMin);
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
        const next = stepPush(step.state, { kind: 'proven', atMs: event.atMs });
        return { state: next.state, effects: [...step.effects, ...next.effects] };
      },
    };
    expect(torture(make, 1, 200).faults).toHaveLength(1);
  });

  test('forgets at a start what it took', () => {
    const make: Make = {
      ...sound,
      start: (store, policyVersionMin) => {
        const record = { ...store.record, floors: [] };
        return sound.start({ ...opened(store), record }, policyVersionMin);
      },
    };
    expect(torture(make, 1, 200).faults).toHaveLength(1);
  });

  test('reads the older slot', () => {
    const make: Make = {
      ...sound,
      open: (disk) =>
        new PushStore({
          readSlot: (slot) => (slot === 0 ? null : disk.readSlot(slot)),
          writeSlot: (slot, bytes) => disk.writeSlot(slot, bytes),
        }),
    };
    expect(torture(make, 1, 200).faults).toHaveLength(1);
  });

  test('leaves the slots as it finds them', () => {
    const make: Make = {
      ...sound,
      open: (disk) => {
        let isOpening = true;
        const writeSlot: Disk['writeSlot'] = (slot, bytes) =>
          isOpening ? halOk(null) : disk.writeSlot(slot, bytes);
        const store: Store = new PushStore({ readSlot: (slot) => disk.readSlot(slot), writeSlot });
        isOpening = false;
        return store;
      },
    };
    expect(torture(make, 1, 200).faults).toEqual([expect.stringContaining('its start leaves')]);
  });
});

const opened = ({ record, recovery, isWhole }: Opened): Opened => ({ record, recovery, isWhole });
