/**
 * Segments in memory, over a disk that may lose its power at any time.
 *
 * The model, pessimistic on purpose: what was synced is there. Of what was appended since, each sector may have arrived or read as
 * zeros, and the file may end anywhere in it; a file whose name was never synced may be gone; one that was removed may be back,
 * until the folder is synced with another new name.
 * A sync is under way until {@link MemorySegments.settle}, so that a cut can come before it.
 *
 * @module
 */
import { type HalFailure, halOk } from '../result.ts';
import type { SegmentResult, Segments } from '../segments.ts';

/** Smaller than real sectors (512 or more), so that lines are torn inside. */
const SECTOR_BYTES = 64;

interface File {
  bytes: Uint8Array;
  durableBytes: number;
  isRemoved: boolean;
}

export class MemorySegments implements Segments {
  writtenBytes = 0;
  /** What the next append or sync answers instead of working; an append has written half by then. */
  failNext: HalFailure | null = null;
  syncs = 0;
  readonly #files: Map<string, File>;
  #pending: (() => void)[] = [];

  constructor(files: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#files = new Map(
      [...files].map(([name, bytes]) => [
        name,
        { bytes, durableBytes: bytes.length, isRemoved: false },
      ]),
    );
  }

  /** What all files take now. */
  get bytes(): number {
    return this.names().reduce((sum, name) => sum + (this.read(name)?.length ?? 0), 0);
  }

  names(): readonly string[] {
    return [...this.#files].flatMap(([name, { isRemoved }]) => (isRemoved ? [] : [name]));
  }

  read(name: string): Uint8Array | null {
    return this.#there(name)?.bytes ?? null;
  }

  append(name: string, bytes: Uint8Array): SegmentResult {
    const failure = this.#takeFailure();
    if (failure !== null) {
      this.#write(name, bytes.subarray(0, bytes.length / 2));
      return failure;
    }
    this.#write(name, bytes);
    return halOk(null);
  }

  #write(name: string, bytes: Uint8Array): void {
    this.writtenBytes += bytes.length;
    const file = this.#there(name) ?? {
      ...{ bytes: new Uint8Array(0), durableBytes: -1, isRemoved: false },
    };
    const longer = new Uint8Array(file.bytes.length + bytes.length);
    longer.set(file.bytes);
    longer.set(bytes, file.bytes.length);
    file.bytes = longer;
    this.#files.set(name, file);
  }

  sync(name: string, onDone: (result: SegmentResult) => void): void {
    const bytes = this.read(name)?.length ?? 0;
    const failure = this.#takeFailure();
    this.#pending.push(() => {
      onDone(failure ?? this.#synced(name, bytes));
    });
  }

  syncNow(name: string): SegmentResult {
    return this.#takeFailure() ?? this.#synced(name, this.read(name)?.length ?? 0);
  }

  remove(name: string): SegmentResult {
    const file = this.#there(name);
    if (file !== null) file.isRemoved = true;
    return halOk(null);
  }

  /** The syncs that are under way come to their end, and those that their ends begin. */
  settle(): void {
    while (this.#pending.length > 0) {
      const ended = this.#pending;
      this.#pending = [];
      for (const end of ended) end();
    }
  }

  /** The power goes: what another process finds. Nothing here is used afterwards. */
  cut(random: () => number): MemorySegments {
    const left = new Map<string, Uint8Array>();
    for (const [name, file] of this.#files) {
      const isLost = (file.durableBytes < 0 || file.isRemoved) && random() < 0.5;
      if (!isLost) left.set(name, torn(file, random));
    }
    return new MemorySegments(left);
  }

  #there(name: string): File | null {
    const file = this.#files.get(name);
    return file === undefined || file.isRemoved ? null : file;
  }

  #synced(name: string, bytes: number): SegmentResult {
    this.syncs += 1;
    const file = this.#there(name);
    if (file === null) return halOk(null);
    if (file.durableBytes < 0) this.#syncFolder();
    file.durableBytes = Math.max(file.durableBytes, bytes);
    return halOk(null);
  }

  #syncFolder(): void {
    for (const [name, { isRemoved }] of this.#files) if (isRemoved) this.#files.delete(name);
  }

  #takeFailure(): HalFailure | null {
    const failure = this.failNext;
    this.failNext = null;
    return failure;
  }
}

function torn({ bytes, durableBytes }: File, random: () => number): Uint8Array {
  const safe = Math.max(0, durableBytes);
  const end = safe + Math.floor(random() * (bytes.length - safe + 1));
  const left = bytes.slice(0, end);
  for (let at = safe; at < end; at += SECTOR_BYTES) {
    if (random() < 0.3) left.fill(0, at, Math.min(end, at + SECTOR_BYTES));
  }
  return left;
}
