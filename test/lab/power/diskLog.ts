/**
 * The log of `disk.ts`, and what a power cut leaves of the disk. Pure.
 *
 * ```text
 *  0            4             8                            16
 *  +------------+-------------+----------------------------+---- … ----+
 *  |    kind    |    bytes    |      offset on the disk    |   bytes   |     little-endian
 *  +------------+-------------+----------------------------+---- … ----+
 * ```
 *
 * What was written before the newest flush is there. Of each write since then the cut may have left nothing, all, or any
 * of its sectors, whatever the order in which they were asked for.
 *
 * @module
 */

export const LOG_KIND = { write: 1, flush: 2, mark: 3 } as const;
export const LOG_HEADER_BYTES = 16;
/** What a disk writes whole or not at all. */
export const SECTOR_BYTES = 512;

export interface DiskWrite {
  readonly at: number;
  readonly bytes: Uint8Array;
}

export type LogEntry =
  | ({ readonly kind: 'write' } & DiskWrite)
  | { readonly kind: 'flush' }
  | { readonly kind: 'mark'; readonly text: string };

export function putLogHeader(target: Buffer, kind: number, at: number, sizeBytes: number): void {
  target.writeUInt32LE(kind, 0);
  target.writeUInt32LE(sizeBytes, 4);
  target.writeBigUInt64LE(BigInt(at), 8);
}

export function readLog(bytes: Buffer): LogEntry[] {
  const entries: LogEntry[] = [];
  for (let at = 0; at + LOG_HEADER_BYTES <= bytes.length; ) {
    const sizeBytes = bytes.readUInt32LE(at + 4);
    const body = bytes.subarray(at + LOG_HEADER_BYTES, at + LOG_HEADER_BYTES + sizeBytes);
    if (body.length < sizeBytes) throw new Error('the log of the disk is cut short');
    entries.push(entryOf(bytes.readUInt32LE(at), Number(bytes.readBigUInt64LE(at + 8)), body));
    at += LOG_HEADER_BYTES + sizeBytes;
  }
  return entries;
}

function entryOf(kind: number, at: number, body: Buffer): LogEntry {
  if (kind === LOG_KIND.flush) return { kind: 'flush' };
  if (kind === LOG_KIND.mark) return { kind: 'mark', text: body.toString() };
  return { kind: 'write', at, bytes: body };
}

/** How the cache fared. `order`: a prefix of what was asked; `sectors`: each sector by itself. */
export const FATES = ['nothing', 'everything', 'order', 'writes', 'sectors'] as const;
export type Fate = (typeof FATES)[number];

/** The writes that the medium got of `pending`, which were asked for in this order. */
export function survivors(
  pending: readonly DiskWrite[],
  fate: Fate,
  random: () => number,
): DiskWrite[] {
  switch (fate) {
    case 'nothing':
      return [];
    case 'everything':
      return [...pending];
    case 'order':
      return pending.slice(0, Math.floor(random() * (pending.length + 1)));
    case 'writes':
      return pending.filter(() => random() < 0.5);
    case 'sectors':
      return pending.flatMap(sectorsOf).filter(() => random() < 0.5);
  }
}

/**
 * ext4's superblock is two sectors under one checksum, written over in place: torn, it takes the file system with it and
 * whatever anybody kept there. That is for ext4 to answer, so here it arrives whole or not at all.
 */
const SUPERBLOCK = { at: 1_024, end: 2_048 } as const;

function sectorsOf({ at, bytes }: DiskWrite): DiskWrite[] {
  const pieces: DiskWrite[] = [];
  for (let from = at; from < at + bytes.length; ) {
    const to = from === SUPERBLOCK.at ? SUPERBLOCK.end : from + SECTOR_BYTES;
    pieces.push({ at: from, bytes: bytes.subarray(from - at, to - at) });
    from = to;
  }
  return pieces;
}

/** Goes through a log once, from its beginning, and shows the disk as a cut there would leave it. */
export class CutDisk {
  readonly #entries: readonly LogEntry[];
  /** What is certain, up to the newest flush before `#next`. */
  readonly #durable: Uint8Array;
  #pending: DiskWrite[] = [];
  #next = 0;

  constructor(image: Uint8Array, entries: readonly LogEntry[]) {
    this.#durable = image.slice();
    this.#entries = entries;
  }

  /** The disk after `count` entries; counts must not go down from call to call. */
  after(count: number, fate: Fate, random: () => number): Uint8Array {
    for (; this.#next < count; this.#next++) this.#take(this.#entries[this.#next]!);
    const image = this.#durable.slice();
    for (const { at, bytes } of survivors(this.#pending, fate, random)) image.set(bytes, at);
    return image;
  }

  /** Writes that a cut may take, at the entry asked for last. */
  get pendingCount(): number {
    return this.#pending.length;
  }

  #take(entry: LogEntry): void {
    if (entry.kind === 'write') this.#pending.push(entry);
    if (entry.kind !== 'flush') return;
    for (const { at, bytes } of this.#pending) this.#durable.set(bytes, at);
    this.#pending = [];
  }
}
