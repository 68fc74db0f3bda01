/**
 * struct msghdr, its iovec and its control messages, in memory that lives as long as the socket.
 *
 * ```text
 *   msghdr   0 name ptr · 8 name bytes u32 · 16 iov ptr · 24 iov count u64 · 32 control ptr
 *            40 control bytes u64 · 48 flags i32                                          (56 bytes)
 *   iovec    0 base ptr · 8 bytes u64                                                     (16 bytes)
 *   cmsghdr  0 bytes u64 · 8 level i32 · 12 type i32 · 16 data, padded to 8
 * ```
 *
 * The layout of 64-bit Linux. Addresses are numbers below 2^53, written as two words.
 *
 * @module
 */
import { addressOf, nativeBytes } from './memory.ts';
import { SOCKADDR_IN6_BYTES } from './sockaddr.ts';

const NAME_AT = 80;
const CONTROL_AT = 112;
export const CONTROL_BYTES = 128;
const TWO_POW_32 = 0x100000000;

/** Words (32 bits) of the fields. */
const WORD = {
  nameBytes: 2,
  control: 8,
  controlBytes: 10,
  flags: 12,
  base: 14,
  bytes: 16,
} as const;

export class Message {
  readonly #memory = nativeBytes(CONTROL_AT + CONTROL_BYTES);
  readonly #words = new Uint32Array(this.#memory.buffer);
  /** What sendmsg and recvmsg are given. */
  readonly address = addressOf(this.#memory);
  /** The peer's sockaddr. */
  readonly name = this.#memory.subarray(NAME_AT, NAME_AT + SOCKADDR_IN6_BYTES);
  readonly nameWords = new Uint32Array(this.#memory.buffer, NAME_AT, SOCKADDR_IN6_BYTES / 4);
  /** The control messages. */
  readonly control = new Uint32Array(this.#memory.buffer, CONTROL_AT, CONTROL_BYTES / 4);
  #dataAddress = 0;
  /** For its life only: the kernel writes there, and nothing else may know of it. */
  #owned: Uint8Array<ArrayBuffer> | null = null;

  constructor() {
    this.#setAddress(0, this.address + NAME_AT);
    this.#setAddress(4, this.address + WORD.base * 4);
    this.#words[6] = 1;
    this.#setAddress(WORD.control, this.address + CONTROL_AT);
  }

  /** Data that is this message's own, as {@link setData}, from now on. */
  ownData(bytes: number): void {
    this.#owned = nativeBytes(bytes);
    this.setData(addressOf(this.#owned), bytes);
  }

  /** @param address of native memory; whoever gives it keeps that memory for as long as it is used. */
  setData(address: number, bytes: number): void {
    if (address !== this.#dataAddress) this.#setAddress(WORD.base, address);
    this.#dataAddress = address;
    this.#words[WORD.bytes] = bytes;
  }

  set nameBytes(bytes: number) {
    this.#words[WORD.nameBytes] = bytes;
  }

  get controlBytes(): number {
    return this.#words[WORD.controlBytes]!;
  }

  set controlBytes(bytes: number) {
    this.#words[WORD.controlBytes] = bytes;
  }

  /** As the kernel set them. */
  get flags(): number {
    return this.#words[WORD.flags]!;
  }

  /** Before each recvmsg: the kernel shortened what it did not need. */
  rearm(): void {
    this.#words[WORD.nameBytes] = SOCKADDR_IN6_BYTES;
    this.#words[WORD.controlBytes] = CONTROL_BYTES;
    this.#words[WORD.flags] = 0;
  }

  #setAddress(word: number, address: number): void {
    this.#words[word] = address % TWO_POW_32;
    this.#words[word + 1] = Math.floor(address / TWO_POW_32);
  }
}
