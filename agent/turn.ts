/**
 * One turn of the tunnel thread behind its wait: datagrams to packets, packets to datagrams.
 *
 * Shared by the thread (`tunnel.ts`) and the simulator, so that both do the same work in the same order.
 *
 * @module
 */
import { isBatchOver } from '../hal/batch.ts';
import { RECEIVE_BYTES } from '../hal/datagram.ts';
import { TUN_GONE, TUN_READ_BYTES, type Tun } from '../hal/tun.ts';
import { Unavailable } from '../hal/unavailable.ts';
import type { Memory, NewMemory } from '../session/memory.ts';
import type { PlainShell } from './plainShell.ts';
import type { SessionShell } from './sessionShell.ts';
import type { Uplink, Uplinks } from './uplinks.ts';

export type Shell = SessionShell | PlainShell;

interface TurnParts {
  readonly shell: Shell;
  readonly uplinks: Uplinks;
  readonly tun: Tun;
  readonly newMemory: NewMemory;
  /** Whether the last wait found something to read there. */
  readonly isReady: (source: { readonly fd: number }) => boolean;
}

export class Turn {
  readonly #parts: TurnParts;
  readonly #received: Memory;
  readonly #read: Memory;

  constructor(parts: TurnParts) {
    this.#parts = parts;
    this.#read = parts.newMemory(TUN_READ_BYTES);
    this.#received = parts.newMemory(RECEIVE_BYTES);
  }

  /** Take what is ready, from each source at most a batch; the bytes taken. @throws Unavailable */
  take(atMs: number): number {
    const { uplinks, tun, isReady } = this.#parts;
    let moved = 0;
    for (const uplink of uplinks.all) {
      if (uplink.socket === null || !isReady(uplink.socket)) continue;
      moved += this.#drainSocket(uplink, atMs);
    }
    if (isReady(tun)) moved += this.#drainTun(atMs);
    return moved;
  }

  /** Datagrams to packets, until the socket has no more or the others have waited long enough; their bytes. */
  #drainSocket(uplink: Uplink, atMs: number): number {
    const { shell } = this.#parts;
    const memory = this.#received;
    const { socket } = uplink;
    let calls = 0;
    let taken = 0;
    // A frame may take the socket away: its link has gone.
    while (socket !== null && uplink.socket === socket && !isBatchOver(calls, taken)) {
      const bytes = socket.receive(memory, 0);
      if (bytes === 0) break;
      const { segmentBytes, ecn } = socket;
      for (let at = 0; at < bytes; at += segmentBytes) {
        shell.onDatagram(uplink, memory, at, Math.min(segmentBytes, bytes - at), ecn, atMs);
      }
      uplink.meter.passed(Math.ceil(bytes / segmentBytes), bytes, uplink.family);
      calls += 1;
      taken += bytes;
    }
    if (socket !== null && socket.skippedCount !== uplink.skippedCount) {
      if (uplink.socket === socket) {
        shell.onSkipped(socket.skippedCount - uplink.skippedCount);
        uplink.skippedCount = socket.skippedCount;
      }
    }
    shell.flushReceived();
    return taken;
  }

  /** Packets to datagrams; their bytes. */
  #drainTun(atMs: number): number {
    const { shell, tun } = this.#parts;
    const memory = this.#read;
    let taken = 0;
    for (let calls = 0; !isBatchOver(calls, taken); calls++) {
      const bytes = tun.read(memory, 0);
      if (bytes === TUN_GONE)
        throw new Unavailable(`the interface ${tun.name} was deleted under the running agent`);
      if (bytes === 0) break;
      shell.onPacket(memory, 0, bytes, atMs);
      taken += bytes;
    }
    shell.flushSent();
    return taken;
  }
}
