/**
 * One stream of a device's published events, cut where something is missing: what is between two cuts is as good as a log.
 *
 * A rule that looked over a cut would call a fault what only was not seen. So each run is judged by itself, and each cut is told:
 * as a place where nothing can be checked, and never as a violation.
 *
 * ```text
 *   numbers   1 2 3 │ 6 7 8 │ 9
 *              run  │  run  │ run     4 and 5 are missing; before 9 a notice may be that was not published
 * ```
 *
 * Pure: rows in, records and cuts out.
 *
 * @module
 */
import { Doubt } from './auditDoubt.ts';
import { type Published, publishedOf, type StreamRow } from './auditPublished.ts';
import { Unpublished } from './auditUnpublished.ts';

/** Why nothing can be checked over a place in a stream. */
// biome-ignore format: this is a table
export const CUT_WHYS = {
  dropped:  'the device had no room for them',
  cut:      'a power cut or a kill took them; at most so many were events',
  lost:     'nobody heard them, or the history had no room for them',
  before:   'the history begins behind them',
  after:    'they were heard, and the history has them no more',
  twice:    'one number is of two events',
  withheld: 'a notice that would explain what follows may not have been published: of one code there is one a minute',
} as const;

export interface Cut {
  readonly device: string;
  readonly stream: string;
  readonly why: keyof typeof CUT_WHYS;
  /** The last number before it; 0: the stream begins with it. */
  readonly afterSeq: number;
  /** The first number behind it; null: nothing is behind it. */
  readonly seq: number | null;
  /** Numbers that are missing. */
  readonly count: number;
}

export interface PublishedStream {
  readonly device: string;
  readonly stream: string;
  /** Ascending by number. */
  readonly rows: readonly StreamRow[];
  /** Nothing of this stream is known from before the first row. */
  readonly isFirst: boolean;
  /** The highest number that was heard, where no row has it. */
  readonly heardSeq: number | null;
}

export interface Runs {
  /** None is empty. */
  readonly runs: readonly (readonly Published[])[];
  readonly cuts: readonly Cut[];
  /** Numbers of rows that are no event. */
  readonly unreadable: readonly number[];
}

export function runsOf(stream: PublishedStream): Runs {
  const { device, rows, isFirst, heardSeq } = stream;
  const events = rows.map((row) => ({ row, event: publishedOf(device, row) }));
  const splitter = new Splitter(
    stream,
    events.flatMap(({ event }) => event ?? []),
  );
  let afterSeq = isFirst ? 0 : (rows[0]?.seq ?? 1) - 1;
  for (const { row, event } of events) {
    if (event === null) splitter.skip(row.seq);
    else splitter.take(event, afterSeq);
    afterSeq = row.seq;
  }
  if (heardSeq !== null) splitter.tell('after', afterSeq, null, heardSeq - afterSeq);
  return splitter.runs();
}

class Splitter {
  readonly #of: Pick<Cut, 'device' | 'stream'>;
  readonly #unpublished: Unpublished;
  readonly #runs: Published[][] = [];
  readonly #cuts: Cut[] = [];
  readonly #unreadable: number[] = [];
  #doubt: Doubt;

  constructor({ device, stream, isFirst }: PublishedStream, events: readonly Published[]) {
    this.#of = { device, stream };
    this.#unpublished = new Unpublished(events, isFirst && events[0]?.record.seq === 1);
    this.#doubt = new Doubt(this.#unpublished);
  }

  runs(): Runs {
    const [runs, cuts] = [this.#runs.filter(({ length }) => length > 0), this.#cuts];
    return { runs, cuts, unreadable: this.#unreadable };
  }

  /** @param count numbers that are missing. */
  tell(why: Cut['why'], afterSeq: number, seq: number | null, count: number): void {
    this.#cuts.push({ ...this.#of, why, afterSeq, seq, count });
  }

  skip(seq: number): void {
    this.#unreadable.push(seq);
    this.#begin();
  }

  take(event: Published, afterSeq: number): void {
    const { seq } = event.record;
    if (seq === afterSeq) {
      this.tell('twice', seq, seq, 0);
      this.#begin();
    } else if (seq > afterSeq + 1) {
      this.#tellMissing(event, afterSeq);
      this.#begin();
    }
    if (this.#doubt.see(event)) {
      this.tell('withheld', afterSeq, seq, 0);
      this.#begin();
      this.#doubt.see(event);
    }
    if (this.#runs.length === 0) this.#runs.push([]);
    this.#runs.at(-1)!.push(event);
  }

  /** What the device says, and in front of that what nobody says. */
  #tellMissing({ record: { seq }, gap }: Published, afterSeq: number): void {
    const toldFrom = gap === null ? seq : Math.max(gap.fromSeq, afterSeq + 1);
    const untold = toldFrom - afterSeq - 1;
    if (untold > 0) this.tell(afterSeq === 0 ? 'before' : 'lost', afterSeq, seq, untold);
    if (toldFrom === seq) return;
    this.tell(gap?.why === 'cut' ? 'cut' : 'dropped', afterSeq, seq, seq - toldFrom);
  }

  #begin(): void {
    this.#runs.push([]);
    this.#doubt = new Doubt(this.#unpublished);
  }
}
