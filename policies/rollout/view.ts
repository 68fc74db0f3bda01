/**
 * What was heard of one device, as far as a rollout reckons with it.
 *
 * @module
 */
import { type Before, type Outcome, type Reported, WAITING } from './outcome.ts';

export interface Health {
  readonly policyVersion: number | null;
  readonly state: string;
  readonly switchesLastMinute: number;
}

export interface DeviceView {
  /** Null: the broker has nothing about it. */
  readonly online: boolean | null;
  /** Since when it is gone, in time in which the broker was heard; −∞: it was before that. Null where {@link online} is not false. */
  readonly goneSinceMs: number | null;
  readonly reported: Reported | null;
  /** What it had said when the newest document was published, or null where that was not heard. */
  readonly before: Before | null;
  readonly outcome: Outcome;
  readonly health: Health | null;
  /** When a report came, monotonic; of one that the broker had kept, when that was heard first. */
  readonly healthAtMs: number | null;
}

/** Nothing was heard of it. */
export const UNSEEN: DeviceView = {
  ...{ online: null, goneSinceMs: null, reported: null, before: null, outcome: WAITING },
  ...{ health: null, healthAtMs: null },
};

/** Who is back sooner was not away: another keepalive takes another connection, and so does another link (chosen). */
const AWAY_MS = 10_000;

/** For longer than a change of its connection takes. */
export const isAway = ({ goneSinceMs }: DeviceView, heardMs: number): boolean =>
  goneSinceMs !== null && heardMs - goneSinceMs >= AWAY_MS;

/** The broker says whether it is there. `heardMs` null: it had kept that, and it may be old. */
export function withPresence(
  view: DeviceView,
  online: boolean,
  heardMs: number | null,
): DeviceView {
  if (online) return { ...view, online, goneSinceMs: null };
  const goneSinceMs = view.goneSinceMs ?? Number.NEGATIVE_INFINITY;
  return {
    ...view,
    online,
    goneSinceMs: view.online === true ? (heardMs ?? goneSinceMs) : goneSinceMs,
  };
}

/** At least half of those that confirmed it have reported under it since then. */
export function areHeard(
  devices: readonly (readonly [string, DeviceView])[],
  { version, sinceMs }: { readonly version: number; readonly sinceMs: number },
): boolean {
  const confirmed = devices.filter(([, { outcome }]) => outcome.kind === 'confirmed');
  const heard = confirmed.filter(
    ([, { online, health, healthAtMs }]) =>
      online === true &&
      health?.policyVersion === version &&
      healthAtMs !== null &&
      healthAtMs >= sinceMs,
  );
  return heard.length > 0 && heard.length * 2 >= confirmed.length;
}
