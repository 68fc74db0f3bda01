/**
 * ◆ Claims and answers (I5, I1): a refusal counts only against the claim that was refused, and a plan that came to
 * nothing is undone by a newer claim, or it may be committed long after it was forgotten.
 *
 * Source: docs/protocol.md, "state_version, claims and answers".
 *
 * @module
 */
import type { SessionRecord } from '../../../session/hub/record.ts';
import { decodeFrame } from '../../../session/wire/decode.ts';
import {
  MESSAGE_TYPE,
  TRANSPORT_BYTES_MIN,
  TRANSPORT_HEADER_BYTES,
} from '../../../session/wire/messages.ts';
import type { Report, Said, Sent, Watch } from './watch.ts';

/** A plan is given up after 1.5 s; a slow flash or a wait that the hub asked for may come on top (chosen). */
const PLAN_MAX_MS = 12_000;
/** A REJECT is longer: what is shorter need not be read. */
const REJECT_BYTES_MIN = 64;
const TAG_BYTES = TRANSPORT_BYTES_MIN - TRANSPORT_HEADER_BYTES;
/** What settles a claim, whichever way. */
const SETTLING: readonly unknown[] = [
  'attach_accepted',
  'reattach_accepted',
  'switch_abandoned',
  'switch_abandoned_degraded',
];

interface Open {
  readonly version: number;
  readonly nonce: unknown;
  readonly isPlan: boolean;
  readonly atMs: number;
}

export class Answers implements Watch {
  readonly #report: Report;
  /** What the store holds for the device that runs on a machine. */
  readonly #recordOf: (who: string) => SessionRecord | null;
  /** The device's monotonic clock; null: it sleeps or does not run. */
  readonly #clockMs: (who: string) => number | null;
  /** How much of the time since then its machine slept. */
  readonly #sleptMs: (who: string, sinceMs: number) => number;
  /** By machine. */
  readonly #open = new Map<string, Open>();
  /** Nonces of claims that a hub's REJECT named; null where frames cannot be read from outside. */
  readonly #refused: Set<unknown> | null;

  /** @param isSealed with real ciphers: nobody outside can read what a hub refuses. */
  constructor(
    report: Report,
    isSealed: boolean,
    recordOf: (who: string) => SessionRecord | null,
    clockMs: (who: string) => number | null,
    sleptMs: (who: string, sinceMs: number) => number,
  ) {
    this.#report = report;
    this.#refused = isSealed ? null : new Set();
    this.#recordOf = recordOf;
    this.#clockMs = clockMs;
    this.#sleptMs = sleptMs;
  }

  /** The hub's log tells bursts of refusals, not each of them: the frames do. */
  onSent({ from, to, isUp, bytes }: Sent): void {
    const isControl = bytes[0] === MESSAGE_TYPE.control;
    if (this.#refused === null || isUp || !isControl || bytes.length < REJECT_BYTES_MIN) return;
    const frame = decodeFrame(bytes.subarray(TRANSPORT_HEADER_BYTES, bytes.length - TAG_BYTES));
    if (!frame.ok || frame.value.type !== 'reject') return;
    const { claim, reasonCode } = frame.value;
    this.#refused.add(claim.nonce);
    const record = to === null ? null : this.#recordOf(to);
    const isCommitted = record?.claim.nonce === claim.nonce && record.terminated === null;
    const isStale = reasonCode === 'stale_state_version' && record?.owner === from;
    const fault = `I5: version ${claim.stateVersion} is committed, and its repeat is refused`;
    this.#report('repeatAnswered', from, isCommitted && isStale ? fault : null);
  }

  onSaid({ who, role, event }: Said): void {
    if (role === 'hub') return;
    const { detail, stateVersion, atMs } = event;
    if (event.event === 'claim') {
      const isPlan = detail['purpose'] === 'planned' || detail['purpose'] === 'quality';
      this.#open.set(who, { version: stateVersion, nonce: detail['nonce'], isPlan, atMs });
    }
    // Waits for a slot of its own are refusals, too; only the hub's say whether they are fatal.
    if (event.event === 'refusal' && detail['fatal'] !== undefined) {
      this.#judgeRefusal(who, event.reasonCode);
    }
    const isEnd = event.to === 'RECOVERING' || event.to === 'TERMINATED';
    if (event.event === 'switch' || isEnd || SETTLING.includes(detail['trigger'])) {
      this.#open.delete(who);
    }
  }

  #judgeRefusal(who: string, reasonCode: string): void {
    const open = this.#open.get(who);
    this.#open.delete(who);
    if (open === undefined || this.#refused === null) return;
    const isOurs = this.#refused.has(open.nonce);
    const fault = `I5: ${reasonCode} counts for version ${open.version}, which no hub refused`;
    this.#report('refusalOfItsClaim', who, isOurs ? null : fault);
  }

  onSweep(): void {
    for (const [who, { isPlan, atMs, version }] of this.#open) {
      const clockMs = this.#clockMs(who);
      if (!isPlan || clockMs === null) continue;
      const openMs = clockMs - atMs;
      if (openMs <= PLAN_MAX_MS + this.#sleptMs(who, atMs)) continue;
      const fault = `I1: the plan of version ${version} is neither answered nor undone for ${Math.round(openMs)} ms`;
      this.#report('planUndone', who, fault);
      this.#open.delete(who);
    }
  }

  onDeath(who: string): void {
    this.#open.delete(who);
  }
}
