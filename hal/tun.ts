/**
 * The network interface applications see: IP packets in, IP packets out.
 *
 * Non-blocking. Buffers handed to the real one come from `hal/linux/memory.ts`. Does not configure
 * addresses or routes: that is `hal/interfaces.ts`.
 *
 * @module
 */

/** What `read` returns once the interface has been deleted under us: close it, nothing will follow. */
export const TUN_GONE = -1;

export interface Tun {
  /** As the kernel named it; may differ from a requested pattern such as `jv%d`. */
  readonly name: string;
  /** To wait on; negative in the in-memory twin. */
  readonly fd: number;
  /** Bytes of the next packet, 0 = nothing now, {@link TUN_GONE}. A longer packet is cut by the kernel. */
  read(target: Uint8Array): number;
  /** Hand the first `bytes` of `packet` to the kernel; false if it did not take them (counted). */
  write(packet: Uint8Array, bytes: number): boolean;
  /** Packets the kernel refused: interface down, malformed, out of memory. */
  readonly refusedCount: number;
  close(): void;
}
