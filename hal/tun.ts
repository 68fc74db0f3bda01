/**
 * The network interface applications see: IP packets in, IP packets out, each behind a virtio header
 * (`session/packet/virtio.ts`), whether the kernel has one or not.
 *
 * Non-blocking. Where the kernel offers it, one read is a super-packet of up to 64 KiB and its
 * checksum is left open; where it does not, one read is one complete packet behind a header of
 * zeros. Memory handed to the real one comes from `hal/linux/memory.ts`. Does not configure
 * addresses or routes: that is `hal/interfaces.ts`.
 *
 * @module
 */
import type { Memory } from '../session/memory.ts';
import { VIRTIO_BYTES } from '../session/packet/virtio.ts';

/** What `read` returns once the interface has been deleted under us: close it, nothing will follow. */
export const TUN_GONE = -1;

/** Room that a `read` needs behind `at`: a header and the longest packet. */
export const TUN_READ_BYTES = VIRTIO_BYTES + 65_535;

/** What the kernel does for us. Detected at start; what is false is done in TypeScript instead. */
export interface TunOffload {
  /** Completes open checksums of what we write, and leaves those of local senders open. */
  readonly checksum: boolean;
  /** Hands out and takes TCP super-packets. */
  readonly tcp: boolean;
  /** The same for UDP (Linux 6.2). */
  readonly udp: boolean;
}

export const NO_TUN_OFFLOAD: TunOffload = { checksum: false, tcp: false, udp: false };

export interface Tun {
  /** As the kernel named it; may differ from a requested pattern such as `jv%d`. */
  readonly name: string;
  /** To wait on; negative in the in-memory twin. */
  readonly fd: number;
  readonly offload: TunOffload;
  /**
   * Bytes of virtio header and next packet, now at `at` of `memory`; 0 = nothing now; {@link TUN_GONE}.
   * {@link TUN_READ_BYTES} are free there. A longer packet is cut by the kernel.
   */
  read(memory: Memory, at: number): number;
  /**
   * Hand virtio header and packet, `bytes` in all, to the kernel; false if it did not take them
   * (counted). Without `offload.checksum` the header is not looked at.
   */
  write(memory: Memory, at: number, bytes: number): boolean;
  /** Packets the kernel refused: interface down, malformed, out of memory. */
  readonly refusedCount: number;
  close(): void;
}
