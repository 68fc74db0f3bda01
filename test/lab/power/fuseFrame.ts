/**
 * The few FUSE messages that a file system of two files needs, in the byte order of this machine (little-endian only).
 *
 * ```text
 * request:  0 len u32 | 4 opcode u32 | 8 unique u64 | 16 nodeid u64 | 24 uid, gid, pid u32 | 36 extensions | 40 body
 * answer:   0 len u32 | 4 error i32  | 8 unique u64 | 16 body
 * write:   40 handle u64 | 48 offset u64 | 56 size u32 | … | 80 data
 * read:    40 handle u64 | 48 offset u64 | 56 size u32
 * ```
 *
 * Source: include/uapi/linux/fuse.h of Linux, protocol 7.31.
 *
 * @module
 */

// biome-ignore format: this is a table
export const OPCODE = {
  lookup: 1, forget: 2, getattr: 3, setattr: 4, open: 14, read: 15, write: 16, release: 18, fsync: 20,
  flush: 25, init: 26, interrupt: 36, batchForget: 42,
} as const;

export const WRITE_DATA_AT = 80;
/** 64 pages: nothing that ext4 or SQLite writes at once in the lab is longer. */
export const WRITE_MAX_BYTES = 262_144;
export const ENOENT = 2;
export const EIO = 5;
export const ENOSYS = 38;

const HEADER_BYTES = 16;
const ATTR_BYTES = 88;
/** FUSE_BIG_WRITES, FUSE_MAX_PAGES. */
const INIT_FLAGS = (1 << 5) | (1 << 22);
/** An hour: nothing but the kernel itself changes these files. */
const VALID_S = 3_600n;
const [S_IFDIR, S_IFREG] = [0o040000, 0o100000];

export interface Node {
  readonly id: bigint;
  readonly isFolder: boolean;
  sizeBytes: number;
}

export function answer(unique: bigint, error: number, bodyBytes = 0): DataView {
  const view = new DataView(new ArrayBuffer(HEADER_BYTES + bodyBytes));
  view.setUint32(0, HEADER_BYTES + bodyBytes, true);
  view.setInt32(4, -error, true);
  view.setBigUint64(8, unique, true);
  return view;
}

export function initAnswer(unique: bigint): DataView {
  const view = answer(unique, 0, 64);
  view.setUint32(16, 7, true);
  view.setUint32(20, 31, true);
  view.setUint32(24, WRITE_MAX_BYTES, true); // read-ahead
  view.setUint32(28, INIT_FLAGS, true);
  view.setUint16(32, 1, true); // one request in the background: the device works in order
  view.setUint16(34, 1, true);
  view.setUint32(36, WRITE_MAX_BYTES, true);
  view.setUint32(40, 1, true); // time granularity, ns
  view.setUint16(44, WRITE_MAX_BYTES / 4_096, true);
  return view;
}

export function entryAnswer(unique: bigint, node: Node): DataView {
  const view = answer(unique, 0, 40 + ATTR_BYTES);
  view.setBigUint64(16, node.id, true);
  view.setBigUint64(32, VALID_S, true);
  view.setBigUint64(40, VALID_S, true);
  putAttributes(view, 56, node);
  return view;
}

export function attributesAnswer(unique: bigint, node: Node): DataView {
  const view = answer(unique, 0, 16 + ATTR_BYTES);
  view.setBigUint64(16, VALID_S, true);
  putAttributes(view, 32, node);
  return view;
}

export function writtenAnswer(unique: bigint, sizeBytes: number): DataView {
  const view = answer(unique, 0, 8);
  view.setUint32(16, sizeBytes, true);
  return view;
}

export function bytesAnswer(unique: bigint, bytes: Uint8Array): DataView {
  const view = answer(unique, 0, bytes.length);
  new Uint8Array(view.buffer).set(bytes, HEADER_BYTES);
  return view;
}

function putAttributes(view: DataView, at: number, node: Node): void {
  view.setBigUint64(at, node.id, true);
  view.setBigUint64(at + 8, BigInt(node.sizeBytes), true);
  view.setBigUint64(at + 16, BigInt(Math.ceil(node.sizeBytes / 512)), true);
  view.setUint32(at + 60, node.isFolder ? S_IFDIR | 0o700 : S_IFREG | 0o600, true);
  view.setUint32(at + 64, 1, true); // links
  view.setUint32(at + 80, 4_096, true);
}
