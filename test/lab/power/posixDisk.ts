/**
 * A disk under `hal/linux/flash.ts`, system call by system call, with what POSIX promises of it and nothing more.
 *
 * A name is durable after fsync of its directory, content after fsync of its file; neither brings the other. What is
 * not durable may be lost, kept or torn in a power cut. A process that is killed loses nothing: its successor reads what
 * the page cache has. An fsync that fails leaves the pages clean: the next one succeeds and writes nothing, so the cache
 * shows what the medium may never have got (Linux since 4.16).
 *
 * @module
 */
import { dirname } from 'node:path';
import type { FlashSystem } from '../../../hal/linux/flash.ts';
import { assert } from '../../../session/assert.ts';

/** What the next process, or the disk after a power cut, is made of. Paths are absolute; null is a directory. */
export type Files = ReadonlyMap<string, Uint8Array | null>;

export type Call = 'exists' | 'mkdir' | 'open' | 'read' | 'write' | 'drop' | 'fsync' | 'close';

/** What happens to one call. `kill`: the process is gone before it; `short`: half of a write. */
export type Fault =
  | { readonly kind: 'errno'; readonly code: string }
  | { readonly kind: 'short' }
  | { readonly kind: 'kill' };

export type Got = (durable: Uint8Array, failed: Uint8Array) => Uint8Array;

/** What the medium got of a write whose fsync failed. */
export const GOT = {
  nothing: (durable) => durable,
  everything: (durable, failed) => over(durable, failed),
  half: (durable, failed) => over(durable, failed.subarray(0, failed.length / 2)),
} as const satisfies Readonly<Record<string, Got>>;

interface Node {
  /** Null for a directory. */
  readonly content: { cache: Uint8Array; durable: Uint8Array; pending: Uint8Array[] } | null;
  /** Whether its own name is durable. */
  isNamed: boolean;
}

export interface DiskState {
  readonly calls: number;
  readonly nodes: ReadonlyMap<string, Node>;
}

export class PosixDisk implements FlashSystem {
  /** The calls so far, in order, with what they were about. */
  readonly log: { readonly call: Call; readonly path: string }[] = [];
  /** The disk after each call, the beginning included. */
  readonly states: DiskState[] = [];
  isKilled = false;
  readonly #nodes = new Map<string, Node>();
  readonly #faults: Map<number, Fault>;
  readonly #fds = new Map<number, string>();
  readonly #got: Got;
  #nextFd = 3;

  /** @param faults by the number of the call, from 0. */
  constructor(
    files: Files,
    faults: ReadonlyMap<number, Fault> = new Map(),
    got: Got = GOT.nothing,
  ) {
    this.#got = got;
    for (const [path, bytes] of files) {
      const content =
        bytes === null ? null : { cache: bytes.slice(), durable: bytes.slice(), pending: [] };
      this.#nodes.set(path, { content, isNamed: true });
    }
    this.#faults = new Map(faults);
    this.#keep();
  }

  /** The next process: descriptors are gone, everything else is as it was. */
  restart(): void {
    this.isKilled = false;
    this.#fds.clear();
  }

  existsSync(path: string): boolean {
    return this.#call('exists', path, () => this.#nodes.has(path));
  }

  mkdirSync(path: string): void {
    this.#call('mkdir', path, () => {
      if (this.#nodes.has(path)) throw failure('EEXIST');
      this.#nodes.set(path, { content: null, isNamed: false });
    });
  }

  openSync(path: string, _flags: number, mode?: number): number {
    return this.#call('open', path, () => {
      if (!this.#nodes.has(path)) {
        if (mode === undefined) throw failure('ENOENT');
        const content = { cache: NOTHING, durable: NOTHING, pending: [] };
        this.#nodes.set(path, { content, isNamed: false });
      }
      this.#nextFd += 1;
      this.#fds.set(this.#nextFd, path);
      return this.#nextFd;
    });
  }

  readSync(fd: number, bytes: Uint8Array): number {
    return this.#call('read', this.#path(fd), (path) => {
      const { cache } = this.#file(path);
      bytes.set(cache.subarray(0, bytes.length));
      return Math.min(cache.length, bytes.length);
    });
  }

  writeSync(fd: number, bytes: Uint8Array): number {
    return this.#call('write', this.#path(fd), (path, fault) => {
      const part = fault?.kind === 'short' ? bytes.subarray(0, bytes.length / 2) : bytes;
      const file = this.#file(path);
      file.cache = over(file.cache, part);
      file.pending.push(part.slice());
      return part.length;
    });
  }

  fsyncSync(fd: number): void {
    this.#call('fsync', this.#path(fd), (path) => {
      const { content } = this.#nodes.get(path)!;
      if (content === null) this.#syncNames(path);
      else {
        // Only what is dirty is written: what an earlier fsync failed to write is clean, and stays open.
        content.durable = content.pending.reduce(over, content.durable);
        const coveredBytes = Math.max(0, ...content.pending.map(({ length }) => length));
        content.pending = [];
        const open = (this.#limbo.get(path) ?? []).filter(({ length }) => length > coveredBytes);
        this.#limbo.set(path, open);
      }
    });
  }

  dropCleanPages(fd: number): void {
    this.#call('drop', this.#path(fd), (path) => {
      const file = this.#file(path);
      if (file.pending.length > 0) return; // dirty pages stay
      const failed = this.#limbo.get(path)?.at(-1);
      if (failed === undefined) return;
      // From here on everybody sees what the medium has, so it is no longer open.
      file.durable = this.#got(file.durable, failed);
      file.cache = file.durable;
      this.#limbo.delete(path);
    });
  }

  closeSync(fd: number): void {
    this.#call('close', this.#path(fd), () => this.#fds.delete(fd));
  }

  /** Content that an fsync failed to write, file by file: on the medium or not, nobody knows. */
  readonly #limbo = new Map<string, Uint8Array[]>();

  #call<T>(call: Call, path: string, act: (path: string, fault: Fault | undefined) => T): T {
    if (this.isKilled) throw failure('killed');
    const fault = this.#faults.get(this.log.length);
    this.#faults.delete(this.log.length); // a process that is killed is killed once
    if (fault?.kind === 'kill') {
      this.isKilled = true;
      throw failure('killed');
    }
    this.log.push({ call, path });
    try {
      if (fault?.kind === 'errno') {
        if (call === 'fsync') this.#loseDirt(path);
        throw failure(fault.code);
      }
      return act(path, fault);
    } finally {
      this.#keep();
    }
  }

  /** What an fsync that failed leaves: clean pages, and a medium that has any of it. */
  #loseDirt(path: string): void {
    const content = this.#nodes.get(path)?.content ?? null;
    if (content === null) return;
    this.#limbo.set(path, [...(this.#limbo.get(path) ?? []), ...content.pending]);
    content.pending = [];
  }

  #syncNames(directory: string): void {
    for (const [path, node] of this.#nodes) if (dirname(path) === directory) node.isNamed = true;
  }

  #path(fd: number): string {
    return this.#fds.get(fd) ?? '?';
  }

  #file(path: string) {
    const content = this.#nodes.get(path)?.content;
    assert(content !== undefined && content !== null, `${path} is a file`);
    return content;
  }

  #keep(): void {
    const nodes = new Map<string, Node>();
    for (const [path, { content, isNamed }] of this.#nodes) {
      const pending = [...(this.#limbo.get(path) ?? []), ...(content?.pending ?? [])];
      nodes.set(path, { content: content === null ? null : { ...content, pending }, isNamed });
    }
    this.states.push({ calls: this.log.length, nodes });
  }
}

const NOTHING = new Uint8Array(0);

/** Everything that a power cut may leave of `state`. The first: nothing that was not durable. */
export function* filesAfterCut(state: DiskState): Generator<Files> {
  const paths = [...state.nodes.keys()];
  yield* combine(state, paths, new Map());
}

function* combine(state: DiskState, paths: readonly string[], chosen: Files): Generator<Files> {
  const [path, ...rest] = paths;
  if (path === undefined) {
    yield chosen;
    return;
  }
  const { content, isNamed } = state.nodes.get(path)!;
  const isReachable = !state.nodes.has(dirname(path)) || chosen.has(dirname(path));
  if (!isReachable || !isNamed) yield* combine(state, rest, chosen);
  if (!isReachable) return;
  for (const bytes of content === null ? [null] : contents(content)) {
    yield* combine(state, rest, new Map([...chosen, [path, bytes]]));
  }
}

/** Where a write may be torn, and how: in order, or sector by sector. Each byte is `powercut.test.ts`'s part. */
const CUTS = [1, 7, 64, 200, 508, 511];
const SECTOR_SUBSETS = [0b0101_0101, 0b1111_0000, 0b1000_0001];

function* contents({ durable, pending }: NonNullable<Node['content']>): Generator<Uint8Array> {
  yield durable;
  let below = durable;
  for (const bytes of pending) {
    yield over(below, bytes);
    if (below !== durable) yield over(durable, bytes);
    for (const cut of CUTS) yield over(below, bytes.subarray(0, cut));
    for (const subset of SECTOR_SUBSETS) yield mixed(below, bytes, subset);
    // The length arrived and the data did not.
    if (durable.length < bytes.length) yield over(new Uint8Array(bytes.length), durable);
    below = over(below, bytes);
  }
}

function over(below: Uint8Array, bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(Math.max(below.length, bytes.length));
  result.set(below);
  result.set(bytes);
  return result;
}

function mixed(below: Uint8Array, bytes: Uint8Array, subset: number): Uint8Array {
  const result = over(new Uint8Array(bytes.length), below);
  for (let at = 0; at < bytes.length; at += 64) {
    if ((subset & (1 << (at / 64))) !== 0) result.set(bytes.subarray(at, at + 64), at);
  }
  return result;
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}
