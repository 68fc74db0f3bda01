/**
 * What the probes on one transport say: outstanding, answered, missed. What that amounts to is `verdict.ts`'s.
 *
 * Several probes are on their way at once. A row is one in the order of sending: whoever is given up
 * after a later one was answered was lost, and begins no row.
 *
 * Refuses to know about timers, frames or bindings: times and ids come in, values go out.
 *
 * @module
 */
import { type Rtt, timeoutMs, withSample } from './rtt.ts';

export interface Liveness {
  readonly rtt: Rtt | null;
  /** Sent and neither answered nor given up, oldest first. */
  readonly outstanding: readonly Outstanding[];
  /** Given up or set aside, but a late answer still tells the round-trip time. */
  readonly late: readonly Outstanding[];
  /** Timed-out probes since the last answer. */
  readonly missedInRow: number;
  /** When the newest probe was sent, whatever became of it. */
  readonly askedAtMs: number | null;
  /** When the latest-sent of the answered probes was sent: what was sent before it begins no row of misses. */
  readonly answeredSentAtMs: number | null;
  /** Time of the first probe sent after the last answer; null when none is unanswered. */
  readonly unansweredSinceMs: number | null;
  /** When the newest probe of the run of misses was sent; null without a run. */
  readonly missedSentAtMs: number | null;
  /** When the first probe of the run was given up; null without a run. */
  readonly doubtedSinceMs: number | null;
  /** The run of misses is a doubt to whoever asks: he asks in haste. Ends with the run. */
  readonly isDoubted: boolean;
  /** Outcomes of finished probes, oldest first, bounded by {@link OUTCOMES_MAX}. */
  readonly outcomes: readonly Outcome[];
  /** Newest authentic packet of any kind on this transport. */
  readonly heardAtMs: number | null;
  /** Packets have been coming since then, never {@link HEARD_PAUSE_MS} apart; null: none ever came. */
  readonly heardSinceMs: number | null;
  /** The run of misses was a silence of {@link SILENCE_OVER_MIN_MS} both ways, and this ended it; null: it was none, or goes on. */
  readonly heardAgainAtMs: number | null;
  /** Newest PROBE_ACK. */
  readonly answeredAtMs: number | null;
  /** Unbroken answers since this time: the stability that failback asks for. */
  readonly stableSinceMs: number | null;
}

export interface Outstanding {
  readonly probeId: number;
  readonly sentAtMs: number;
  readonly timeoutAtMs: number;
  /** Its time was lengthened once, and will not be again. */
  readonly isPostponed: boolean;
  /** Its time is longer than the path asks for, because nobody waits for the answer. */
  readonly isCalm: boolean;
}

export interface Outcome {
  readonly probeId: number;
  readonly atMs: number;
  /** Null: never answered, so far. */
  readonly rttMs: number | null;
  /** Given up before its answer came: a miss for the verdict, no loss for quality. */
  readonly wasMissed: boolean;
}

export const OUTSTANDING_MAX = 64;
/** A doubt of two seconds that asks every 10 ms: the answers that end it are those to its oldest questions. */
export const LATE_MAX = 256;
/** Three times what the default window of quality sees at the busiest cadence. */
export const OUTCOMES_MAX = 512;
/** Probed total silence of this long is death whatever the loss was. */
export const SILENCE_MAX_MS = 2_000;
/** After a pause this long a radio may sleep; waking it is no loss (RFC 6298 §2.1 starts with 1 s). */
const ASLEEP_AFTER_MS = 10_000;
const WAKE_TIMEOUT_MIN_MS = 1_000;
/**
 * Where nobody waits for the answer a probe has at least this long: of both ends' processors at work answers came up to
 * 233 ms late (measured, docs/decisions/0019-no-haste-without-data.md).
 */
export const CALM_TIMEOUT_MIN_MS = 250;
/** An answer later than this is none: it measures a suspended machine, not a path. */
const LATE_MAX_MS = 10_000;
/** Answers that come closer together than this weigh less, so that the estimate remembers as long (RFC 7323 appendix G). */
const SAMPLE_EVERY_MS = 100;
/** A pause this long may be a link that is away both ways (chosen). */
export const HEARD_PAUSE_MS = 30;
/** After an answer is overdue and nothing else came for so long, what comes is a link that is back (chosen). */
const SILENCE_OVER_MIN_MS = 250;

export const newLiveness: Liveness = {
  rtt: null,
  outstanding: [],
  late: [],
  missedInRow: 0,
  askedAtMs: null,
  answeredSentAtMs: null,
  unansweredSinceMs: null,
  missedSentAtMs: null,
  doubtedSinceMs: null,
  isDoubted: false,
  outcomes: [],
  heardAtMs: null,
  heardSinceMs: null,
  heardAgainAtMs: null,
  answeredAtMs: null,
  stableSinceMs: null,
};

/** @param isCalm nobody waits for the answer: a machine that is busy may take its time. */
export function onProbeSent(
  before: Liveness,
  probeId: number,
  atMs: number,
  isCalm = false,
): Liveness {
  const leastMs = Math.max(timeoutMs(before.rtt), wakeMs(before, atMs, isCalm));
  const patienceMs = isCalm ? Math.max(leastMs, CALM_TIMEOUT_MIN_MS) : leastMs;
  const probe = {
    probeId,
    sentAtMs: atMs,
    timeoutAtMs: atMs + patienceMs,
    isPostponed: false,
    isCalm: patienceMs > leastMs,
  };
  // Full: the oldest counts as missed now, for a probe that is forgotten would never be.
  const [oldest] = before.outstanding;
  const isFull = oldest !== undefined && before.outstanding.length >= OUTSTANDING_MAX;
  const roomy = isFull ? giveUp(before, [oldest], atMs) : before;
  return {
    ...roomy,
    outstanding: [...roomy.outstanding, probe],
    askedAtMs: atMs,
    unansweredSinceMs: roomy.unansweredSinceMs ?? atMs,
  };
}

/** What a radio that may sleep has to wake up: all of it together is no longer than the silence that is death. */
function wakeMs(
  { answeredAtMs, unansweredSinceMs, isDoubted }: Liveness,
  atMs: number,
  isCalm: boolean,
): number {
  if (answeredAtMs === null || atMs - answeredAtMs < ASLEEP_AFTER_MS) return 0;
  const leftMs = (unansweredSinceMs ?? atMs) + SILENCE_MAX_MS - atMs;
  if (isDoubted) return Math.min(WAKE_TIMEOUT_MIN_MS, leftMs);
  return isCalm ? Math.min(WAKE_TIMEOUT_MIN_MS, leftMs / 2) : WAKE_TIMEOUT_MIN_MS;
}

/** When the probe was sent that may still be answered, or null: never, or too long ago. */
export function sentAtMs(liveness: Liveness, probeId: number): number | null {
  return probeOf(liveness, probeId)?.sentAtMs ?? null;
}

function probeOf({ outstanding, late }: Liveness, probeId: number): Outstanding | undefined {
  const isIt = (probe: Outstanding) => probe.probeId === probeId;
  return outstanding.find(isIt) ?? late.find(isIt);
}

/** An authentic answer. A late one heals the run of misses too: answers are arriving. */
export function onProbeAnswered(before: Liveness, probeId: number, atMs: number): Liveness {
  const probe = probeOf(before, probeId);
  if (probe === undefined) return before;
  const tookMs = Math.max(0, atMs - probe.sentAtMs);
  // How long it waited to be read, while this machine stood still, is no property of the path (as Karn, RFC 6298 §3).
  const isTimed = !probe.isPostponed || before.rtt === null;
  const rttMs = isTimed ? tookMs : Math.min(tookMs, before.rtt?.srttMs ?? tookMs);
  const outstanding = before.outstanding.filter((other) => other !== probe);
  const answeredSentAtMs = Math.max(probe.sentAtMs, before.answeredSentAtMs ?? probe.sentAtMs);
  const unanswered = outstanding.find((other) => other.sentAtMs >= answeredSentAtMs);
  return {
    ...onHeard(before, atMs),
    rtt: isTimed ? withSample(before.rtt, tookMs, sampleWeight(before, atMs)) : before.rtt,
    outstanding,
    late: before.late.filter((other) => other !== probe),
    missedInRow: 0,
    answeredSentAtMs,
    unansweredSinceMs: unanswered?.sentAtMs ?? null,
    missedSentAtMs: null,
    heardAgainAtMs: null,
    doubtedSinceMs: null,
    isDoubted: false,
    outcomes: answeredOutcomes(before, probe, atMs, rttMs),
    answeredAtMs: atMs,
    stableSinceMs: before.stableSinceMs ?? atMs,
  };
}

/** A late probe is one outcome, not two: what was taken for a loss was a delay. */
function answeredOutcomes(
  { outcomes, outstanding }: Liveness,
  probe: Outstanding,
  atMs: number,
  rttMs: number,
): readonly Outcome[] {
  const { probeId } = probe;
  // Only what was given up has an outcome already: of what is answered in time nothing is searched for.
  const isKnown = !outstanding.includes(probe) && outcomes.some((was) => was.probeId === probeId);
  return isKnown
    ? outcomes.map((was) => (was.probeId === probeId ? { ...was, rttMs } : was))
    : withOutcome(outcomes, { probeId, atMs, rttMs, wasMissed: false });
}

/** What ends a doubt weighs in full, so that a delay that has jumped is known as the new delay at once. */
function sampleWeight({ missedInRow, answeredAtMs }: Liveness, atMs: number): number {
  if (missedInRow > 0 || answeredAtMs === null) return 1;
  return Math.min(1, Math.max(0, atMs - answeredAtMs) / SAMPLE_EVERY_MS);
}

/** An authentic packet that is no answer came at `atMs`, which may lie before other news. */
export function onHeard(before: Liveness, atMs: number): Liveness {
  const { heardAtMs, heardSinceMs } = before;
  const isPause = heardAtMs === null || atMs - heardAtMs >= HEARD_PAUSE_MS;
  return {
    ...before,
    heardAtMs: Math.max(heardAtMs ?? atMs, atMs),
    heardSinceMs: isPause ? atMs : heardSinceMs,
    heardAgainAtMs: heardAgainAtMs(before, atMs),
  };
}

/** Said once in a run: a trickle must not put the verdict off again and again. */
function heardAgainAtMs(before: Liveness, atMs: number): number | null {
  const { heardAtMs, doubtedSinceMs, unansweredSinceMs } = before;
  const isOpen = before.heardAgainAtMs === null && doubtedSinceMs !== null;
  if (!isOpen || heardAtMs === null || unansweredSinceMs === null) return before.heardAgainAtMs;
  const overdueAtMs = unansweredSinceMs + (before.rtt?.srttMs ?? 0);
  return atMs - Math.max(heardAtMs, overdueAtMs) >= SILENCE_OVER_MIN_MS ? atMs : null;
}

/**
 * Something that only both directions could bring came back: silence is counted anew from here.
 *
 * What was asked before may have met a peer that had lost our keys, so it is no miss, ever; its answer is
 * welcome still.
 */
export function onProven(before: Liveness, atMs: number): Liveness {
  return {
    ...before,
    outstanding: [],
    late: withLate(before.late, before.outstanding, atMs),
    missedInRow: 0,
    unansweredSinceMs: null,
    missedSentAtMs: null,
    heardAgainAtMs: null,
    doubtedSinceMs: null,
    isDoubted: false,
  };
}

/** Somebody waits from here on: what was asked in calm has no more time than what is asked now. */
export function onHaste(before: Liveness, atMs: number): Liveness {
  if (!before.outstanding.some(({ isCalm }) => isCalm)) return before;
  const untilMs = atMs + timeoutMs(before.rtt);
  const outstanding = before.outstanding.map((probe) =>
    probe.isCalm
      ? { ...probe, timeoutAtMs: Math.min(probe.timeoutAtMs, untilMs), isCalm: false }
      : probe,
  );
  return { ...before, outstanding };
}

/** The run of misses is taken for a doubt. */
export function onDoubted(before: Liveness): Liveness {
  return { ...before, isDoubted: before.missedInRow > 0 };
}

/**
 * Nothing is given up before `untilMs`, once for each probe: answers may wait where nobody has looked yet.
 */
export function onStoodStill(before: Liveness, untilMs: number): Liveness {
  const isDue = ({ timeoutAtMs, isPostponed }: Outstanding) =>
    timeoutAtMs < untilMs && !isPostponed;
  if (!before.outstanding.some(isDue)) return before;
  const outstanding = before.outstanding.map((probe) =>
    isDue(probe) ? { ...probe, timeoutAtMs: untilMs, isPostponed: true } : probe,
  );
  return { ...before, outstanding };
}

/** The machine slept: what waited meanwhile is no measure of the path, also of what was given up or set aside before. */
export function onSlept(before: Liveness): Liveness {
  if (before.late.length === 0) return before;
  return { ...before, late: before.late.map((probe) => ({ ...probe, isPostponed: true })) };
}

/** Give up the probes whose time has come. */
export function onTime(before: Liveness, atMs: number): Liveness {
  const missed = before.outstanding.filter((probe) => probe.timeoutAtMs <= atMs);
  return missed.length === 0 ? before : giveUp(before, missed, atMs);
}

function giveUp(before: Liveness, missed: readonly Outstanding[], atMs: number): Liveness {
  let outcomes = before.outcomes;
  for (const { probeId, timeoutAtMs } of missed) {
    const missedAtMs = Math.min(atMs, timeoutAtMs);
    outcomes = withOutcome(outcomes, { probeId, atMs: missedAtMs, rttMs: null, wasMissed: true });
  }
  const { answeredSentAtMs } = before;
  const inRow = missed.filter(
    ({ sentAtMs: sent }) => answeredSentAtMs === null || sent >= answeredSentAtMs,
  );
  const missedInRow = before.missedInRow + inRow.length;
  // Each had its time, postponed or not: an answer from here on is a late one.
  const over = missed.map((probe) => ({ ...probe, isPostponed: false }));
  return {
    ...before,
    outstanding: before.outstanding.filter((probe) => !missed.includes(probe)),
    late: withLate(before.late, over, atMs),
    missedInRow,
    missedSentAtMs: inRow.at(-1)?.sentAtMs ?? before.missedSentAtMs,
    doubtedSinceMs: before.doubtedSinceMs ?? (missedInRow > 0 ? atMs : null),
    outcomes,
    // One lost probe in a hundred is a radio, not an outage: stability ends with the second in a row.
    stableSinceMs: missedInRow >= 2 ? null : before.stableSinceMs,
  };
}

/** When the oldest outstanding probe times out. */
export function nextTimeoutMs(liveness: Liveness): number | null {
  let nextMs: number | null = null;
  for (const probe of liveness.outstanding) {
    if (nextMs === null || probe.timeoutAtMs < nextMs) nextMs = probe.timeoutAtMs;
  }
  return nextMs;
}

function withLate(
  late: readonly Outstanding[],
  more: readonly Outstanding[],
  atMs: number,
): readonly Outstanding[] {
  return [...late, ...more].filter((probe) => atMs - probe.sentAtMs < LATE_MAX_MS).slice(-LATE_MAX);
}

function withOutcome(outcomes: readonly Outcome[], outcome: Outcome): readonly Outcome[] {
  if (outcomes.length < OUTCOMES_MAX) return outcomes.concat(outcome);
  // One copy: a slice without the first would have to grow for the last.
  const next = outcomes.slice();
  next.shift();
  next.push(outcome);
  return next;
}
