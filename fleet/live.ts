/**
 * What changes, to whoever watches (`/api/live`), as server-sent events: the overview once a second, devices as they change.
 *
 * A watcher may say which devices it shows, by what it asks (`Live.sees`): then it hears of those alone, and of each of them as soon
 * as it changes, however many others do. What changes between that answer and the begin of the stream comes first of all.
 *
 * A watcher that does not keep up gets the newest of each device and not a longer queue. The `id` of an event says how far
 * the watcher has come; one that returns with it gets the devices that are another since, as long as this process lives.
 *
 * @module
 */
import type { Device } from './device.ts';
import type { Overview } from './overview.ts';
import { rowOf } from './rows.ts';

/** Watchers at a time (chosen): a wall of screens. */
export const WATCHERS_MAX = 64;
const TICK_MS = 250;
/** A quarter of the 50 a second that whoever hears of all devices is told to expect. */
const DEVICES_A_TICK = 12;
/** A page of the list: of what a watcher shows all may change at once. */
const SHOWN_A_TICK = 100;
const TICKS_A_SECOND = 4;
/** The page takes 30 s of silence for a broken stream. */
const KEEPALIVE_TICKS = 10 * TICKS_A_SECOND;
/** Bytes that wait for a watcher before it is skipped. */
const WAITING_MAX = 65_536;
/** A watcher that takes nothing for so long is gone. */
const STUCK_TICKS = 60 * TICKS_A_SECOND;

export interface LiveParts {
  readonly overview: () => Overview;
  readonly devices: ReadonlyMap<string, Device>;
  /** Number of the last change of any device. */
  readonly shownId: () => number;
  /** Random name of this process: ids of another mean nothing here. */
  readonly run: string;
}

/** How a watcher names itself: 16 hex digits of its own choice. */
export const WATCHER_NAME = /^[0-9a-f]{16}$/;
/** Answers to watchers whose stream has not begun (chosen). */
const ANSWERED_MAX = 2 * WATCHERS_MAX;

/** What a watcher shows. */
interface Sight {
  readonly names: ReadonlySet<string>;
  /** How far the answer had come that it has them from. */
  readonly shownId: number;
}

interface Watcher {
  /** Null: it has none. */
  readonly name: string | null;
  /** The devices that it shows; null: it has not said, and hears of all. */
  names: ReadonlySet<string> | null;
  readonly send: (text: string) => void;
  readonly room: () => number;
  readonly close: () => void;
  /** Ends its connection, whether it reads or not; null: there is none. */
  readonly abort: (() => void) | null;
  /** Names of devices on which something happened; they go first. */
  readonly changed: Set<string>;
  /** Names of those that only reported again. */
  readonly refreshed: Set<string>;
  quietTicks: number;
  stuckTicks: number;
}

const utf8 = new TextEncoder();

export class Live {
  readonly #parts: LiveParts;
  readonly #watchers = new Set<Watcher>();
  /** By the names of watchers whose stream has not begun, the newest last. */
  readonly #answered = new Map<string, Sight>();
  #timer: Timer | null = null;
  #ticks = 0;
  #sentId = -1;

  constructor(parts: LiveParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#watchers.size;
  }

  /** A device is shown otherwise; `isChanged`: by more than newer figures. */
  onShown({ name }: Device, isChanged: boolean): void {
    for (const { names, changed, refreshed } of this.#watchers) {
      if (names !== null && !names.has(name)) continue;
      if (isChanged) {
        refreshed.delete(name);
        changed.add(name);
      } else if (!changed.has(name)) refreshed.add(name);
    }
  }

  /**
   * A watcher is answered with these devices as they are at this moment, and shows no others from now on. Its stream may begin
   * later.
   */
  sees(name: string, devices: readonly string[]): void {
    const sight = { names: new Set(devices), shownId: this.#parts.shownId() };
    const watcher = this.#named(name);
    if (watcher === undefined) {
      this.#answered.delete(name);
      this.#answered.set(name, sight);
      for (const oldest of this.#answered.keys()) {
        if (this.#answered.size <= ANSWERED_MAX) break;
        this.#answered.delete(oldest);
      }
      return;
    }
    watcher.names = sight.names;
    for (const waiting of [watcher.changed, watcher.refreshed]) {
      for (const device of waiting) if (!sight.names.has(device)) waiting.delete(device);
    }
  }

  /**
   * Null: too many watch already.
   *
   * @param name of the watcher, as in {@link Live.sees}; a stream of the same name that is still open is over.
   * @param abort ends the connection of a watcher that reads no more: the end of a stream would wait behind what it does not read.
   */
  watch(
    lastId: string | null,
    name: string | null = null,
    abort: (() => void) | null = null,
  ): ReadableStream<Uint8Array> | null {
    const before = name === null ? undefined : this.#named(name);
    if (before !== undefined) {
      this.#leave(before);
      before.close();
      if (before.room() <= 0) before.abort?.();
    }
    if (this.#watchers.size >= WATCHERS_MAX) return null;
    const sight = this.#answered.get(name ?? '');
    if (sight !== undefined) this.#answered.delete(name ?? '');
    let watcher: Watcher | null = null;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          watcher = {
            name,
            names: sight?.names ?? null,
            send: (text) => controller.enqueue(utf8.encode(text)),
            room: () => controller.desiredSize ?? 0,
            close: () => controller.close(),
            abort,
            changed: sight === undefined ? this.#changedSince(lastId) : this.#changedIn(sight),
            refreshed: new Set(),
            ...{ quietTicks: 0, stuckTicks: 0 },
          };
          this.#watchers.add(watcher);
          this.#sendOverview([watcher]);
          this.#timer ??= setInterval(() => this.tick(), TICK_MS);
        },
        cancel: () => this.#leave(watcher),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: WAITING_MAX }),
    );
  }

  close(): void {
    for (const watcher of this.#watchers) {
      this.#leave(watcher);
      watcher.close();
    }
  }

  /** Four times a second while somebody watches. */
  tick(): void {
    this.#ticks += 1;
    const free = [...this.#watchers].filter((watcher) => this.#isFree(watcher));
    const isSecond = this.#ticks % TICKS_A_SECOND === 0;
    if (isSecond && this.#sentId !== this.#parts.shownId()) {
      this.#sentId = this.#parts.shownId();
      this.#sendOverview(free);
    }
    for (const watcher of free) {
      this.#sendDevices(watcher);
      watcher.quietTicks += 1;
      if (watcher.quietTicks >= KEEPALIVE_TICKS) this.#sendOverview([watcher]);
    }
  }

  #isFree(watcher: Watcher): boolean {
    if (watcher.room() > 0) {
      watcher.stuckTicks = 0;
      return true;
    }
    watcher.stuckTicks += 1;
    if (watcher.stuckTicks < STUCK_TICKS) return false;
    // It counts until its connection is closed: who never reads would else leave sockets without end.
    if (watcher.abort !== null) {
      if (watcher.stuckTicks === STUCK_TICKS) watcher.abort();
      return false;
    }
    this.#leave(watcher);
    watcher.close();
    return false;
  }

  #sendOverview(watchers: readonly Watcher[]): void {
    if (watchers.length === 0) return;
    const data = JSON.stringify(this.#parts.overview());
    for (const watcher of watchers) this.#send(watcher, 'overview', data);
  }

  #sendDevices(watcher: Watcher): void {
    let room = watcher.names === null ? DEVICES_A_TICK : SHOWN_A_TICK;
    for (const names of [watcher.changed, watcher.refreshed]) {
      for (const name of names) {
        if (room <= 0) return;
        names.delete(name);
        const device = this.#parts.devices.get(name);
        if (device === undefined) continue;
        room -= 1;
        this.#send(watcher, 'device', JSON.stringify({ name, row: rowOf(device) }));
      }
    }
  }

  #send(watcher: Watcher, event: 'overview' | 'device', data: string): void {
    const { run, shownId } = this.#parts;
    const waiting = watcher.changed.size + watcher.refreshed.size;
    // While something waits, the watcher has not come so far.
    const id = waiting === 0 ? `id: ${run}-${shownId()}\n` : '';
    try {
      watcher.send(`${id}event: ${event}\ndata: ${data}\n\n`);
      watcher.quietTicks = 0;
    } catch {
      this.#leave(watcher); // it went in this moment
    }
  }

  #changedSince(lastId: string | null): Set<string> {
    const [run, id] = (lastId ?? '').split('-');
    const names = new Set<string>();
    if (run !== this.#parts.run || !/^\d{1,15}$/.test(id ?? '')) return names;
    for (const { name, shownId } of this.#parts.devices.values()) {
      if (shownId > Number(id)) names.add(name);
    }
    return names;
  }

  #changedIn({ names, shownId }: Sight): Set<string> {
    const isNewer = (name: string) => (this.#parts.devices.get(name)?.shownId ?? 0) > shownId;
    return new Set([...names].filter(isNewer));
  }

  #named(name: string): Watcher | undefined {
    return [...this.#watchers].find((watcher) => watcher.name === name);
  }

  #leave(watcher: Watcher | null): void {
    if (watcher !== null) this.#watchers.delete(watcher);
    if (this.#watchers.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}
