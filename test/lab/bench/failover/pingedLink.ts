/**
 * ICMP echo over one interface, and what its answers say of the link.
 *
 * @module
 */
import { libc, NativeMemory } from '../../libc.ts';

const AF_INET = 2;
const SOCK_RAW_NONBLOCK = 0x80803;
const IPPROTO_ICMP = 1;
const SOL_SOCKET = 1;
const SO_BINDTODEVICE = 25;
const MSG_DONTWAIT = 0x40;
const ECHO_REQUEST = 8;
const ECHO_REPLY = 0;
const ECHO_BYTES = 64;
const IP_BYTES = 20;
const NUMBERS = 65_536;
const MISSES = 3;
/** The least that an answer may be late, so that a busy machine is no dead link. */
const LATE_MS_MIN = 10;

export class PingedLink {
  readonly fd: number;
  readonly #address = new NativeMemory(16);
  readonly #echo = new NativeMemory(ECHO_BYTES);
  readonly #incoming = new NativeMemory(2048);
  readonly #id: number;
  /** When a ping was sent, by its number; 0 once it is answered or missed. */
  readonly #sentAtMs = new Float64Array(NUMBERS);
  #next = 0;
  /** The oldest that has neither been answered nor missed. */
  #oldest = 0;
  #missesInRow = 0;
  #answeredSinceMs: number | null = null;
  #smoothedMs: number | null = null;
  #variationMs = 0;

  constructor(device: string, target: string) {
    this.fd = libc.socket(AF_INET, SOCK_RAW_NONBLOCK, IPPROTO_ICMP);
    if (this.fd < 0) throw new Error('no raw socket: CAP_NET_RAW missing?');
    const name = new NativeMemory(16);
    name.bytes.set(new TextEncoder().encode(device));
    const bytes = device.length + 1;
    if (libc.setsockopt(this.fd, SOL_SOCKET, SO_BINDTODEVICE, name.at(0), bytes) !== 0) {
      throw new Error(`no interface ${device}`);
    }
    this.#address.view.setUint16(0, AF_INET, true);
    this.#address.bytes.set(target.split('.').map(Number), 4);
    if (libc.connect(this.fd, this.#address.at(0), 16) !== 0)
      throw new Error(`no way to ${target}`);
    this.#id = this.fd;
  }

  get hasAnswered(): boolean {
    return this.#smoothedMs !== null;
  }

  /** Whether it answers, and has for `forMs`. */
  isUsable(nowMs: number, forMs: number): boolean {
    return this.#answeredSinceMs !== null && nowMs - this.#answeredSinceMs >= forMs;
  }

  /** It cannot answer: whatever is under way is lost. */
  loseCarrier(): void {
    this.#answeredSinceMs = null;
    this.#oldest = this.#next;
  }

  ping(nowMs: number): void {
    const number = this.#next % NUMBERS;
    const { view } = this.#echo;
    view.setUint8(0, ECHO_REQUEST);
    view.setUint16(2, 0);
    view.setUint16(4, this.#id);
    view.setUint16(6, number);
    view.setUint16(2, checksumOf(view));
    libc.send(this.fd, this.#echo.at(0), ECHO_BYTES, MSG_DONTWAIT);
    this.#sentAtMs[number] = nowMs;
    this.#next += 1;
  }

  receive(nowMs: number): void {
    const { view } = this.#incoming;
    for (;;) {
      const bytes = Number(libc.recv(this.fd, this.#incoming.at(0), 2048, MSG_DONTWAIT));
      if (bytes < 0) return;
      if (bytes < IP_BYTES + ECHO_BYTES || view.getUint8(IP_BYTES) !== ECHO_REPLY) continue;
      if (view.getUint16(IP_BYTES + 4) !== this.#id) continue;
      this.#take(view.getUint16(IP_BYTES + 6), nowMs);
    }
  }

  /** Count what should have been answered by now. */
  judge(nowMs: number): void {
    // Before the first answer nothing is known that a miss could be timed by.
    if (this.#smoothedMs === null) return;
    const lateMs = this.#smoothedMs + Math.max(LATE_MS_MIN, 4 * this.#variationMs);
    for (; this.#oldest < this.#next; this.#oldest += 1) {
      const sentAtMs = this.#sentAtMs[this.#oldest % NUMBERS]!;
      if (sentAtMs === 0) continue;
      if (nowMs - sentAtMs < lateMs) return;
      this.#sentAtMs[this.#oldest % NUMBERS] = 0;
      this.#missesInRow += 1;
      if (this.#missesInRow >= MISSES) this.#answeredSinceMs = null;
    }
  }

  #take(number: number, nowMs: number): void {
    const sentAtMs = this.#sentAtMs[number]!;
    this.#missesInRow = 0;
    this.#answeredSinceMs ??= nowMs;
    if (sentAtMs === 0) return;
    this.#sentAtMs[number] = 0;
    const tripMs = nowMs - sentAtMs;
    if (this.#smoothedMs === null) {
      this.#smoothedMs = tripMs;
      this.#variationMs = tripMs / 2;
    } else {
      const deviationMs = Math.abs(this.#smoothedMs - tripMs);
      this.#variationMs += (deviationMs - this.#variationMs) / 4;
      this.#smoothedMs += (tripMs - this.#smoothedMs) / 8;
    }
  }
}

/** RFC 1071, of what has an even number of bytes. */
function checksumOf(view: DataView): number {
  let sum = 0;
  for (let at = 0; at < view.byteLength; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
