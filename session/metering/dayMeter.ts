/**
 * What passed over one link in one UTC day, against a budget, by a wall clock that may jump.
 *
 * A budget is fresh when the wall clock shows a day that it has not shown before, or when 24 hours have passed since
 * the last fresh one, by a clock that cannot jump. So
 *
 * - a clock that goes back gives no day's budget twice, whether it comes forward again or not;
 * - a clock that was far ahead once (a year after the next battery) does not withhold the budget until that year;
 * - a day that is long, because its clock went back, ends after 24 hours and has then used up the next day's.
 *
 * What is durable is a ceiling at or above what was counted, raised in blocks: sixteen writes see a budget out, and a
 * power cut charges what is left of a block. It never gives bytes back.
 *
 * Refuses to know about clocks, links and flash: numbers come in, numbers go out. `add` allocates nothing.
 *
 * @module
 */

export const DAY_MS = 86_400_000;
/** Of a budget that one write reserves (chosen): what a power cut may cost of it. */
const BLOCKS = 16;
/** How long the 24 hours may run without being written down (chosen): four writes a day where nothing is spent. */
const SAVE_MS = 21_600_000;

/** What survives a reboot. */
export interface DaySpending {
  /** The newest day whose budget was given, counted from 1970-01-01. */
  readonly day: number;
  /** At or above what was counted. */
  readonly bytes: number;
  /** Since that budget was fresh, while the process ran. */
  readonly lastedMs: number;
}

export class DayMeter {
  /** Bytes of this day, IP headers included. */
  bytes = 0;
  #budgetBytes: number;
  #day: number | null = null;
  #lastedMs = 0;
  #seenAtMs: number | null = null;
  #durable: DaySpending | null = null;
  #isSettled = false;
  /** Of a fresh budget nothing is durable yet, whatever day number the last one had. */
  #isFresh = false;

  /** @param budgetBytes of a day; 0: none, nothing is ever spent and nothing has to be durable. */
  constructor(budgetBytes: number, remembered: DaySpending | null) {
    this.#budgetBytes = budgetBytes;
    if (remembered !== null) this.#remember(remembered);
  }

  #remember(remembered: DaySpending): void {
    this.#durable = remembered;
    this.#day = remembered.day;
    this.bytes += remembered.bytes;
    this.#lastedMs = Math.max(this.#lastedMs, remembered.lastedMs);
  }

  get budgetBytes(): number {
    return this.#budgetBytes;
  }

  /**
   * Another budget for the day that runs: what was counted stays, with or without a budget.
   * @param remembered what an earlier process left on flash, where nobody has looked until now; null: nothing.
   */
  setBudget(budgetBytes: number, remembered: DaySpending | null): void {
    this.#budgetBytes = budgetBytes;
    // Without a budget nothing more is written of it: what flash holds may be of long ago.
    if (budgetBytes === 0) this.#durable = null;
    // Of a day that is over nothing counts; of one that the clock has not shown yet all of it does.
    if (remembered !== null && remembered.day >= (this.#day ?? 0)) this.#remember(remembered);
  }

  add(bytes: number): void {
    this.bytes += bytes;
  }

  get isSpent(): boolean {
    return this.budgetBytes > 0 && this.bytes >= this.budgetBytes;
  }

  /** Time passed: `wallMs` may have jumped, `monotonicMs` has not. A new day begins here and nowhere else. */
  onTime(wallMs: number, monotonicMs: number): void {
    this.#lastedMs += Math.max(0, monotonicMs - (this.#seenAtMs ?? monotonicMs));
    this.#seenAtMs = monotonicMs;
    const today = Math.max(0, Math.floor(wallMs / DAY_MS));
    if (this.#day === null) this.#day = today;
    else if (today > this.#day) this.#begin(today);
    else if (this.#lastedMs >= DAY_MS) this.#begin(today === this.#day ? today + 1 : this.#day);
  }

  #begin(day: number): void {
    this.#day = day;
    this.bytes = 0;
    this.#lastedMs = 0;
    this.#isFresh = true;
  }

  /** Whether what is durable will not do much longer. */
  get isDue(): boolean {
    if (this.budgetBytes === 0 || this.#day === null || this.#isSettled) return false;
    const durable = this.#durable;
    if (durable === null || this.#isFresh) return true;
    return this.#isShort || this.#lastedMs - durable.lastedMs >= SAVE_MS;
  }

  /** Half of the block is used up; a budget that is spent needs no more of them. */
  get #isShort(): boolean {
    const { bytes = 0 } = this.#durable ?? {};
    return bytes < this.budgetBytes && this.bytes + this.#blockBytes / 2 > bytes;
  }

  get #blockBytes(): number {
    return Math.ceil(this.budgetBytes / BLOCKS);
  }

  /** What to make durable: as it is, or with a new reserve where that is due. Null: there is no budget. */
  reserve(): DaySpending | null {
    if (this.budgetBytes === 0 || this.#day === null) return null;
    const isNewDay = this.#durable === null || this.#isFresh;
    const ceiling = isNewDay || this.#isShort ? this.bytes + this.#blockBytes : this.#ceiling;
    return this.#save(ceiling);
  }

  /**
   * What to make durable at the end: exactly what was counted. Null: there is no budget.
   *
   * Nothing is due after that, or the end would be charged a block: what passes until the process is gone goes free.
   */
  settle(): DaySpending | null {
    if (this.budgetBytes === 0 || this.#day === null) return null;
    this.#isSettled = true;
    return this.#save(this.bytes);
  }

  get #ceiling(): number {
    return Math.max(this.bytes, this.#durable?.bytes ?? 0);
  }

  #save(bytes: number): DaySpending {
    this.#isFresh = false;
    this.#durable = { day: this.#day ?? 0, bytes, lastedMs: this.#lastedMs };
    return this.#durable;
  }
}
