/**
 * How many changes of one device are remembered: a device that says without end that something happened must not push out the
 * history of all others. Pure.
 *
 * Beyond what a minute has room for, changes of one kind and reason become one, with their number, which is told when the next
 * minute of that device begins. States and presence are what bands are made of: of those the newest is told.
 *
 * @module
 */
import { type Change, COUNT_MAX } from './change.ts';

/** Rows of one device in a minute (chosen): a device with a bad link has ten. */
export const ROWS_A_MINUTE = 60;
/** Kinds and reasons that are told apart beyond that (chosen); of more of them the kind alone. */
const REASONS_MAX = 30;
const MINUTE_MS = 60_000;

interface Minute {
  readonly sinceMs: number;
  rows: number;
  /** What found no room, by kind and reason. */
  readonly withheld: Map<string, Change>;
}

/** @typeParam Key what a device is told from others by. */
export class ChangePace<Key> {
  readonly #minutes = new Map<Key, Minute>();

  /** What of `changes` is to be remembered now, and what was withheld before. */
  keep(device: Key, changes: readonly Change[], nowMs: number): readonly Change[] {
    if (changes.length === 0) return changes;
    const told: Change[] = [];
    const minute = this.#minuteOf(device, nowMs, told);
    for (const change of changes) {
      if (minute.rows < ROWS_A_MINUTE) {
        minute.rows += 1;
        told.push(change);
      } else withhold(minute, change);
    }
    return told;
  }

  /** Of devices that have been silent for a minute since: what was withheld of them. */
  settle(nowMs: number): ReadonlyMap<Key, readonly Change[]> {
    const late = new Map<Key, readonly Change[]>();
    for (const [device, { sinceMs, withheld }] of this.#minutes) {
      if (isWithin(sinceMs, nowMs)) continue;
      this.#minutes.delete(device);
      if (withheld.size > 0) late.set(device, [...withheld.values()]);
    }
    return late;
  }

  #minuteOf(device: Key, nowMs: number, told: Change[]): Minute {
    const known = this.#minutes.get(device);
    if (known !== undefined && isWithin(known.sinceMs, nowMs)) return known;
    told.push(...(known?.withheld.values() ?? []));
    const minute = { sinceMs: nowMs, rows: told.length, withheld: new Map<string, Change>() };
    this.#minutes.set(device, minute);
    return minute;
  }
}

/** A clock that is put back begins a minute, too. */
const isWithin = (sinceMs: number, nowMs: number) =>
  nowMs >= sinceMs && nowMs - sinceMs < MINUTE_MS;

function withhold({ withheld }: Minute, change: Change): void {
  const { kind, count } = change;
  const isBand = kind === 'state' || kind === 'presence';
  const fine = isBand ? kind : `${kind} ${change.reason}`;
  const isFine = isBand || withheld.has(fine) || withheld.size < REASONS_MAX;
  const key = isFine ? fine : kind;
  const before = withheld.get(key);
  withheld.delete(key);
  withheld.set(key, {
    ...change,
    reason: isFine ? change.reason : null,
    count: isBand ? 1 : Math.min(COUNT_MAX, (before?.count ?? 0) + count),
  });
}
