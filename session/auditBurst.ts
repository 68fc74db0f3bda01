/**
 * Makes one audit event out of many: refusals of the same kind from the same source within a second.
 *
 * The first of a burst passes at once, with nothing added; what follows within {@link BURST_WINDOW_MS}
 * is counted and told in one event when the window ends, with `repeated` and `window_ms` in its
 * detail. Everything that is no refusal passes untouched. Bounded: sources beyond
 * {@link BURSTS_MAX} share one burst for each reason.
 *
 * Source: docs/protocol.md, "Audit events".
 *
 * @module
 */
import type { AuditEvent } from './audit.ts';

/** Chosen: fast enough for a live view, slow enough that a flood is a few lines. */
export const BURST_WINDOW_MS = 1_000;
/** Bursts open at once, without the shared ones (one a reason). Chosen. */
export const BURSTS_MAX = 256;

interface Burst {
  readonly endsAtMs: number;
  last: AuditEvent;
  repeated: number;
}

export class AuditBursts {
  /** In order of opening, so in order of ending: all windows are equally long. */
  readonly #open = new Map<string, Burst>();

  /** What to log now for `event`: itself, or null while it is counted into a burst. */
  pass(event: AuditEvent): AuditEvent | null {
    if (event.event !== 'refusal') return event;
    const own = keyOf(event, String(event.detail['source'] ?? ''));
    const isShared = !this.#open.has(own) && this.#open.size >= BURSTS_MAX;
    const key = isShared ? keyOf({ ...event, device: '', sessionId: null }, 'many') : own;
    const burst = this.#open.get(key);
    if (burst === undefined) {
      const endsAtMs = event.atMs + BURST_WINDOW_MS;
      this.#open.set(key, { last: event, endsAtMs, repeated: 0 });
      return event;
    }
    burst.last = event;
    burst.repeated += 1;
    return null;
  }

  /** When `due` has something to say, or null. */
  get nextDeadline(): number | null {
    const [oldest] = this.#open.values();
    return oldest?.endsAtMs ?? null;
  }

  /** Close the windows that have ended: one event for each that had repeats. */
  due(atMs: number): AuditEvent[] {
    const events: AuditEvent[] = [];
    for (const [key, burst] of this.#open) {
      if (burst.endsAtMs > atMs) break;
      this.#open.delete(key);
      if (burst.repeated === 0) continue;
      const { last, repeated } = burst;
      const detail = { ...last.detail, repeated, window_ms: BURST_WINDOW_MS };
      events.push({ ...last, detail });
    }
    return events;
  }
}

function keyOf(event: AuditEvent, source: string): string {
  return [event.reasonCode, event.device, event.sessionId ?? '', source].join(' ');
}
