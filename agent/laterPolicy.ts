/**
 * A policy that came while another one was on trial: retained, it comes no second time on this connection.
 *
 * Of those that are refused for the trial alone the newest gets its turn behind it (docs/push.md, "A policy on trial").
 *
 * @module
 */
import type { PushEvent, PushState, PushStep } from '../policies/signed/state.ts';

type Later = Pick<PushEvent & { kind: 'arrived' }, 'document' | 'isRetained'>;

export class LaterPolicy {
  #later: Later | null = null;

  /** `event` was judged, and this came of it. */
  keep(event: PushEvent, { effects }: PushStep): void {
    if (event.kind !== 'arrived' || event.document.kind !== 'policy') return;
    const { document, isRetained } = event;
    const isBusy = effects.some(
      (effect) => effect.kind === 'report' && effect.code === 'push_busy',
    );
    if (!isBusy || document.version <= (this.#later?.document.version ?? 0)) return;
    this.#later = { document, isRetained };
  }

  /** Whose turn it is, once; null: nobody's, or not yet. */
  next({ trial, writing, record }: PushState): Later | null {
    if (trial !== null || writing !== null || record.pending !== null) return null;
    const later = this.#later;
    this.#later = null;
    return later;
  }
}
