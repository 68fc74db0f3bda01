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

  onSaid({ atMs, role, event }: Said): void {
    if (role !== 'device') return;
    const { retryAfterMs } = event.detail;
    const isConflict = event.to === 'TERMINATED' && event.reasonCode === 'identity_conflict';
    const toldMs = event.event === 'refusal' && typeof retryAfterMs === 'number' ? retryAfterMs : 0;
    const waitMs = isConflict ? CONFLICT_MS : toldMs;
    if (waitMs === 0) return;
    this.longestMs = Math.max(this.longestMs, waitMs);
    this.latestEndMs = Math.max(this.latestEndMs, atMs + waitMs);
  }
}
