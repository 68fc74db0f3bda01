/**
 * Which events go first when there is no room for all: notices and refusals before transitions, switches and alarms, the
 * oldest first. Pure.
 *
 * @module
 */
import type { AuditKind } from '../../session/audit.ts';
import type { ReasonCode } from '../../session/reasons.ts';

/** Kinds that are published; claims are in the device's audit log alone. */
export const EVENT_KINDS = ['transition', 'switch', 'refusal', 'alarm', 'notice'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** `lesser` events go before any `greater` one. */
export const RANKS = ['lesser', 'greater'] as const;
export type Rank = (typeof RANKS)[number];

export const isEventKind = (kind: AuditKind): kind is EventKind => kind !== 'claim';

/**
 * Fresh keys, every two minutes while data flows, are no news: as events they are data, which makes the next ones due, and on a link that
 * costs money that is four times what an idle session takes. They are in the device's audit log.
 */
const ROUTINE: readonly ReasonCode[] = ['channel_established', 'channel_rotated'];

export const isRoutine = (kind: EventKind, code: ReasonCode) =>
  kind === 'notice' && ROUTINE.includes(code);

export function rankOf(kind: EventKind): Rank {
  return kind === 'notice' || kind === 'refusal' ? 'lesser' : 'greater';
}

export interface Held {
  readonly rank: Rank;
  /** What it takes of the bound, 0…2^53−1. */
  readonly bytes: number;
}

/**
 * What has to go so that `comingBytes` more fit into `bytesMax`.
 *
 * @param held the oldest first, of both ranks.
 * @returns those that go, in the order in which they go; all of them where even that is too little.
 */
export function toDrop<T extends Held>(
  held: readonly T[],
  comingBytes: number,
  bytesMax: number,
): T[] {
  let bytes = comingBytes;
  for (const one of held) bytes += one.bytes;
  const gone: T[] = [];
  for (const rank of RANKS) {
    for (const one of held) {
      if (bytes <= bytesMax) return gone;
      if (one.rank !== rank) continue;
      gone.push(one);
      bytes -= one.bytes;
    }
  }
  return gone;
}
