/**
 * Documents that were refused for a reason that may pass: retained, they come no second time on this connection.
 *
 * Of each kind for each target the newest is kept, and gets its turn when it would be taken: behind a trial, an emergency, a save that
 * failed, or when the clock says so. One that cannot be taken any more gets a last turn, to be told why, and is forgotten. A newer document
 * withdraws one; clearing the topic does not (docs/push.md).
 *
 * @module
 */
import { targetText } from '../policies/signed/claims.ts';
import type { PushEvent, PushState } from '../policies/signed/state.ts';
import { outlookOf } from '../policies/signed/take.ts';

type Arrived = PushEvent & { kind: 'arrived' };
type Moment = Pick<Arrived, 'atMs' | 'clock'>;

/** A clock that is wrong may be put right at any time, and nobody says so (chosen). */
const LOOK_MS = 900_000;
/** Each try is two saves, and flash wears out (chosen). */
const TRIES_MAX = 3;
/** Two kinds for a device by two names, its groups and its fleet are 22. */
const KEPT_MAX = 24;

interface Kept {
  readonly event: Arrived;
  readonly tries: number;
  /** What was told of it last is that it may be taken later. */
  readonly isWaiting: boolean;
}

export class LaterDocuments {
  readonly #kept = new Map<string, Kept>();
  /** When to ask {@link next} again although nothing happens. */
  #lookAtMs = Number.POSITIVE_INFINITY;

  /** A deadline, or the one at which {@link next} has to be asked again; null: neither is. */
  orSooner(deadlineMs: number | null): number | null {
    const atMs = Math.min(deadlineMs ?? Number.POSITIVE_INFINITY, this.#lookAtMs);
    return atMs === Number.POSITIVE_INFINITY ? null : atMs;
  }

  /** Before `event` is judged, or behind that: also one that is taken may not reach the flash. */
  keep(event: PushEvent): void {
    if (event.kind !== 'arrived') return;
    const { kind, target, version } = event.document;
    if (kind !== 'policy' && kind !== 'emergency') return;
    const stream = `${kind} ${targetText(target)}`;
    const before = this.#kept.get(stream);
    if (version <= (before?.event.document.version ?? 0)) return;
    this.#kept.set(stream, { event, tries: 0, isWaiting: false });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
  }

  /** Whose turn it is, as an event; none: nobody's, or not yet. Emergencies go first, then the newest. */
  next(state: PushState, moment: Moment): readonly Arrived[] {
    this.#lookAtMs = Number.POSITIVE_INFINITY;
    // What has to be written or followed comes first.
    if (this.#kept.size === 0 || state.writing !== null || state.retryAtMs !== null) return [];
    const ready = [...this.#kept].filter(([stream, kept]) =>
      this.#isReady(stream, kept, state, moment),
    );
    const [first] = ready.sort(([, one], [, other]) => (isBefore(one, other) ? -1 : 1));
    if (first === undefined) return [];
    const [stream, { event, tries }] = first;
    this.#kept.set(stream, { event, tries: tries + 1, isWaiting: false });
    return [{ ...event, ...moment }];
  }

  #isReady(stream: string, kept: Kept, state: PushState, moment: Moment): boolean {
    const { event, tries, isWaiting } = kept;
    const outlook = outlookOf(state, { ...event, ...moment });
    if (outlook === null) return tries < TRIES_MAX;
    const { refused, passes } = outlook;
    if (!passes) {
      // Of the same version for another target all has been said.
      const isNews = isWaiting && refused !== 'document_replayed';
      if (!isNews) this.#kept.delete(stream);
      return isNews;
    }
    this.#kept.set(stream, { ...kept, isWaiting: true });
    const waitMs = event.document.notBeforeS * 1_000 - moment.clock.wallMs;
    if (refused === 'document_early') this.#lookWithin(moment.atMs + Math.min(waitMs, LOOK_MS));
    if (refused === 'document_expired') this.#lookWithin(moment.atMs + LOOK_MS);
    return false;
  }

  #lookWithin(atMs: number): void {
    this.#lookAtMs = Math.min(this.#lookAtMs, atMs);
  }
}

function isBefore({ event: one }: Kept, { event: other }: Kept): boolean {
  const isUrgent = one.document.kind === 'emergency';
  if (one.document.kind !== other.document.kind) return isUrgent;
  return isUrgent
    ? one.document.notBeforeS > other.document.notBeforeS
    : one.document.version > other.document.version;
}
