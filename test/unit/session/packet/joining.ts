/**
 * Runs a `Coalescer` on byte arrays, with guards around everything that it may touch.
 *
 * @module
 */
import { expect } from 'bun:test';
import { COALESCER_BYTES, Coalescer, type Offers } from '../../../../session/packet/coalesce.ts';

const GUARD = 0xa5;
const RUNS_AT = 64;
const PACKETS_AT = RUNS_AT + COALESCER_BYTES + 64;
const ROOM = 66_000;

/** All that a tun may offer. */
export const EVERYTHING: Offers = { checksum: true, tcp: true, udp: true };

/** One arena for all tests: it is half a megabyte. */
const arena = new Uint8Array(new ArrayBuffer(PACKETS_AT + ROOM + 64));

export class Joiner {
  readonly frames: number[][] = [];
  readonly #coalescer: Coalescer;

  constructor(offers: Offers = EVERYTHING) {
    arena.fill(GUARD);
    this.#coalescer = new Coalescer(arena, RUNS_AT, offers, (at, bytes) => {
      this.frames.push([...arena.subarray(at, at + bytes)]);
    });
  }

  /** @param shift moves the packet to any alignment. */
  add(packet: readonly number[], shift = 0): boolean {
    const at = PACKETS_AT + 32 + shift;
    arena.set(packet, at);
    const taken = this.#coalescer.add(at, packet.length);
    // Only the ten bytes in front belong to it.
    expect(arena.subarray(PACKETS_AT, at - 10).every((byte) => byte === GUARD)).toBe(true);
    const behind = arena.subarray(at + packet.length, at + packet.length + 16);
    expect(behind.every((byte) => byte === GUARD)).toBe(true);
    arena.fill(GUARD, at - 10, at + packet.length);
    return taken;
  }

  flush(): number[][] {
    this.#coalescer.flush();
    expect(arena.subarray(0, RUNS_AT).every((byte) => byte === GUARD)).toBe(true);
    const behind = arena.subarray(RUNS_AT + COALESCER_BYTES, PACKETS_AT);
    expect(behind.every((byte) => byte === GUARD)).toBe(true);
    return this.frames.splice(0);
  }
}
