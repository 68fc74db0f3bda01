/**
 * What the shell has to know after each step: where data goes, and whose data counts.
 *
 * Both follow from the seat alone, so no rule has to remember to switch them off.
 *
 * @module
 */
import type { DataRoute, DataSource } from './event.ts';
import { isSettled } from './heard.ts';
import { exchangeOver } from './resend.ts';
import { isLive, type Seat } from './state.ts';
import type { Turn } from './turn.ts';

export function isCarrying(seat: Seat): boolean {
  return isSettled(seat) && seat.state === 'ATTACHED' && seat.channelId !== null;
}

/** Nowhere, until the binding's address has proven to be the device's: it could be a victim's. */
function routeOf(seat: Seat): DataRoute | null {
  const { record, channelId, source, trial, mtuBytes } = seat;
  if (!isCarrying(seat) || !isLive(record) || channelId === null || source === null) return null;
  if (!seat.isSourceValidated) return null;
  const { transportId, cipher, inner4, inner6 } = record;
  const candidate = trial?.answered ?? null;
  return { channelId, transportId, target: source, candidate, cipher, inner4, inner6, mtuBytes };
}

/** The binding's transport on every channel of the process, and for a while those before. */
function acceptOf(seat: Seat): readonly DataSource[] {
  const { record, earlier } = seat;
  if (!isCarrying(seat) || !isLive(record)) return [];
  const { transportId, cipher } = record;
  const proven = seat.channels.filter((channel) => channel.isProven);
  const from: DataSource[] = proven.map(({ channelId }) => ({
    channelId,
    transportId,
    cipher,
    untilMs: null,
  }));
  for (const { transportId: earlierId, untilMs } of earlier) {
    for (const { channelId } of proven) {
      from.push({ channelId, transportId: earlierId, cipher, untilMs });
    }
  }
  return from;
}

/** Tell what changed. Stopping is told before starting, both after the frames of this step. */
export function tellOutputs(turn: Turn): void {
  const { draft } = turn;
  if (draft.earlier.some(({ untilMs }) => untilMs <= draft.nowMs)) {
    draft.earlier = draft.earlier.filter(({ untilMs }) => untilMs > draft.nowMs);
  }
  const accept = acceptOf(draft);
  const route = routeOf(draft);
  if (!isSameList(accept, draft.accept)) {
    draft.accept = accept;
    turn.emit({ kind: 'accept', from: accept });
  }
  if (route !== null) exchangeOver(turn, route);
  if (!isSame(route, draft.route)) {
    draft.route = route;
    turn.emit({ kind: 'route', route });
  }
}

function isSameList<Flat extends object>(a: readonly Flat[], b: readonly Flat[]): boolean {
  return a.length === b.length && a.every((one, at) => isSame(one, b[at] ?? null));
}

/** Flat data, built in one place each: both have the same fields. */
function isSame<Flat extends object>(a: Flat | null, b: Flat | null): boolean {
  if (a === null || b === null) return a === b;
  for (const key in a) if (a[key] !== b[key]) return false;
  return true;
}
