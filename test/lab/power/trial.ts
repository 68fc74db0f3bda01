/**
 * One trial: a program under load on one file system, its power cut many times, each time judged.
 *
 * @module
 */
import { newRandom } from '../random.ts';
import { CutDisk, FATES, type Fate, type LogEntry } from './diskLog.ts';
import {
  afterCut,
  type FileSystem,
  type Load,
  needsReplay,
  type Recording,
  record,
} from './rig.ts';

/** What is run and how it is judged. `Promise_` is everything that was acknowledged before a cut. */
export interface Subject<Mark, Promise_, Found> {
  readonly load: Load;
  readonly nothing: Promise_;
  readonly fold: (before: Promise_, mark: Mark) => Promise_;
  /** Start the real code on what is left in `folder`. */
  readonly recover: (folder: string) => Found | string;
  readonly broken: (promise: Promise_, found: Found) => readonly string[];
  readonly acknowledged: (promise: Promise_) => number;
}

export interface TrialPlan {
  readonly name: string;
  readonly system: FileSystem;
  readonly copies: number;
  readonly seed: number;
  /** When to kill the program, in bytes of the disk's log. */
  readonly kills: readonly number[];
}

export interface TrialFigures {
  readonly name: string;
  readonly writes: number;
  readonly flushes: number;
  readonly acknowledged: number;
  readonly copies: number;
  /** Copies whose journal held something to replay. */
  readonly replayed: number;
  /** Copies in which writes since the newest flush were open to be lost or torn. */
  readonly open: number;
  /** Copies that broke a promise. */
  readonly lost: number;
  /** The first few, in words. */
  readonly losses: readonly string[];
}

const LOSSES_TOLD = 3;
/** Chosen: both slots and the tables of a database are made within so many requests after the first mark. */
const YOUTH_ENTRIES = 40;

export async function runTrial<Mark, Promise_, Found>(
  work: string,
  plan: TrialPlan,
  subject: Subject<Mark, Promise_, Found>,
  tell: (done: number) => void,
): Promise<TrialFigures> {
  const { image, entries }: Recording = await record(work, plan.system, subject.load, plan.kills);
  const random = newRandom(plan.seed, plan.name);
  const disk = new CutDisk(image, entries);
  let promise = subject.nothing;
  let next = 0;
  const sums = { replayed: 0, open: 0, lost: 0 };
  const losses: string[] = [];
  const cuts = chooseCuts(entries, plan.copies, random);
  for (const [index, { after, fate }] of cuts.entries()) {
    for (; next < after; next++) {
      const entry = entries[next]!;
      if (entry.kind === 'mark') promise = subject.fold(promise, JSON.parse(entry.text) as Mark);
    }
    const left = disk.after(after, fate, random);
    if (needsReplay(left)) sums.replayed++;
    if (disk.pendingCount > 0) sums.open++;
    const found = await afterCut(work, left, subject.recover);
    const broken = typeof found === 'string' ? [found] : subject.broken(promise, found);
    if (broken.length > 0) {
      sums.lost++;
      if (losses.length < LOSSES_TOLD) {
        losses.push(`cut after ${after} of ${entries.length}, ${fate}: ${broken.join('; ')}`);
      }
    }
    tell(index + 1);
  }
  const count = (kind: LogEntry['kind']) => entries.filter((entry) => entry.kind === kind).length;
  return {
    name: plan.name,
    writes: count('write'),
    flushes: count('flush'),
    acknowledged: subject.acknowledged(finalPromise(entries, subject)),
    copies: cuts.length,
    ...sums,
    losses,
  };
}

function finalPromise<Mark, Promise_, Found>(
  entries: readonly LogEntry[],
  { nothing, fold }: Subject<Mark, Promise_, Found>,
): Promise_ {
  return entries.reduce(
    (before, entry) =>
      entry.kind === 'mark' ? fold(before, JSON.parse(entry.text) as Mark) : before,
    nothing,
  );
}

/**
 * A third of the cuts falls while the files are made for the first time, about when the first marks appear; a third right
 * before a flush, where most is open; the rest anywhere.
 */
export function chooseCuts(
  entries: readonly LogEntry[],
  copies: number,
  random: () => number,
): { readonly after: number; readonly fate: Fate }[] {
  const below = (bound: number) => Math.floor(random() * bound);
  const firstMark = entries.findIndex(({ kind }) => kind === 'mark');
  const youth = Math.min(entries.length, Math.max(1, firstMark) + YOUTH_ENTRIES);
  const flushes = entries.flatMap(({ kind }, at) => (kind === 'flush' ? [at] : []));
  const places = [
    () => 1 + below(youth),
    () => flushes[below(flushes.length)] ?? entries.length,
    () => 1 + below(entries.length),
  ] as const;
  return Array.from({ length: copies }, (_, at) => ({
    after: places[at % 3]!(),
    fate: FATES[below(FATES.length)]!,
  })).sort((a, b) => a.after - b.after);
}
