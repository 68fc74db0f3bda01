/**
 * Which waits devices were told to keep, and until when: whoever waits as told cannot be back earlier.
 *
 * Judges nothing; the bound of liveness is made of it. Source: docs/protocol.md, "Resuming, clones, takeover".
 *
 * @module
 */
import type { Said, Watch } from './watch.ts';

/** The refused side of an identity conflict keeps quiet for ten minutes, by a clock that drifts. */
const CONFLICT_MS = 602_000;

export class Waits implements Watch {
  longestMs = 0;
  /** In world time. */
  latestEndMs = 0;
  /** How long another hub that owns the device's session may take to notice that the device is gone; 0: no other does. */
  readonly #patienceMs: (hub: string, device: string) => number;

  constructor(patienceMs: (hub: string, device: string) => number) {
    this.#patienceMs = patienceMs;
  }

  onSaid({ atMs, who, role, event }: Said): void {
    if (role === 'hub') {
      // Without its flash a device gets in when its session ends. Only the hub that refuses it counts its own time from then on.
      const isLive = event.event === 'refusal' && event.reasonCode === 'session_live';
      return this.#note(atMs, isLive ? this.#patienceMs(who, event.device) : 0);
    }
    const { retryAfterMs } = event.detail;
    const isConflict = event.to === 'TERMINATED' && event.reasonCode === 'identity_conflict';
    const toldMs = event.event === 'refusal' && typeof retryAfterMs === 'number' ? retryAfterMs : 0;
    this.#note(atMs, isConflict ? CONFLICT_MS : toldMs);
  }

  #note(atMs: number, waitMs: number): void {
    if (waitMs === 0) return;
    this.longestMs = Math.max(this.longestMs, waitMs);
    this.latestEndMs = Math.max(this.latestEndMs, atMs + waitMs);
  }
}
