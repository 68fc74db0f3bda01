/**
 * Goal: whatever system call of the flash store is the last one before a power cut, fails, or is the last of a killed
 * process, what was acknowledged before is there afterwards; and the medium's refusals have their names.
 *
 * Method: a device's life through the real `openFlash` and `FlashStore` on a disk that promises what POSIX does and no
 * more (test/lab/power/posixDisk.ts). Every call is a crash point, a place to kill the process, and a place to fail in each
 * way it may, alone and with the process killed soon after; after each of these the power is cut after every later call, and
 * the disk is left in every state it may be in. Stores with a bug put in must be caught.
 */
import { describe, expect, test } from 'bun:test';
import { type FlashSystem, openFlash } from '../../../../hal/linux/flash.ts';
import type { HalFailure } from '../../../../hal/result.ts';
import { RECORD_BYTES } from '../../../../session/flash/record.ts';
import { type FlashContent, FlashStore } from '../../../../session/flash/store.ts';
import {
  type Call,
  type Fault,
  type Files,
  filesAfterCut,
  GOT,
  type Got,
  PosixDisk,
} from '../../../lab/power/posixDisk.ts';

const DIRECTORY = '/var/state';
const EMPTY: Files = new Map([['/var', null]]);
const BLOCK = 1_024;
/** What a process tries before it gives up: a supervisor starts it again. */
const STARTS_MAX = 4;
/** `SLICE=1` takes each seventh fault: what `scripts/check` has time for. */
const STRIDE = process.env['SLICE'] === '1' ? 7 : 1;

/** What a variant changes of the calls that the store makes; the product changes nothing. */
type Variant = (disk: PosixDisk) => FlashSystem;
const sound: Variant = (disk) => disk;

function contentOf(serial: number, step: number, before: FlashContent | null): FlashContent {
  return {
    versionCeiling: (before?.versionCeiling ?? 0) + step,
    timestampReserved: (before?.timestampReserved ?? 0) + step * 3,
    policyVersion: serial,
    session: {
      sessionId: '00112233445566778899aabbccddeeff',
      sealedSecret: new Uint8Array(72).fill(serial),
      ...{ lastTerminated: null, inner4: '10.77.0.5/32', inner6: null },
    },
  };
}

/** What had been acknowledged when so many calls had been made. */
interface Acknowledged {
  readonly calls: number;
  readonly serial: number;
  readonly content: FlashContent;
}

interface Life {
  readonly disk: PosixDisk;
  readonly acknowledged: readonly Acknowledged[];
  /** The newest save that was ever tried. */
  readonly tried: number;
  /** Codes of refused saves and starts. */
  readonly refusals: readonly string[];
}

/** Ceiling steps of the saves: small ones, none, and a jump that makes both slots be written. */
const STEPS = [BLOCK, BLOCK, 0, BLOCK, 100_000, BLOCK, 0, BLOCK] as const;
/** After this save the process is started anew, without a fault. */
const RESTART_AFTER = 5;

function live(variant: Variant, faults: ReadonlyMap<number, Fault>, got: Got = GOT.nothing): Life {
  const disk = new PosixDisk(EMPTY, faults, got);
  const acknowledged: Acknowledged[] = [];
  const refusals: string[] = [];
  let store: FlashStore<HalFailure> | null = null;
  let [serial, starts] = [0, 0];
  while (serial < STEPS.length && starts < STARTS_MAX + 1) {
    if (store === null || disk.isKilled) {
      starts += 1;
      disk.restart();
      const opened = openFlash(DIRECTORY, RECORD_BYTES, variant(disk));
      if (!opened.ok) {
        if (!disk.isKilled) refusals.push(opened.code);
        continue;
      }
      store = new FlashStore<HalFailure>(opened.value);
      if (disk.isKilled) continue;
    }
    const content = contentOf(serial + 1, STEPS[serial]!, store.content);
    serial += 1;
    const outcome = store.save(content);
    if (disk.isKilled) continue;
    if (outcome.ok) acknowledged.push({ calls: disk.log.length, serial, content });
    else refusals.push(outcome.code);
    if (serial === RESTART_AFTER) store = null;
  }
  return { disk, acknowledged, tried: serial, refusals };
}

/** What is wrong with a device that starts on `files`, or null. */
function fault(variant: Variant, files: Files, kept: Acknowledged | null, tried: number) {
  const opened = openFlash(DIRECTORY, RECORD_BYTES, variant(new PosixDisk(files)));
  if (!opened.ok) return `cannot be opened: ${opened.detail}`;
  const { content, recovery } = new FlashStore(opened.value);
  const serial = content?.session?.sealedSecret[0] ?? 0;
  if (serial > tried) return `save ${serial} was never tried`;
  if (kept === null) return null;
  if (content === null) return `${recovery} after save ${kept.serial}`;
  if (serial < kept.serial) return `save ${serial} instead of ${kept.serial}`;
  const { versionCeiling, timestampReserved } = kept.content;
  if (content.versionCeiling < versionCeiling) return `ceiling below ${versionCeiling}`;
  return content.timestampReserved < timestampReserved ? 'the reserved time went back' : null;
}

interface Explored {
  lives: number;
  states: number;
  /** Judged already: lives differ in little. */
  readonly seen: Set<string>;
  readonly faults: string[];
}

const nameOf = ([path, bytes]: readonly [string, Uint8Array | null]) =>
  bytes === null ? path : `${path}:${bytes.length}:${Bun.hash(bytes)}`;

/** Cut the power after every call of a life from number `from` on. */
function explore(variant: Variant, life: Life, from: number, name: string, explored: Explored) {
  explored.lives++;
  for (const state of life.disk.states) {
    if (state.calls < from) continue;
    const kept = life.acknowledged.findLast(({ calls }) => calls <= state.calls) ?? null;
    for (const files of filesAfterCut(state)) {
      explored.states++;
      const key = `${kept?.serial}/${kept?.content.versionCeiling} ${life.tried} ${[...files].map(nameOf).join(' ')}`;
      if (explored.seen.has(key)) continue;
      explored.seen.add(key);
      const found = fault(variant, files, kept, life.tried);
      if (found === null) continue;
      const last = life.disk.log[state.calls - 1];
      explored.faults.push(
        `${name}, cut after call ${state.calls} (${last?.call} ${last?.path}): ${found}`,
      );
      return;
    }
  }
}

// biome-ignore format: this is a table
const ERRNOS: Readonly<Record<Call, readonly Fault[]>> = {
  exists:   [],
  mkdir:    errnos('ENOSPC', 'EROFS', 'EACCES', 'EIO'),
  open:     errnos('ENOSPC', 'EROFS', 'EACCES', 'EIO'),
  read:     errnos('EIO'),
  write:    [...errnos('ENOSPC', 'EDQUOT', 'EROFS', 'EIO'), { kind: 'short' }],
  drop:     [],
  fsync:    errnos('EIO', 'ENOSPC', 'EROFS'),
  close:    [],
};

function errnos(...codes: readonly string[]): readonly Fault[] {
  return codes.map((code) => ({ kind: 'errno', code }));
}

const KILL: Fault = { kind: 'kill' };
/** A process that was refused something is killed before one of so many calls after it: two saves. */
const KILLED_WITHIN = 6;

/** @param isEnough asked before each life: a variant with a bug is known by its first fault. */
function exploreAll(
  variant: Variant,
  isEnough: (faults: readonly string[]) => boolean = () => false,
): Record<'cuts' | 'kills' | 'failures' | 'both', Explored> {
  const seen = new Set<string>();
  const newExplored = (): Explored => ({ ...{ lives: 0, states: 0, faults: [] }, seen });
  const all = {
    ...{ cuts: newExplored(), kills: newExplored() },
    ...{ failures: newExplored(), both: newExplored() },
  };
  const plain = live(variant, new Map());
  explore(variant, plain, 0, 'no fault', all.cuts);
  const found = () => Object.values(all).flatMap(({ faults }) => faults);
  for (const [at, { call, path }] of plain.disk.log.entries()) {
    const where = `call ${at} (${call} ${path})`;
    if (isEnough(found())) break;
    explore(variant, live(variant, new Map([[at, KILL]])), at, `killed before ${where}`, all.kills);
    for (const each of ERRNOS[call]) {
      const name = `${each.kind === 'errno' ? each.code : each.kind} at ${where}`;
      // Only of an fsync is it open what the medium got.
      for (const got of call === 'fsync' ? Object.values(GOT) : [GOT.nothing]) {
        explore(variant, live(variant, new Map([[at, each]]), got), at, name, all.failures);
        for (let later = at + 1; later <= at + KILLED_WITHIN; later++) {
          if ((at + later) % STRIDE !== 0) continue;
          const faults = new Map([
            [at, each],
            [later, KILL],
          ]);
          const both = live(variant, faults, got);
          explore(variant, both, at, `${name}, killed before ${later}`, all.both);
        }
      }
    }
  }
  return all;
}

describe('the store as it is', () => {
  const all = exploreAll(sound);
  for (const [name, { lives, states, faults }] of Object.entries(all)) {
    test(`${name}: nothing acknowledged is lost (${lives} lives, ${states} states)`, () => {
      expect(faults).toEqual([]);
      expect(states).toBeGreaterThan(100);
    });
  }

  test('a life without faults makes each kind of call, and many of them', () => {
    const { log } = live(sound, new Map()).disk;
    expect(log.length).toBeGreaterThan(40);
    expect(new Set(log.map(({ call }) => call))).toEqual(new Set(Object.keys(ERRNOS) as Call[]));
  });
});

describe('a medium that refuses', () => {
  const { log } = live(sound, new Map()).disk;
  const CODES = {
    ...{ ENOSPC: 'storageFull', EDQUOT: 'storageFull', EROFS: 'storageReadOnly' },
    ...{ EACCES: 'storageDenied', EIO: 'storageFailed', short: 'storageFailed' },
  } as const;

  test('says so, with the name of the reason, at the call it refused', () => {
    let refused = 0;
    for (const [at, { call, path }] of log.entries()) {
      if (call !== 'mkdir' && call !== 'open' && call !== 'write') continue;
      for (const each of ERRNOS[call]) {
        // What the folder above allows is not asked where the folder was there before.
        const isLater = path === '/var' && at > 5;
        if (isLater && each.kind === 'errno' && /^E(ACCES|ROFS)$/.test(each.code)) continue;
        const { refusals, acknowledged } = live(sound, new Map([[at, each]]));
        const code = CODES[each.kind === 'errno' ? (each.code as keyof typeof CODES) : 'short'];
        expect([at, each, refusals]).toEqual([at, each, [code]]);
        // One refusal costs one save at most: the device goes on.
        expect(acknowledged.length).toBeGreaterThanOrEqual(STEPS.length - 1);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(60);
  });

  test('a folder that was there before may lie on a file system that syncs nothing', () => {
    const whole = [...filesAfterCut(live(sound, new Map()).disk.states.at(-1)!)][0]!;
    const open = (files: Files, code: string): string => {
      const disk = new PosixDisk(files);
      const calls: FlashSystem = withCalls(() => ({}))(disk);
      const opened = openFlash(DIRECTORY, RECORD_BYTES, {
        ...calls,
        fsyncSync(fd) {
          if (disk.log.at(-1)?.path === '/var') throw Object.assign(new Error(code), { code });
          disk.fsyncSync(fd);
        },
      });
      return opened.ok ? 'ok' : opened.code;
    };
    const codes = ['EINVAL', 'EROFS', 'EIO'].map((code) => open(whole, code));
    expect(codes).toEqual(['ok', 'ok', 'storageFailed']);
    expect(open(EMPTY, 'EINVAL')).toBe('storageFailed');
  });

  test('a slot that cannot be read is lost, not blank', () => {
    const whole = [...filesAfterCut(live(sound, new Map()).disk.states.at(-1)!)][0]!;
    const start = (faults: ReadonlyMap<number, Fault>) => {
      const opened = openFlash(DIRECTORY, RECORD_BYTES, new PosixDisk(whole, faults));
      if (!opened.ok) throw new Error(opened.detail);
      return new FlashStore(opened.value).recovery;
    };
    const disk = new PosixDisk(whole);
    const opened = openFlash(DIRECTORY, RECORD_BYTES, disk);
    if (!opened.ok) throw new Error(opened.detail);
    new FlashStore(opened.value);
    const reads = disk.log.flatMap(({ call }, at) => (call === 'read' ? [at] : []));
    const syncs = disk.log.flatMap(({ call, path }, at) =>
      call === 'fsync' && /slot/.test(path) ? [at] : [],
    );
    const eio: Fault = { kind: 'errno', code: 'EIO' };
    for (const calls of [reads, syncs]) {
      expect(calls).toHaveLength(2);
      expect(start(new Map(calls.map((at) => [at, eio])))).toBe('bothSlotsLost');
      for (const at of calls) expect(start(new Map([[at, eio]]))).toBe('oneSlotLost');
    }
    expect(start(new Map())).toBe('intact');
  });
});

/** The product over calls of which one does something else. */
const withCalls =
  (change: (disk: PosixDisk) => Partial<FlashSystem>): Variant =>
  (disk) => {
    const calls: FlashSystem = {
      existsSync: (path) => disk.existsSync(path),
      mkdirSync: (path) => disk.mkdirSync(path),
      openSync: (path, flags, mode) => disk.openSync(path, flags, mode),
      readSync: (fd, bytes) => disk.readSync(fd, bytes),
      writeSync: (fd, bytes) => disk.writeSync(fd, bytes),
      fsyncSync: (fd) => disk.fsyncSync(fd),
      closeSync: (fd) => disk.closeSync(fd),
      dropCleanPages: (fd) => disk.dropCleanPages(fd),
    };
    return { ...calls, ...change(disk) };
  };

function skipFsync(isSkipped: (path: string, nth: number) => boolean): Variant {
  return withCalls((disk) => {
    const paths = new Map<number, string>();
    const synced = new Map<number, number>();
    return {
      openSync(path, flags, mode) {
        const fd = disk.openSync(path, flags, mode);
        paths.set(fd, path);
        return fd;
      },
      fsyncSync(fd) {
        const nth = synced.get(fd) ?? 0;
        synced.set(fd, nth + 1);
        if (!isSkipped(paths.get(fd) ?? '', nth)) disk.fsyncSync(fd);
      },
    };
  });
}

describe('a store with a bug is caught', () => {
  // biome-ignore format: this is a table
  const variants: readonly [string, Variant][] = [
    ['never syncs a file',                  skipFsync((path) => /slot/.test(path))],
    ['does not sync what it saves',         skipFsync((path, nth) => /slot/.test(path) && nth > 0)],
    ['does not sync what it finds',         skipFsync((path, nth) => /slot/.test(path) && nth === 0)],
    ['does not sync the names of slots',    skipFsync((path) => path === DIRECTORY)],
    ['does not sync the name of its folder', skipFsync((path) => path === '/var')],
    ['believes the page cache',             withCalls(() => ({ dropCleanPages: () => {} }))],
    ['ignores a failed fsync',              withCalls((disk) => ({ fsyncSync: (fd) => quietly(() => disk.fsyncSync(fd)) }))],
    ['ignores a short write',               withCalls((disk) => ({ writeSync: (fd, bytes) => Math.max(disk.writeSync(fd, bytes), bytes.length) }))],
  ];
  for (const [name, variant] of variants) {
    test(name, () => {
      const all = exploreAll(variant, (faults) => faults.length > 0);
      expect(Object.values(all).flatMap(({ faults }) => faults)).not.toEqual([]);
    });
  }

  function quietly(act: () => void): void {
    try {
      act();
    } catch {
      // what the variant is about
    }
  }
});
