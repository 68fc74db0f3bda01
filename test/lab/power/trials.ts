/**
 * The trials of `scripts/power-cuts`: the device's memory, the hub's store and the device's events on several ext4, and the
 * controls that must lose something, or the others show nothing.
 *
 * @module
 */
import { join } from 'node:path';
import { brokenEvents, kept, NO_EVENT_PROMISE, recoverEvents } from './eventCheck.ts';
import { brokenFlash, NO_FLASH_PROMISE, promised, recoverFlash } from './flashCheck.ts';
import { brokenHub, committed, NO_HUB_PROMISE, recoverHub } from './hubCheck.ts';
import type { FileSystem } from './rig.ts';
import { runTrial, type TrialFigures, type TrialPlan } from './trial.ts';

export interface Trial {
  readonly name: string;
  readonly subject: 'flash' | 'hub' | 'events';
  readonly system: FileSystem;
  readonly isSynced: boolean;
  /** A control must lose what it was promised in at least one copy. */
  readonly isControl: boolean;
}

/** Blocks of two sectors and the smallest journal there is: it wraps around all the time. */
const SMALL = { imageMebibytes: 8, blockBytes: 1_024, journalMebibytes: 1 } as const;
const USUAL = { imageMebibytes: 24, blockBytes: 4_096, journalMebibytes: 4 } as const;

// biome-ignore format: this is a table
export const TRIALS: readonly Trial[] = [
  { name: 'device, ordered',        subject: 'flash', system: { ...SMALL, mount: 'data=ordered' },   isSynced: true,  isControl: false },
  { name: 'device, writeback',      subject: 'flash', system: { ...USUAL, mount: 'data=writeback' }, isSynced: true,  isControl: false },
  { name: 'device, journal',        subject: 'flash', system: { ...USUAL, mount: 'data=journal' },   isSynced: true,  isControl: false },
  { name: 'hub, ordered',           subject: 'hub',   system: { ...USUAL, mount: 'data=ordered' },   isSynced: true,  isControl: false },
  { name: 'hub, writeback',         subject: 'hub',   system: { ...USUAL, mount: 'data=writeback' }, isSynced: true,  isControl: false },
  { name: 'events, ordered',        subject: 'events', system: { ...SMALL, mount: 'data=ordered' },  isSynced: true,  isControl: false },
  { name: 'events, writeback',      subject: 'events', system: { ...USUAL, mount: 'data=writeback' }, isSynced: true, isControl: false },
  { name: 'device, no fsync',       subject: 'flash', system: { ...SMALL, mount: 'data=ordered' },   isSynced: false, isControl: true },
  { name: 'device, no barriers',    subject: 'flash', system: { ...SMALL, mount: 'barrier=0' },      isSynced: true,  isControl: true },
  { name: 'hub, synchronous=OFF',   subject: 'hub',   system: { ...USUAL, mount: 'data=ordered' },   isSynced: false, isControl: true },
  { name: 'hub, no barriers',       subject: 'hub',   system: { ...USUAL, mount: 'barrier=0' },      isSynced: true,  isControl: true },
  { name: 'events, no fsync',       subject: 'events', system: { ...SMALL, mount: 'data=ordered' },  isSynced: false, isControl: true },
];

export interface Effort {
  readonly copies: number;
  /** Saves or swaps of the last process; two that are killed go before it. */
  readonly saves: number;
  readonly seed: number;
}

/** Log bytes at which the program is killed: early, and in the middle of its work. */
const KILLS = [600_000, 3_000_000];

export async function play(
  trial: Trial,
  work: string,
  { copies, saves, seed }: Effort,
  tell: (done: number) => void,
): Promise<TrialFigures> {
  const { name, system } = trial;
  const more = ['--seed', String(seed), '--sync', trial.isSynced ? '1' : '0'];
  const plan: TrialPlan = { name, system, copies, seed, kills: trial.isSynced ? KILLS : [] };
  const program = (file: string, ...argv: string[]) => [
    process.execPath,
    join(import.meta.dir, file),
    ...argv,
    ...more,
  ];
  if (trial.subject === 'flash') {
    const load = (folder: string, marks: string) =>
      program(
        'flashLoad.ts',
        '--directory',
        join(folder, 'state'),
        '--marks',
        marks,
        '--saves',
        String(saves),
      );
    return runTrial(
      work,
      plan,
      {
        load,
        nothing: NO_FLASH_PROMISE,
        fold: promised,
        recover: (folder) => recoverFlash(join(folder, 'state')),
        broken: brokenFlash,
        acknowledged: (promise) => promise.saves,
      },
      tell,
    );
  }
  if (trial.subject === 'events') return playEvents(work, plan, program, saves, tell);
  const file = (folder: string) => join(folder, 'hub', 'hub.sqlite');
  return runTrial(
    work,
    plan,
    {
      load: (folder, marks) =>
        program('hubLoad.ts', '--file', file(folder), '--marks', marks, '--swaps', String(saves)),
      nothing: NO_HUB_PROMISE,
      fold: committed,
      recover: (folder) => recoverHub(file(folder)),
      broken: brokenHub,
      acknowledged: (promise) => promise.commits,
    },
    tell,
  );
}

function playEvents(
  work: string,
  plan: TrialPlan,
  program: (file: string, ...argv: string[]) => string[],
  batches: number,
  tell: (done: number) => void,
): Promise<TrialFigures> {
  const directory = (folder: string) => join(folder, 'state', 'events');
  const load = (folder: string, marks: string) => {
    const argv = ['--directory', directory(folder), '--marks', marks];
    return program('eventLoad.ts', ...argv, '--batches', String(batches));
  };
  return runTrial(
    work,
    plan,
    {
      ...{ load, nothing: NO_EVENT_PROMISE, fold: kept, broken: brokenEvents },
      recover: (folder) => recoverEvents(directory(folder)),
      acknowledged: (promise) => promise.batches,
    },
    tell,
  );
}
