/**
 * What a device makes of a silence (docs/protocol.md, "Liveness"; docs/decisions/0021-patience-with-the-only-link.md).
 *
 * The only link is not given up before two seconds without an answer, and fresh keys were sought by then; it is given up
 * after that. Where another link answers the silent one is given up sooner. When the answers come back to a binding that
 * stayed, a claim to stay is made. All of it is told by the questions that leave and the answers that arrive: a row of
 * unanswered questions begins with the first one sent after the latest-sent of those that were answered, which is never
 * later than the device itself counts from.
 *
 * Asked where frames can be read from outside.
 *
 * @module
 */
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import { answerIn, questionIn } from './questions.ts';
import type { Arrived, Report, Said, Sent, Watch } from './watch.ts';

/** Two seconds, but for questions that a socket refused, which nobody sees. */
const PATIENCE_MS = 1_900;
/** Two seconds, the longest time a question has, and a pause. */
const ALONE_MAX_MS = 4_500;
/** With a way out: the time of the question (below), ten misses of a burst, and the length of a run. */
const REFUGE_MAX_MS = 1_500;
/** On a path that is fast besides, and lost nothing before: five misses, and no quality can be judged so soon. */
const REFUGE_FAST_MAX_MS = 600;
const FAST_RTT_MS = 60;
/** Questions further apart are no burst: nobody is in doubt, or the machine slept. */
const BURST_PAUSE_MS = 60;
/**
 * A path that answered so fast, so alike, so often and for so long, and of which so few questions were lost before: its
 * questions have less than half a second, and ten misses in a row are no chance.
 */
const STEADY_RTT_MS = 150;
const STEADY_SWAY_MS = 8;
const STEADY_ANSWERS_MIN = 40;
const STEADY_MIN_MS = 3_000;
const STEADY_SHARE = 10;
/** The other way out has answered since so long before the silence. */
const REFUGE_FRESH_MS = 1_000;
/** A silence of 250 ms asks for a claim to stay; a little more, for the device counts from later on. */
const STAY_MIN_MS = 400;
/** A burst of questions this long is a doubt. */
const BURST_MIN_MS = 300;
/** Data that left so long before the answer may be sent again. */
const RECENT_MS = 1_000;
/** Claims and refusals before it may be open, or set a time. */
const UNSETTLED_MS = 12_000;
const STAY_MAX_MS = 1_000;
/** What arrives at the very moment of a verdict may not have been read. */
const READ_MS = 1;
const OPEN_MAX = 1_024;

/** What is known of a device besides its packets. */
export interface Surroundings {
  /** Transports over other links that its kernel calls usable and its policy does not forbid. */
  readonly otherWays: (who: string, transportId: number) => readonly number[];
  /** The transport that it sends data on. */
  readonly activeId: (who: string) => number | null;
  /** It runs, and has versions left for claims. */
  readonly mayClaim: (who: string) => boolean;
  /** False where flash may have refused the timestamps that a handshake needs, or the hub has yet to take over fresh keys. */
  readonly maySeek: (who: string) => boolean;
}

/** Questions on one transport. */
class Asked {
  /** When each was sent that has no answer yet, by number, oldest first. */
  readonly #open = new Map<number, number>();
  /** When the latest-sent of the answered ones was sent: what came after it is the row. */
  #answeredSentAtMs = Number.NEGATIVE_INFINITY;
  /** No other way was usable at any of them. */
  isAlone = true;
  /** The ways that were usable at each of them. */
  ways: readonly number[] = [];
  /** Since when none was further from the one before than those of a burst. */
  burstSinceMs = 0;
  newestMs = 0;
  answeredAtMs = Number.NEGATIVE_INFINITY;
  isTold = false;
  /** Answers in a row that were steady, and since when; how many were so ever, and how many were not. */
  #inRow = 0;
  #steadySinceMs = 0;
  #good = 0;
  #bad = 0;
  /** Answers in front of which a question had none. */
  #lost = 0;
  #rttMs = 0;

  get sinceMs(): number | null {
    for (const atMs of this.#open.values()) if (atMs > this.#answeredSentAtMs) return atMs;
    return null;
  }

  ask(id: number, atMs: number): void {
    this.#open.set(id, atMs);
    const [oldest] = this.#open.keys();
    if (this.#open.size > OPEN_MAX && oldest !== undefined) this.#open.delete(oldest);
  }

  /** Whether it ends a silence on a path that was steady before; null: it is no answer to any of these questions. */
  answer(id: number, atMs: number): boolean | null {
    const askedAtMs = this.#open.get(id);
    if (askedAtMs === undefined) return null;
    const sinceMs = this.sinceMs ?? atMs;
    const isDoubted = atMs - sinceMs >= STAY_MIN_MS && atMs - this.burstSinceMs >= BURST_MIN_MS;
    const isEnd = isDoubted && this.isSteady(sinceMs);
    this.#open.delete(id);
    this.answeredAtMs = atMs;
    this.burstSinceMs = atMs;
    this.isTold = false;
    this.#noteAnswer(atMs, atMs - askedAtMs, askedAtMs === sinceMs);
    this.#answeredSentAtMs = Math.max(this.#answeredSentAtMs, askedAtMs);
    return isEnd;
  }

  /** @param isOldest none of the row is older: nothing was lost before it. */
  #noteAnswer(atMs: number, rttMs: number, isOldest: boolean): void {
    if (!isOldest) this.#lost += 1;
    const isAlike = Math.abs(rttMs - this.#rttMs) <= STEADY_SWAY_MS;
    this.#rttMs = rttMs;
    if (isOldest && isAlike && rttMs <= STEADY_RTT_MS) {
      if (this.#inRow === 0) this.#steadySinceMs = atMs;
      this.#inRow += 1;
      this.#good += 1;
    } else {
      this.#inRow = 0;
      this.#bad += 1;
    }
  }

  /** Its questions have so little time, and chance explains so few misses, that a verdict is there soon. */
  get isFast(): boolean {
    return this.#lost === 0 && this.#rttMs <= FAST_RTT_MS;
  }

  isSteady(atMs: number): boolean {
    const isLong = atMs - this.#steadySinceMs >= STEADY_MIN_MS;
    return this.#inRow >= STEADY_ANSWERS_MIN && isLong && this.#bad * STEADY_SHARE <= this.#good;
  }
}

class Process {
  readonly asked = new Map<number, Asked>();
  dataAtMs = Number.NEGATIVE_INFINITY;
  /** Since then keys are sought, or wait for ROTATED; null: they are not. */
  handshakeAtMs: number | null = null;
  unsettledAtMs = Number.NEGATIVE_INFINITY;
  /** An answer ended a silence then, and no claim to stay was made yet. */
  owesStaySinceMs: number | null = null;

  of(transportId: number): Asked {
    const known = this.asked.get(transportId) ?? new Asked();
    this.asked.set(transportId, known);
    return known;
  }
}

export class Silences implements Watch {
  readonly #report: Report;
  readonly #isSealed: boolean;
  readonly #around: Surroundings;
  readonly #processes = new Map<string, Process>();

  constructor(report: Report, isSealed: boolean, around: Surroundings) {
    this.#report = report;
    this.#isSealed = isSealed;
    this.#around = around;
  }

  onSent({ atMs, from, isUp, bytes, transportId }: Sent): void {
    if (!isUp || this.#isSealed) return;
    const process = this.#of(from);
    if (bytes[0] === MESSAGE_TYPE.data) process.dataAtMs = atMs;
    if (bytes[0] === MESSAGE_TYPE.initiation) process.handshakeAtMs = atMs;
    const probeId = questionIn(bytes);
    if (probeId !== null) this.#onQuestion(from, process, transportId, probeId, atMs);
  }

  #onQuestion(who: string, process: Process, transportId: number, id: number, atMs: number): void {
    const asked = process.of(transportId);
    const ways = this.#around.otherWays(who, transportId);
    const isFirst = asked.sinceMs === null;
    asked.isAlone = ways.length === 0 && (isFirst || asked.isAlone);
    asked.ways = isFirst ? ways : asked.ways.filter((way) => ways.includes(way));
    if (isFirst || atMs - asked.newestMs > BURST_PAUSE_MS) asked.burstSinceMs = atMs;
    asked.newestMs = atMs;
    asked.ask(id, atMs);
    if (transportId === this.#around.activeId(who)) this.#judgeSilence(who, process, asked, atMs);
  }

  #judgeSilence(who: string, process: Process, asked: Asked, atMs: number): void {
    const silentMs = atMs - asked.burstSinceMs;
    const sinceMs = asked.sinceMs ?? atMs;
    const hasRefuge = asked.ways.some(
      (way) => process.of(way).answeredAtMs > sinceMs - REFUGE_FRESH_MS,
    );
    const refugeMaxMs = asked.isFast ? REFUGE_FAST_MAX_MS : REFUGE_MAX_MS;
    const isAwaited = hasRefuge && silentMs > refugeMaxMs && asked.isSteady(sinceMs);
    if (asked.isTold || (silentMs <= ALONE_MAX_MS && !isAwaited)) return;
    asked.isTold = true;
    const where = hasRefuge ? 'with another link that answers' : 'alone';
    const fault = `liveness: asked in vain for ${Math.round(silentMs)} ms, ${where}, and no verdict`;
    this.#report('lateVerdict', who, fault);
  }

  onArrived({ atMs, to, bytes }: Arrived): void {
    const probeId = this.#isSealed ? null : answerIn(bytes);
    const process = this.#processes.get(to);
    if (probeId === null || process === undefined) return;
    for (const [transportId, asked] of process.asked) {
      if (asked.answer(probeId, atMs) === true) this.#onBack(to, process, transportId, atMs);
    }
  }

  /** A silence is over. */
  #onBack(who: string, process: Process, transportId: number, atMs: number): void {
    const { activeId, mayClaim } = this.#around;
    const isSettled = atMs - process.unsettledAtMs > UNSETTLED_MS;
    const isRecent = atMs - process.dataAtMs <= RECENT_MS;
    if (activeId(who) !== transportId || !isRecent || !isSettled || !mayClaim(who)) return;
    process.owesStaySinceMs ??= atMs;
  }

  onSaid({ atMs, who, role, event }: Said): void {
    if (role !== 'device' || this.#isSealed) return;
    const process = this.#of(who);
    const { event: kind, to, reasonCode, detail } = event;
    if (kind === 'claim' || kind === 'refusal' || to === 'RECOVERING') {
      process.unsettledAtMs = atMs;
      process.owesStaySinceMs = null;
    }
    if (to === 'ATTACHED' || reasonCode === 'channel_rotated') process.handshakeAtMs = null;
    const isSilence = reasonCode === 'heartbeat_timeout' || reasonCode === 'one_way_out';
    if (to === 'RECOVERING' && isSilence) {
      this.#judgeVerdict(who, process, Number(detail['transportId']), atMs);
    }
  }

  #judgeVerdict(who: string, process: Process, transportId: number, atMs: number): void {
    const asked = process.of(transportId);
    const sinceMs = asked.sinceMs ?? atMs;
    const isAlone = asked.isAlone && this.#around.otherWays(who, transportId).length === 0;
    // Another endpoint over the same link is a way out once it has answered since.
    const ways = [...process.asked].filter(([id]) => id !== transportId);
    const hasWayOut = ways.some(([, way]) => way.answeredAtMs > sinceMs);
    if (!isAlone || hasWayOut || atMs - asked.answeredAtMs <= READ_MS) return;
    const silentMs = Math.round(atMs - sinceMs);
    const hasty = `liveness: the only link T${transportId} is given up ${silentMs} ms after the first question without an answer`;
    this.#report('onlyLinkPatience', who, silentMs < PATIENCE_MS ? hasty : null);
    const keyless = `liveness: the only link T${transportId} is given up, and no fresh keys were sought for ${silentMs} ms`;
    const isKeyless = process.handshakeAtMs === null && this.#around.maySeek(who);
    this.#report('keysSought', who, isKeyless ? keyless : null);
  }

  onSweep(atMs: number): void {
    for (const [who, process] of this.#processes) {
      const sinceMs = process.owesStaySinceMs;
      if (sinceMs === null || atMs - sinceMs <= STAY_MAX_MS) continue;
      process.owesStaySinceMs = null;
      const isAble = this.#around.mayClaim(who);
      const fault =
        'liveness: answers are back after a silence, data travels, and no claim to stay';
      this.#report('stayClaimed', who, isAble ? fault : null);
    }
  }

  onDeath(who: string): void {
    this.#processes.delete(who);
  }

  #of(who: string): Process {
    const known = this.#processes.get(who) ?? new Process();
    this.#processes.set(who, known);
    return known;
  }
}
