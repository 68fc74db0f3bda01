/**
 * A disk that remembers everything that was ever asked of it: each write, each flush, and, in the same order, each mark
 * that a program under test leaves beside it.
 *
 * ```text
 * disk.ts --image FILE --log FILE        mounted on FOLDER by diskMount.ts
 *
 *   FOLDER/disk    the image; a loop device over it turns block writes into writes, and block flushes into fsync
 *   FOLDER/marks   every write to it is a mark: it returns when the mark is in the log
 *   FOLDER/fault   while it holds `eio`, the disk refuses every write
 * ```
 *
 * A file system of its own (FUSE) and not a file that is copied: a copy shows what happened to have arrived, while a
 * device with a cache may still lose, keep or tear whatever it was not told to flush. Only the order of writes and
 * flushes tells which. One request is answered at a time, so the log is that order. Layout of the log: `diskLog.ts`.
 *
 * @module
 */
import * as fs from 'node:fs';
import { parseFlow } from '../flows/command.ts';
import { LOG_HEADER_BYTES, LOG_KIND, putLogHeader } from './diskLog.ts';
import {
  answer,
  attributesAnswer,
  bytesAnswer,
  EIO,
  ENOENT,
  ENOSYS,
  entryAnswer,
  initAnswer,
  type Node,
  OPCODE,
  WRITE_DATA_AT,
  WRITE_MAX_BYTES,
  writtenAnswer,
} from './fuseFrame.ts';

const [ROOT, DISK, MARKS, FAULT] = [1n, 2n, 3n, 4n];
const IDS: Readonly<Record<string, bigint>> = { disk: DISK, marks: MARKS, fault: FAULT };
/** Where `diskMount.ts` puts the connection to the kernel. */
const DEVICE_FD = 3;

class Disk {
  readonly #device: number;
  readonly #log: number;
  readonly #image: Uint8Array;
  readonly #nodes: ReadonlyMap<bigint, Node>;
  #isRefusing = false;

  constructor(device: number, log: number, image: Uint8Array) {
    this.#device = device;
    this.#log = log;
    this.#image = image;
    this.#nodes = new Map([
      [ROOT, { id: ROOT, isFolder: true, sizeBytes: 0 }],
      [DISK, { id: DISK, isFolder: false, sizeBytes: image.length }],
      [MARKS, { id: MARKS, isFolder: false, sizeBytes: 0 }],
      [FAULT, { id: FAULT, isFolder: false, sizeBytes: 0 }],
    ]);
  }

  /** Until the file system is unmounted. */
  serve(): void {
    const request = Buffer.alloc(WRITE_DATA_AT + WRITE_MAX_BYTES + 4_096);
    for (;;) {
      let sizeBytes: number;
      try {
        sizeBytes = fs.readSync(this.#device, request, 0, request.length, null);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code === 'ENODEV') return;
        // A request that was taken back before it was read.
        if (code === 'ENOENT' || code === 'EINTR' || code === 'EAGAIN') continue;
        throw error;
      }
      const reply = this.#answer(request.subarray(0, sizeBytes));
      if (reply !== null) fs.writeSync(this.#device, new Uint8Array(reply.buffer));
    }
  }

  #answer(request: Buffer): DataView | null {
    const opcode = request.readUInt32LE(4);
    const unique = request.readBigUInt64LE(8);
    const node = this.#nodes.get(request.readBigUInt64LE(16));
    switch (opcode) {
      case OPCODE.init:
        return initAnswer(unique);
      case OPCODE.forget:
      case OPCODE.batchForget:
      case OPCODE.interrupt:
        return null;
      case OPCODE.lookup:
        return this.#lookup(unique, request.subarray(40, -1).toString());
      case OPCODE.getattr:
      case OPCODE.setattr:
        return node === undefined ? answer(unique, ENOENT) : attributesAnswer(unique, node);
      case OPCODE.open:
        return answer(unique, 0, 16);
      case OPCODE.read: {
        const at = Number(request.readBigUInt64LE(48));
        const end = at + request.readUInt32LE(56);
        return bytesAnswer(unique, node?.id === DISK ? this.#image.subarray(at, end) : EMPTY);
      }
      case OPCODE.write:
        return this.#write(unique, node, request);
      case OPCODE.fsync:
        if (node?.id === DISK) this.#note(LOG_KIND.flush, 0, EMPTY);
        return answer(unique, 0);
      case OPCODE.flush:
      case OPCODE.release:
        return answer(unique, 0);
      default:
        return answer(unique, ENOSYS);
    }
  }

  #lookup(unique: bigint, name: string): DataView {
    const node = this.#nodes.get(IDS[name] ?? 0n);
    return node === undefined ? answer(unique, ENOENT) : entryAnswer(unique, node);
  }

  #write(unique: bigint, node: Node | undefined, request: Buffer): DataView {
    const at = Number(request.readBigUInt64LE(48));
    const bytes = request.subarray(WRITE_DATA_AT, WRITE_DATA_AT + request.readUInt32LE(56));
    if (node?.id === DISK) {
      if (this.#isRefusing) return answer(unique, EIO);
      this.#image.set(bytes, at);
      this.#note(LOG_KIND.write, at, bytes);
    } else if (node?.id === FAULT) {
      this.#isRefusing = Buffer.from(bytes).toString().startsWith('eio');
    } else {
      this.#note(LOG_KIND.mark, 0, bytes);
    }
    return writtenAnswer(unique, bytes.length);
  }

  #note(kind: number, at: number, bytes: Uint8Array): void {
    const entry = Buffer.alloc(LOG_HEADER_BYTES + bytes.length);
    putLogHeader(entry, kind, at, bytes.length);
    entry.set(bytes, LOG_HEADER_BYTES);
    fs.writeSync(this.#log, entry);
  }
}

const EMPTY = new Uint8Array(0);

if (import.meta.main) {
  const given = parseFlow(process.argv.slice(2), { image: '', log: '' });
  new Disk(DEVICE_FD, fs.openSync(given.log, 'a', 0o600), fs.readFileSync(given.image)).serve();
}
