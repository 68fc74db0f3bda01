/**
 * The events of a device on their way to the broker: numbered, kept while it is away, sent in order, none of them lost in silence.
 *
 * Knows no clock and no connection: the reporter asks what to send next and says what became of it. In memory are at most
 * {@link MEMORY_BYTES_MAX}, what is sent included; what waits longer than {@link FIRST_BATCH_MS} goes to the store, if there is one.
 *
 * @module
 */
import type { AuditRow } from '../../hal/linux/auditLog.ts';
import { eventLine, type Gap } from './document.ts';
import { isEventKind, isRoutine, rankOf, toDrop } from './keep.ts';
import { Limit } from './limit.ts';
import { decodeLines, type LineValue } from './line.ts';
import type { Batched, EventStore } from './store.ts';

/** Chosen: some forty events, and so much is written in a minute at most. */
export const MEMORY_BYTES_MAX = 16_384;
/** What happens together is one batch (chosen); a power cut before it costs what is in it. */
export const FIRST_BATCH_MS = 10_000;
/** Between two batches (chosen): bounds how much is written a day. */
export const BATCH_MS = 60_000;
/** With the broker and not acknowledged (chosen): a backlog goes out in eighths of the round trips. */
export const IN_FLIGHT_MAX = 8;

export interface Outgoing {
  readonly seq: number;
  readonly fields: LineValue;
  readonly gap: Gap | null;
}

interface Waiting extends Batched {
  readonly bytes: number;
  readonly atMs: number;
}

/** What becomes of events, counted since this process began. */
export interface EventFigures {
  /** Neither acknowledged nor refused, in memory and on flash. */
  readonly waiting: number;
  readonly memoryBytes: number;
  readonly flashBytes: number;
  readonly acknowledged: number;
  /** By why, each code from the start. */
  readonly dropped: Readonly<Record<'memory_full' | 'flash_full' | 'refused', number>>;
  /** Numbers that the start found taken by a power cut or a kill: at most so many were events. */
  readonly cut: number;
}

interface InFlight {
  readonly seq: number;
  isSettled: boolean;
}

export class EventStream {
  sent = 0;
  /** Refused by the broker: they are not sent again. */
  refused = 0;
  readonly #boot: string;
  readonly #stream: string;
  readonly #store: EventStore | null;
  readonly #limit = new Limit();
  #next: number;
  #done: number;
  #waiting: Waiting[] = [];
  #inFlight: InFlight[] = [];
  #dropped = 0;
  #batchedAtMs = Number.NEGATIVE_INFINITY;

  /** @param memoryName of the numbers of this process, where there is no store. */
  constructor(boot: string, store: EventStore | null, memoryName: string) {
    this.#boot = boot;
    this.#store = store;
    this.#stream = store?.stream ?? memoryName;
    this.#next = store?.next ?? 1;
    this.#done = store?.done ?? 0;
  }

  /** For `jvpn status`. */
  status() {
    const store = this.#store;
    return {
      stream: this.#stream,
      seq: this.#next - 1,
      done: this.#done,
      sent: this.sent,
      dropped: this.#dropped + (store?.dropped ?? 0),
      refused: this.refused,
      memory_bytes: this.#bytes,
      stored_bytes: store?.bytes ?? 0,
      torn: store?.torn ?? 0,
      failures: store?.failures ?? 0,
      last_error: store?.lastError ?? null,
    };
  }

  /** For `/metrics`. */
  figures(): EventFigures {
    const store = this.#store;
    const stored = store?.countAbove(this.#done) ?? 0;
    return {
      waiting: this.#waiting.length + stored,
      memoryBytes: this.#bytes,
      flashBytes: store?.bytes ?? 0,
      acknowledged: this.sent,
      dropped: {
        memory_full: this.#dropped,
        flash_full: store?.droppedNow ?? 0,
        refused: this.refused,
      },
      cut: store?.cut ?? 0,
    };
  }

  /** When {@link tick} has something to write. */
  get batchAtMs(): number {
    const [oldest] = this.#waiting;
    if (oldest === undefined || this.#store === null) return Infinity;
    return Math.max(oldest.atMs + FIRST_BATCH_MS, this.#batchedAtMs + BATCH_MS);
  }

  /** @param onReady more may be sent, some time later. */
  add(row: AuditRow, nowMs: number, onReady: () => void): void {
    if (!isEventKind(row.event) || isRoutine(row.event, row.reason_code)) return;
    const rank = rankOf(row.event);
    const repeated = rank === 'lesser' ? this.#limit.admit(row.reason_code, nowMs) : 0;
    if (repeated === null) return;
    const seq = this.#next++;
    const place = { stream: this.#stream, boot: this.#boot, seq, repeated };
    const line = eventLine({ ...row, event: row.event }, place);
    this.#makeRoom(line.length, nowMs);
    this.#waiting.push({ seq, rank, line, bytes: line.length, atMs: nowMs });
    this.#store?.reserve(this.#next, onReady);
  }

  /** The next one to hand to the broker; null: none, or enough are under way. */
  take(): Outgoing | null {
    if (this.#inFlight.length >= IN_FLIGHT_MAX) return null;
    const before = this.#inFlight.at(-1)?.seq ?? this.#done;
    const found = this.#after(before);
    if (found === null) return null;
    this.#inFlight.push({ seq: found.seq, isSettled: false });
    return { ...found, gap: this.#gapBetween(before, found.seq) };
  }

  get isInFlight(): boolean {
    return this.#inFlight.length > 0;
  }

  /** The broker has it, or will not have it. Every one counts as done in the order of the numbers. */
  settle(seq: number, outcome: 'delivered' | 'refused'): void {
    const settled = this.#inFlight.find((one) => one.seq === seq && !one.isSettled);
    if (settled === undefined) return;
    settled.isSettled = true;
    if (outcome === 'delivered') this.sent += 1;
    else this.refused += 1;
    while (this.#inFlight[0]?.isSettled === true) this.#done = this.#inFlight.shift()!.seq;
    this.#waiting = this.#waiting.filter((one) => one.seq > this.#done);
    this.#store?.trim(this.#done);
  }

  /** The connection is gone: what was not acknowledged is sent again on the next. */
  forgetFlight(): void {
    this.#inFlight = [];
  }

  tick(nowMs: number): void {
    if (this.batchAtMs <= nowMs) this.#batch(nowMs);
  }

  /** In order: what is left waits for the next process. */
  close(): void {
    this.#store?.close(this.#waiting, this.#next, this.#done);
  }

  get #bytes(): number {
    return this.#waiting.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  #makeRoom(comingBytes: number, nowMs: number): void {
    const isFull = this.#bytes + comingBytes > MEMORY_BYTES_MAX;
    if (isFull && nowMs >= this.#batchedAtMs + BATCH_MS) this.#batch(nowMs);
    const gone = new Set(toDrop(this.#waiting, comingBytes, MEMORY_BYTES_MAX));
    if (gone.size === 0) return;
    this.#dropped += gone.size;
    this.#waiting = this.#waiting.filter((one) => !gone.has(one));
  }

  #batch(nowMs: number): void {
    if (this.#store === null || this.#waiting.length === 0) return;
    this.#batchedAtMs = nowMs;
    const stored = this.#store.append(this.#waiting, this.#done);
    this.#waiting = this.#waiting.filter(({ seq }) => !stored.has(seq));
  }

  /** Numbers rise: behind one that is not granted yet, none is. */
  #after(before: number): { readonly seq: number; readonly fields: LineValue } | null {
    const stored = this.#store?.after(before) ?? null;
    const waiting = this.#waiting.find(({ seq }) => seq > before);
    const isStored = stored !== null && (waiting === undefined || stored.seq < waiting.seq);
    const next = isStored ? stored : waiting;
    if (next === undefined || this.#store?.isGranted(next.seq) === false) return null;
    if ('fields' in next) return next;
    const [fields] = decodeLines(next.line).values;
    return fields === undefined ? null : { seq: next.seq, fields };
  }

  #gapBetween(before: number, seq: number): Gap | null {
    if (seq === before + 1) return null;
    const cuts = this.#store?.cuts ?? [];
    const [from, to] = [before + 1, seq - 1];
    const isCut = cuts.some(([first, last]) => from <= last && to >= first);
    return { from_seq: from, to_seq: to, why: isCut ? 'cut' : 'dropped' };
  }
}
