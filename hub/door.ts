/**
 * The door before the seats: how many handshakes and claims are worked on, and when cookies are asked.
 *
 * The buckets and slots are `session/hub/admission.ts`; here they are given this hub's numbers. Many
 * handshakes in a second put the hub under load: from then on an address has to prove itself first.
 *
 * Source: docs/protocol.md, "What a hub checks", check 0; WireGuard whitepaper §5.3.
 *
 * @module
 */
import { Admission, type AdmissionLimits } from '../session/hub/admission.ts';

/** A handshake costs about 0.5 ms, so this is a tenth of a core. Chosen. */
export const LOAD_HANDSHAKES_PER_SECOND = 200;
/** Over so much time it is measured: what comes at once before it is noticed holds up data for 25 ms. Chosen. */
const LOAD_WINDOW_MS = 250;
export const LOAD_HANDSHAKES_PER_WINDOW = (LOAD_HANDSHAKES_PER_SECOND * LOAD_WINDOW_MS) / 1_000;
/** Above this, even proven addresses wait: the data of those inside comes first. Chosen. */
export const HANDSHAKES_PER_SECOND_MAX = 1_000;
/**
 * Under load: cookies given out, and claims to have one that are checked. Each costs up to 0.1 ms in
 * TypeScript, so both together take a third of a core at most, and what is beyond is dropped unread: a
 * flood takes chances from newcomers, not the hub from those inside. Chosen.
 */
export const COOKIES_PER_SECOND_MAX = 1_500;
/** Chosen: cookies that go out at once hold up data for 15 ms. */
export const COOKIE_BURST_MS = 100;
/**
 * Of this thread's time, what handshakes may take, whatever one costs just now: much more on a small
 * machine, and in the first second of a process, whose code is not compiled yet. Chosen.
 */
export const WORK_MS_PER_SECOND = 500;
/** Of that, what may be spent at once before data gets its turn. Chosen. */
export const WORK_BURST_MS = 50;
/** Claims come from authenticated devices and are cheap; this only stops a runaway. Chosen. */
export const CLAIMS_PER_SECOND_MAX = 5_000;
const SECOND_MS = 1_000;

/** From the policy; the rest is chosen above. */
export interface DoorLimits {
  /** Handshakes of one network, and claims of one network. */
  readonly perPrefixPerSecond: number;
  readonly newSessionsPerSecond: number;
}

export class Door {
  readonly #handshakes: Admission;
  readonly #claims: Admission;
  readonly #cookies: Admission;
  readonly #proofs: Admission;
  readonly #unknown: Admission;
  readonly #work: { leftMs: number; atMs: number };
  #countedSinceMs: number;
  #counted = 0;
  #loadUntilMs: number;

  constructor(limits: DoorLimits, atMs: number) {
    const of = (perSecond: number) => admissionLimits(limits, perSecond);
    this.#handshakes = new Admission(atMs, of(HANDSHAKES_PER_SECOND_MAX));
    this.#claims = new Admission(atMs, of(CLAIMS_PER_SECOND_MAX));
    this.#cookies = new Admission(atMs, of(COOKIES_PER_SECOND_MAX), COOKIE_BURST_MS);
    this.#proofs = new Admission(atMs, of(COOKIES_PER_SECOND_MAX), COOKIE_BURST_MS);
    this.#unknown = new Admission(atMs, of(HANDSHAKES_PER_SECOND_MAX));
    this.#work = { leftMs: WORK_BURST_MS, atMs };
    this.#countedSinceMs = atMs;
    this.#loadUntilMs = atMs;
  }

  /** By another policy. What was used up before stays used up. */
  setLimits(limits: DoorLimits): void {
    this.#handshakes.setLimits(admissionLimits(limits, HANDSHAKES_PER_SECOND_MAX));
    this.#claims.setLimits(admissionLimits(limits, CLAIMS_PER_SECOND_MAX));
    this.#cookies.setLimits(admissionLimits(limits, COOKIES_PER_SECOND_MAX));
    this.#proofs.setLimits(admissionLimits(limits, COOKIES_PER_SECOND_MAX));
    this.#unknown.setLimits(admissionLimits(limits, HANDSHAKES_PER_SECOND_MAX));
  }

  /** Whether there is time for another initiation. One that took longer than was left is paid for later. */
  hasTime(atMs: number): boolean {
    const work = this.#work;
    const gainedMs = ((atMs - work.atMs) * WORK_MS_PER_SECOND) / SECOND_MS;
    work.leftMs = Math.min(WORK_BURST_MS, work.leftMs + gainedMs);
    work.atMs = atMs;
    return work.leftMs > 0;
  }

  /** An initiation took `spentMs` of our time, whatever came of it. */
  noteWork(spentMs: number): void {
    // A machine that stood still meanwhile owes a second's worth at most.
    this.#work.leftMs = Math.max(-WORK_MS_PER_SECOND, this.#work.leftMs - spentMs);
  }

  /** An initiation with a valid mac1 came. Whether cookies are asked for from here on. */
  noteArrival(atMs: number): boolean {
    if (atMs - this.#countedSinceMs >= LOAD_WINDOW_MS) {
      this.#countedSinceMs = atMs;
      this.#counted = 0;
    }
    this.#counted += 1;
    if (this.#counted > LOAD_HANDSHAKES_PER_WINDOW) this.#loadUntilMs = atMs + SECOND_MS;
    return this.isUnderLoad(atMs);
  }

  isUnderLoad(atMs: number): boolean {
    return atMs < this.#loadUntilMs;
  }

  /**
   * Whether an initiation is worth a look, asked before anything is computed: under load only so many are.
   * @param hasProof whether it claims to have a cookie.
   */
  isWorthReading(hasProof: boolean, atMs: number): boolean {
    if (!this.isUnderLoad(atMs)) return true;
    return !(hasProof ? this.#proofs : this.#cookies).isExhausted(atMs);
  }

  /** Under load: whether `source` may be given a cookie. */
  admitsCookie(source: string, atMs: number): boolean {
    return this.#cookies.isAdmitted(source, atMs);
  }

  /** Under load: whether the cookie that `source` claims to have is checked. */
  admitsProof(source: string, atMs: number): boolean {
    return this.#proofs.isAdmitted(source, atMs);
  }

  /** Whether an initiation from `source` is worth its cryptography. */
  admitsHandshake(source: string, atMs: number): boolean {
    return this.#handshakes.isAdmitted(source, atMs);
  }

  /** Whether `source` may be told that its channel is unknown: as many as may shake hands for it. */
  admitsUnknown(source: string, atMs: number): boolean {
    return this.#unknown.isAdmitted(source, atMs);
  }

  /** How long a claim has to wait; 0: judge it. A new session that waits has a slot of its own. */
  claimWaitMs(device: string, source: string, isNew: boolean, atMs: number): number {
    if (!this.#claims.isAdmitted(source, atMs)) return SECOND_MS;
    if (!isNew) return 0;
    const slot = this.#claims.newSession(device, atMs);
    return slot.isGranted ? 0 : Math.max(1, slot.retryAfterMs);
  }
}

function admissionLimits(
  { perPrefixPerSecond, newSessionsPerSecond }: DoorLimits,
  handshakesPerSecond: number,
): AdmissionLimits {
  return {
    handshakesPerPrefixPerSecond: perPrefixPerSecond,
    handshakesPerSecond,
    newSessionsPerSecond,
  };
}
