/**
 * A device whose events are watched: what happened, what a reader got, and what it was told is missing.
 *
 * @module
 */
import { eventDocument } from '../../../../agent/events/document.ts';
import { EventStore } from '../../../../agent/events/store.ts';
import { EventStream } from '../../../../agent/events/stream.ts';
import type { AuditRow } from '../../../../hal/linux/auditLog.ts';
import { MemorySegments } from '../../../../hal/memory/segments.ts';
import type { AuditKind } from '../../../../session/audit.ts';
import type { ReasonCode } from '../../../../session/reasons.ts';
import { eventRow } from '../../../lab/reporting.ts';

export const STORE_BYTES = 65_536;

export type Document = ReturnType<typeof eventDocument> & { readonly seq: number };

/** One process of a device after the other, on one disk. */
export class Device {
  files: MemorySegments;
  stream: EventStream;
  store: EventStore | null = null;
  boot = 0;
  nowMs = 0;
  /** All that a reader got, in order, repetitions included. */
  readonly heard: Document[] = [];
  readonly #bytesMax: number;
  readonly #hasStore: boolean;

  constructor(hasStore = true, bytesMax = STORE_BYTES) {
    this.files = new MemorySegments();
    this.#bytesMax = bytesMax;
    this.#hasStore = hasStore;
    this.stream = this.#start();
  }

  add(event: AuditKind, reasonCode?: ReasonCode, detail?: AuditRow['detail']): void {
    this.stream.add(eventRow(event, this.nowMs, reasonCode, detail), this.nowMs, () => {});
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.stream.tick(this.nowMs);
  }

  /** Hand over what goes at once. @returns the numbers. */
  send(): number[] {
    const numbers: number[] = [];
    for (let out = this.stream.take(); out !== null; out = this.stream.take()) {
      const now = { boot: String(this.boot), monoMs: this.nowMs };
      this.heard.push(eventDocument(out.fields, out.gap, now) as unknown as Document);
      numbers.push(out.seq);
    }
    return numbers;
  }

  /** With a broker that takes everything at once. */
  drain(): number[] {
    const all: number[] = [];
    for (let sent = this.send(); sent.length > 0; sent = this.send()) {
      for (const seq of sent) this.stream.settle(seq, 'delivered');
      this.files.settle();
      all.push(...sent);
    }
    return all;
  }

  cut(random: () => number): void {
    this.files = this.files.cut(random);
    this.stream = this.#start();
  }

  /** Ends in order and starts again. */
  restart(): void {
    this.stream.close();
    this.files = new MemorySegments(
      new Map(this.files.names().map((name) => [name, this.files.read(name)!])),
    );
    this.stream = this.#start();
  }

  #start(): EventStream {
    this.boot += 1;
    const name = `stream${this.boot}`;
    this.store = this.#hasStore ? new EventStore(this.files, this.#bytesMax, () => name) : null;
    return new EventStream(String(this.boot), this.store, name);
  }
}

/** What a reader knows of `stream`: the numbers it got, and those it was told of. */
export function accounts(heard: readonly Document[], stream: string) {
  const of = heard.filter((document) => (document as { stream?: unknown }).stream === stream);
  const told = new Map<number, 'dropped' | 'cut'>();
  for (const { gap } of of) {
    if (gap === null) continue;
    for (let seq = gap.from_seq; seq <= gap.to_seq; seq += 1) told.set(seq, gap.why);
  }
  return { got: new Set(of.map(({ seq }) => seq)), told };
}
