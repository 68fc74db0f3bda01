/**
 * Equal values become one number, exactly: no hashing that might take two states for one.
 *
 * @module
 */
import { bytesToHex } from '../../../session/bytes.ts';

/** Text of a plain value; byte arrays as hex. Values are built in one place each, so key order is theirs. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part instanceof Uint8Array ? bytesToHex(part) : part,
  );
}

export class Interner<Value extends object | null> {
  readonly #numbers = new Map<string, number>();
  readonly #values: Value[] = [];
  /** Spares the text of what was handed out by {@link at}. */
  readonly #byIdentity = new WeakMap<object, number>();

  /** The number of everything that reads like `value`; the first such value is kept. */
  add(value: Value, text?: string): number {
    const same = value === null ? undefined : this.#byIdentity.get(value);
    if (same !== undefined) return same;
    const key = text ?? textOf(value);
    const number = this.#numbers.get(key) ?? this.#values.length;
    if (number === this.#values.length) {
      this.#numbers.set(key, number);
      this.#values.push(value);
      if (value !== null) this.#byIdentity.set(value, number);
    }
    return number;
  }

  /** The number of what has this text; null if nothing has. */
  find(text: string): number | null {
    return this.#numbers.get(text) ?? null;
  }

  at(number: number): Value {
    const value = this.#values[number];
    if (value === undefined) throw new Error(`nothing has the number ${number}`);
    return value;
  }

  get size(): number {
    return this.#values.length;
  }
}

/** Pairs of numbers below 2^26 become numbers again; so a state of several parts has one exact number. */
export class Pairs {
  readonly #numbers = new Map<number, number>();

  add(left: number, right: number): number {
    if (left >= 2 ** 26 || right >= 2 ** 26) throw new Error('more parts than a pair can hold');
    const key = left * 2 ** 26 + right;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.#numbers.size);
    return this.#numbers.size - 1;
  }

  /** How many were added; used to tell a fresh pair. */
  get size(): number {
    return this.#numbers.size;
  }
}
