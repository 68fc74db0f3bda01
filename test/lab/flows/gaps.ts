/**
 * What a cut did to a numbered flow, from the arrivals its sink recorded.
 *
 * Pure: arrivals in, figures out. Times are CLOCK_MONOTONIC milliseconds of one machine.
 *
 * @module
 */

export interface Arrival {
  readonly seq: number;
  readonly sentAtMs: number;
  readonly atMs: number;
}

export interface Figures {
  /** Datagrams that arrived, copies included. */
  readonly received: number;
  /** Datagrams sent, as far as known: those of the source's summary, else up to the highest number that arrived. */
  readonly total: number;
  /** Of these, never arrived. */
  readonly lost: number;
  /** Arrivals beyond the first of a number. */
  readonly duplicated: number;
  /** Arrivals with a lower number than one that came before; copies are not counted again. */
  readonly reordered: number;
}

export interface CutFigures {
  /**
   * Longest time between consecutive arrivals, of the intervals that overlap the window. Without an arrival after
   * it, the silence up to the end of the window.
   */
  readonly gapMs: number;
  readonly gapFromAtMs: number;
  readonly gapToAtMs: number;
  /** Whether anything arrived after that silence. */
  readonly isOver: boolean;
  /** Of the datagrams `total`, sent around the window, those that never arrived. */
  readonly lost: number;
  readonly duplicated: number;
  readonly total: number;
}

/** Counts as arrivals come in. */
export class Tally {
  readonly #seen = new Set<number>();
  #received = 0;
  #highest = -1;
  #reordered = 0;

  add(seq: number): void {
    this.#received += 1;
    if (this.#seen.has(seq)) return;
    this.#seen.add(seq);
    if (seq < this.#highest) this.#reordered += 1;
    this.#highest = Math.max(this.#highest, seq);
  }

  /** @param sent what the source says it has sent, null if it is not known. */
  figures(sent: number | null): Figures {
    const total = Math.max(sent ?? 0, this.#highest + 1);
    return {
      received: this.#received,
      total,
      lost: total - this.#seen.size,
      duplicated: this.#received - this.#seen.size,
      reordered: this.#reordered,
    };
  }
}

/** The figures of a whole flow. */
export function figuresOf(arrivals: readonly Arrival[], sent: number | null): Figures {
  const tally = new Tally();
  for (const { seq } of arrivals) tally.add(seq);
  return tally.figures(sent);
}

/**
 * The figures of one cut.
 *
 * The datagrams counted are those after the highest number that had arrived at `fromAtMs`, up to the highest that has
 * arrived at `toAtMs`: those under way when the cut began are among them. They are looked for in all of `arrivals`, so a
 * datagram that was resent and arrived after the window is not lost.
 *
 * @param arrivals in order of arrival.
 * @param fromAtMs when the cut was made; `toAtMs` when it was over for the caller (later than the recovery).
 * @returns null if nothing had arrived before `fromAtMs`: without that there is no gap to measure.
 */
export function cutFigures(
  arrivals: readonly Arrival[],
  fromAtMs: number,
  toAtMs: number,
): CutFigures | null {
  let before = -1;
  let highestBefore = -1;
  let highestAfter = -1;
  arrivals.forEach(({ seq, atMs }, index) => {
    if (atMs <= fromAtMs) {
      before = index;
      highestBefore = Math.max(highestBefore, seq);
    }
    if (atMs <= toAtMs) highestAfter = Math.max(highestAfter, seq);
  });
  if (before < 0) return null;

  const seen = new Set<number>();
  let duplicated = 0;
  for (const { seq } of arrivals) {
    if (seq <= highestBefore || seq > highestAfter) continue;
    if (seen.has(seq)) duplicated += 1;
    seen.add(seq);
  }
  const total = highestAfter - highestBefore;
  return { ...longestGap(arrivals, before, toAtMs), lost: total - seen.size, duplicated, total };
}

/** Of the intervals that begin with arrival `before` or a later one, and not after `toAtMs`. */
function longestGap(arrivals: readonly Arrival[], before: number, toAtMs: number) {
  let longest = { gapMs: -1, gapFromAtMs: 0, gapToAtMs: 0, isOver: false };
  for (let i = before; i < arrivals.length; i += 1) {
    const gapFromAtMs = arrivals[i]!.atMs;
    if (gapFromAtMs > toAtMs) break;
    const next = arrivals[i + 1];
    const gapToAtMs = next?.atMs ?? Math.max(toAtMs, gapFromAtMs);
    const gapMs = gapToAtMs - gapFromAtMs;
    if (gapMs > longest.gapMs) {
      longest = { gapMs, gapFromAtMs, gapToAtMs, isOver: next !== undefined };
    }
  }
  return longest;
}

/**
 * The longest gap of a window less what its source was silent itself: what the way, and whoever waits at its end, added.
 *
 * @returns for the intervals that end in the window; 0 where there is none.
 */
export function longestHoldUpMs(
  arrivals: readonly Arrival[],
  fromAtMs: number,
  toAtMs: number,
): number {
  let longestMs = 0;
  let sentUpToMs = arrivals[0]?.sentAtMs ?? 0;
  for (let i = 1; i < arrivals.length; i += 1) {
    const { sentAtMs, atMs } = arrivals[i]!;
    const silentMs = Math.max(0, sentAtMs - sentUpToMs);
    sentUpToMs += silentMs;
    if (atMs < fromAtMs || atMs > toAtMs) continue;
    longestMs = Math.max(longestMs, atMs - arrivals[i - 1]!.atMs - silentMs);
  }
  return longestMs;
}

/** The arrivals in the lines that `udpSink` printed; all other lines are passed over. */
export function readArrivals(lines: Iterable<string>): Arrival[] {
  const arrivals: Arrival[] = [];
  for (const line of lines) {
    if (!line.startsWith('{"event":"arrivals"')) continue;
    const { rows } = JSON.parse(line) as { rows: [number, number, number][] };
    for (const [seq, sentAtMs, atMs] of rows) arrivals.push({ seq, sentAtMs, atMs });
  }
  return arrivals;
}
