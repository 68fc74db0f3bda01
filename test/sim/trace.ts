/**
 * What happened, line by line, and the hash over all of it.
 *
 * @module
 */
import type { PacketFate, TraceLine } from './outcome.ts';

/** Kept where not everything is asked for. */
const KEPT_LINES = 400;

/** FNV-1a, 32 bits, twice with different begins: a replay that differs is noticed, nothing more. */
export class RunHash {
  #low = 0x811c9dc5;
  #high = 0x01000193;

  add(value: number): void {
    this.#low = Math.imul(this.#low ^ value, 0x01000193);
    this.#high = Math.imul(this.#high ^ (value >>> 7) ^ this.#low, 0x85ebca6b);
  }

  addTime(atMs: number): void {
    this.add((atMs * 8) | 0);
  }

  addText(text: string): void {
    for (let at = 0; at < text.length; at++) this.add(text.charCodeAt(at));
  }

  get hex(): string {
    const hex = (part: number) => (part >>> 0).toString(16).padStart(8, '0');
    return hex(this.#high) + hex(this.#low);
  }
}

export class Trace {
  readonly hash = new RunHash();
  /** Every line is kept, for somebody who reads them. */
  readonly isWhole: boolean;
  #lines: TraceLine[] = [];

  constructor(isWhole: boolean) {
    this.isWhole = isWhole;
  }

  note(atMs: number, who: string, text: string): void {
    this.hash.addTime(atMs);
    this.hash.addText(who);
    this.hash.addText(text);
    this.#keep({ kind: 'note', atMs, who, text });
  }

  /** `what` is asked for only where the line is kept for reading. */
  packet(
    bytes: Uint8Array,
    sentAtMs: number,
    arrivedAtMs: number | null,
    [from, to, link]: readonly [from: string, to: string, link: string],
    fate: PacketFate,
    what: (bytes: Uint8Array) => string,
  ): void {
    const { hash } = this;
    hash.addTime(sentAtMs);
    hash.addTime(arrivedAtMs ?? -1);
    hash.addText(fate);
    hash.add(bytes.length);
    hash.add(Bun.hash.xxHash32(bytes)); // of every byte, and fast
    this.#keep({
      kind: 'packet',
      sentAtMs,
      arrivedAtMs,
      from,
      to,
      link,
      what: what(bytes),
      fate,
    });
  }

  get lines(): readonly TraceLine[] {
    return this.isWhole ? this.#lines : this.#lines.slice(-KEPT_LINES);
  }

  #keep(line: TraceLine): void {
    this.#lines.push(line);
    if (!this.isWhole && this.#lines.length > 2 * KEPT_LINES) {
      this.#lines = this.#lines.slice(-KEPT_LINES);
    }
  }
}
