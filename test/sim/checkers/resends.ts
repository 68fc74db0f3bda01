/**
 * What is sent a second time, seen on the wire: only what the other end said it lacks, once for each time it said so,
 * young, under one of the two newest keypairs, before newer data, and at the pace of the way (`pace.ts`).
 *
 * Who asked for what is read from RECEIVED, so this is for runs with stand-in ciphers. That the bytes are the same is I12's
 * (`seals.ts`), where they go `wire.ts`'s.
 *
 * @module
 */

import type { SessionRecord } from '../../../session/hub/record.ts';
import { receivedState } from '../../../session/replay.ts';
import { isLater } from '../../../session/resend/exchange.ts';
import { decodeFrame } from '../../../session/wire/decode.ts';
import type { LinkKind, Received } from '../../../session/wire/frames.ts';
import {
  MESSAGE_TYPE,
  TRANSPORT_BYTES_MIN,
  TRANSPORT_HEADER_BYTES,
} from '../../../session/wire/messages.ts';
import { counterOf, receiverOf } from '../../../session/wire/transport.ts';
import { Pace } from './pace.ts';
import type { Report, Said, Sent, Watch } from './watch.ts';

const TAG_BYTES = TRANSPORT_BYTES_MIN - TRANSPORT_HEADER_BYTES;
/** What a process seals it sends within the same turn; a machine may be slow. */
const TURN_MS = 50;
/** Remembered longer than anything may be sent again. */
const REMEMBERED_MS = 30_000;
/** An end waits so long for RECEIVED behind its answer (session/resend/resending.ts). */
const AWAITED_MS = 50;

const NO_EXCHANGE = { stateVersion: -1, round: 0 } as const;

interface Data {
  readonly sentAtMs: number;
  again: number;
  /** When and where to it went last. */
  last: Pick<Sent, 'atMs' | 'target'>;
}

/** One sender's keypair. */
interface Lane {
  /** Who holds the other half, as soon as something tells: an address may be one that a NAT has forgotten. */
  to: string | null;
  /** New data goes out under one keypair after the other: the highest is the current one. 0: none went. */
  order: number;
  readonly sent: Map<number, Data>;
  /** By exchange. */
  readonly told: Map<string, Received[]>;
  counterMax: number;
}

/** One sender towards one receiver. */
interface Way {
  readonly pace: Pace;
  /** Under the present binding: the keypair of what was sent again last, and whether new data came after it. */
  again: number | null;
  hasGoneOn: boolean;
  /** When the binding began, and whether the one before it delivered on. */
  sinceMs: number;
  isPlanned: boolean;
  /** The newest one that it was told of. */
  exchange: Pick<Received, 'stateVersion' | 'round'>;
}

/** The kind of the link of a transport of that device; what leads to no link at all may be as fast as any. */
export type KindOf = (device: string, transportId: number) => LinkKind;

export class Resends implements Watch {
  readonly #report: Report;
  readonly #isReadable: boolean;
  readonly #maxAgeMs: number;
  readonly #kindOf: KindOf;
  readonly #lanes = new Map<string, Lane>();
  readonly #ways = new Map<string, Way>();
  /** By device: versions of its claims whose old binding delivers on. */
  readonly #planned = new Map<string, Set<number>>();
  /** Of the newest datagram. */
  #nowMs = 0;
  #orders = 0;

  /** @param maxAgeMs the most that any policy of the run allows. */
  constructor(report: Report, isReadable: boolean, maxAgeMs: number, kindOf: KindOf) {
    this.#report = report;
    this.#isReadable = isReadable;
    this.#maxAgeMs = maxAgeMs;
    this.#kindOf = kindOf;
  }

  onSent(sent: Sent): void {
    this.#nowMs = sent.atMs;
    if (!this.#isReadable || sent.bytes.length < TRANSPORT_BYTES_MIN) return;
    if (sent.bytes[0] === MESSAGE_TYPE.control) return this.#onControl(sent);
    if (sent.bytes[0] === MESSAGE_TYPE.data) this.#onData(sent);
  }

  onSaid({ who, role, event, atMs }: Said): void {
    const { purpose, trigger } = event.detail;
    const isPlanned = purpose !== undefined && purpose !== 'recovery';
    // To stay in DEGRADED is no transition: the claim says it.
    const isClaim = event.event === 'claim' && isPlanned;
    if (role === 'device' && event.reasonCode === 'session_created') this.#forgetSession(who);
    const isAnswer = purpose !== undefined && trigger !== undefined;
    if (role === 'device' && (isClaim || isAnswer)) this.#beginAgain(who, atMs, isPlanned);
    if (role === 'device' && isClaim) this.#plannedOf(who).add(event.stateVersion);
    // Both ends exchange once more, whoever that is; a device hears of it later, and does not wait.
    if (event.reasonCode === 'nat_rebind') this.#beginAgain('', Number.NEGATIVE_INFINITY, false);
  }

  onLearned(hub: string, record: SessionRecord): void {
    this.#beginAgain(hub, this.#nowMs, record.claimPurpose !== 'recovery');
  }

  #beginAgain(who: string, atMs: number, isPlanned: boolean): void {
    for (const [name, way] of this.#ways) {
      if (who !== '' && !name.startsWith(`${who} `)) continue;
      Object.assign(way, { again: null, hasGoneOn: false, sinceMs: atMs, isPlanned });
    }
  }

  onDeath(who: string): void {
    for (const map of [this.#lanes, this.#ways]) {
      for (const key of map.keys()) if (key.startsWith(`${who} `)) map.delete(key);
    }
  }

  onSweep(atMs: number): void {
    for (const { sent } of this.#lanes.values()) {
      for (const [counter, { sentAtMs }] of sent) {
        if (sentAtMs >= atMs - REMEMBERED_MS) break;
        sent.delete(counter);
      }
    }
  }

  /** What the other end said it received: from now on it may be sent the rest. */
  #onControl({ from, bytes, to }: Sent): void {
    const frame = decodeFrame(bytes.subarray(TRANSPORT_HEADER_BYTES, bytes.length - TAG_BYTES));
    if (!frame.ok || frame.value.type !== 'received') return;
    const { keypairIndex, stateVersion, round } = frame.value;
    const lane = this.#lane(`${to} ${keypairIndex}`);
    lane.to ??= from;
    const { told } = lane;
    const name = `${stateVersion} ${round}`;
    told.set(name, [...(told.get(name) ?? []), frame.value]);
    if (to === null) return;
    const way = this.#way(`${to} ${from}`);
    way.pace.asked(name, frame.value.bytesPerSecond);
    if (isLater(frame.value, way.exchange)) this.#beginExchange(way, frame.value, from, to);
  }

  /** A rebind may come between a claim and its answer: what the claim asks for then is the middle of nothing. */
  #beginExchange(way: Way, { stateVersion, round }: Received, from: string, to: string): void {
    way.exchange = { stateVersion, round };
    way.again = null;
    const isPlanned = [from, to].some((who) => this.#planned.get(who)?.has(stateVersion) === true);
    if (round === 0 && isPlanned) way.isPlanned = true;
  }

  /** Versions begin again. */
  #forgetSession(device: string): void {
    this.#planned.delete(device);
    for (const [name, way] of this.#ways) {
      if (name.split(' ').includes(device)) way.exchange = NO_EXCHANGE;
    }
  }

  #plannedOf(who: string): Set<number> {
    const planned = this.#planned.get(who) ?? new Set();
    this.#planned.set(who, planned);
    return planned;
  }

  #onData(sent: Sent): void {
    const { from, to, bytes, atMs, isUp, target } = sent;
    const receiver = receiverOf(bytes);
    const counter = counterOf(bytes);
    const lane = this.#lane(`${from} ${receiver}`);
    const before = lane.sent.get(counter);
    const last = { atMs, target };
    if (before === undefined) lane.sent.set(counter, { sentAtMs: atMs, again: 0, last });
    else {
      // A hub that does not know yet where its binding is sends to both addresses (`rebinds.ts`).
      const isToBoth = !isUp && before.last.atMs === atMs && before.last.target !== target;
      before.last = last;
      if (isToBoth) {
        lane.to = to ?? lane.to;
        const isNew = before.again === 0 && counter === lane.counterMax;
        if (isNew && lane.to !== null) this.#way(`${from} ${lane.to}`).hasGoneOn = true;
        return;
      }
    }
    const isNew = counter > lane.counterMax;
    lane.counterMax = Math.max(lane.counterMax, counter);
    if (isNew) lane.order = this.#orders += 1;
    lane.to = to ?? lane.to;
    // Nobody can tell yet whom a keypair is shared with whose data all went to a forgotten address.
    if (lane.to === null) return;
    const way = this.#way(`${from} ${lane.to}`);
    if (isNew) {
      way.hasGoneOn = true;
      return;
    }
    // What a link without carrier did not take is seen here for the first time.
    if (before === undefined) return;
    this.#judge(from, lane, way, before, counter, receiver, atMs, isUp);
    this.#judgePace(way.pace, lane.to, counter, sent);
  }

  #judge(
    from: string,
    lane: Lane,
    way: Way,
    before: Data,
    counter: number,
    receiver: number,
    atMs: number,
    isUp: boolean,
  ): void {
    const wrong = (checker: string, sentence: string) =>
      this.#report(checker, from, `I5: counter ${counter} again, ${sentence}`);
    const ageMs = atMs - before.sentAtMs;
    if (ageMs > this.#maxAgeMs + TURN_MS) {
      wrong('resentIsYoung', `${Math.floor(ageMs)} ms after it was sent`);
    }
    if (this.#isGivenUp(from, lane)) {
      wrong('resentKeypair', 'under a keypair that is neither the current nor the previous');
    }
    const asked = [...lane.told].filter(([, frames]) =>
      frames.some((frame) => receivedState(frame, counter) === 'missing'),
    );
    before.again += 1;
    if (asked.length === 0) return wrong('resentIsAsked', 'and nobody said it is missing');
    if (before.again > asked.length) {
      wrong('resentOnce', `for the time ${before.again}, and asked for ${asked.length} times`);
    }
    const { again, hasGoneOn, sinceMs, isPlanned } = way;
    way.again = receiver;
    way.hasGoneOn = false;
    if (isPlanned || !hasGoneOn) return;
    if (again === receiver) {
      wrong('olderFirst', 'after newer data, in the middle of what is sent again');
    }
    // Who attaches waits for nothing; what was sent since then is asked for by a rebind.
    const isAwaited = isUp && before.sentAtMs < sinceMs && atMs - sinceMs < AWAITED_MS;
    if (isAwaited && again === null) wrong('olderFirst', 'after newer data, which did not wait');
  }

  #judgePace(
    pace: Pace,
    to: string,
    counter: number,
    { from, isUp, transportId, bytes, atMs }: Sent,
  ): void {
    const kind = this.#kindOf(isUp ? from : to, transportId);
    const hasty = pace.again(bytes.length, kind, atMs);
    const fault = hasty === null ? null : `I11: counter ${counter} again, ${hasty}`;
    this.#report('resentPaced', from, fault);
  }

  /** Whether new data went out under two newer keypairs. */
  #isGivenUp(from: string, { to, order }: Lane): boolean {
    let newer = 0;
    for (const [key, lane] of this.#lanes) {
      if (lane.to === to && lane.order > order && key.startsWith(`${from} `)) newer += 1;
    }
    return newer >= 2;
  }

  #lane(key: string): Lane {
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    const lane: Lane = { to: null, order: 0, sent: new Map(), told: new Map(), counterMax: -1 };
    this.#lanes.set(key, lane);
    return lane;
  }

  #way(key: string): Way {
    const known = this.#ways.get(key);
    if (known !== undefined) return known;
    const way: Way = {
      pace: new Pace(),
      again: null,
      hasGoneOn: false,
      sinceMs: 0,
      isPlanned: false,
      exchange: NO_EXCHANGE,
    };
    this.#ways.set(key, way);
    return way;
  }
}
