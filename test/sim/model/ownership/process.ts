/**
 * A hub's process: events into the real cores, effects out as messages.
 *
 * @module
 */
import type { SeatEffect, SeatEvent } from '../../../../session/hub/event.ts';
import type { SeatConfig } from '../../../../session/hub/limits.ts';
import type { SessionRecord } from '../../../../session/hub/record.ts';
import { newSeat, step } from '../../../../session/hub/seat.ts';
import type { LeaseEffect, LeaseEvent } from '../../../../session/ownership/event.ts';
import { newLease, stepLease } from '../../../../session/ownership/lease.ts';
import { normalLease, normalRecord, normalSeat } from './normal.ts';
import { HUBS, type Hub, type HubName, NOW_MS, TTL_MS } from './state.ts';

/** What a step sends. Records are in canonical form. */
export type Out =
  | { readonly kind: 'acquire' | 'renew' | 'revoke'; readonly number: number }
  | { readonly kind: 'swap'; readonly record: SessionRecord }
  | { readonly kind: 'read' }
  | { readonly kind: 'release'; readonly owner: HubName; readonly epoch: number }
  /** The device is told that its session does not exist, which it takes for the end. */
  | { readonly kind: 'denied' }
  /** The device is told something that only an owner may say. */
  | { readonly kind: 'served'; readonly what: string };

export interface Turn {
  readonly hub: Hub;
  readonly outs: readonly Out[];
}

type Distributive<T> = T extends unknown ? Omit<T, 'atMs'> : never;
export type SeatNews = Distributive<SeatEvent>;
export type LeaseNews = Distributive<LeaseEvent>;

const NEVER_MS = 2 ** 50;
const OWNER_ONLY = new Set(['attached', 'reattached', 'rotated', 'challenge']);

export function seatConfig(name: HubName, life: number): SeatConfig {
  return {
    hubId: name,
    device: 'ZGV2aWNl',
    inner4: '10.77.0.5/32',
    inner6: null,
    routes: [],
    ciphers: ['chacha20-poly1305'],
    seed: new Uint8Array(32).fill(16 * (HUBS.indexOf(name) + 1) + life),
    isLeased: true,
    limits: {
      sessionTtlMs: NEVER_MS,
      transportTtlMs: NEVER_MS,
      recoveryWindowMs: NEVER_MS,
      birthDeadlineMs: NEVER_MS,
      resendMaxAgeMs: 0,
      maxSwitchesPerMinute: 1_000,
      cooldownMs: 0,
      reattachPerMinute: 1_000,
      silenceMs: NEVER_MS,
      allowedLinkKinds: ['ethernet'],
    },
  };
}

/** Each life of each hub has its own channel with the device, whose address is validated. */
export const sourceOf = (name: HubName) => `192.0.2.${HUBS.indexOf(name) + 1}:4000`;
export const handshakeHash = (name: HubName, life: number) =>
  new Uint8Array(32).fill(16 * (HUBS.indexOf(name) + 1) + life);

const leaseConfig = ({ name, life }: Hub) => ({ instance: `${name}${life}`, ttlMs: TTL_MS });

/** A process starts with what the store holds, asks for a lease, and the device shakes hands. */
export function startHub(name: HubName, life: number, record: SessionRecord | null): Turn {
  const seat = newSeat(record, NOW_MS, seatConfig(name, life));
  const hub: Hub = { name, life, process: { lease: newLease(NOW_MS), seat } };
  const up = feedSeat(hub, {
    kind: 'channelUp',
    channelId: 1,
    handshakeHash: handshakeHash(name, life),
    source: sourceOf(name),
  });
  return then(up, (started) => feedLease(started, { kind: 'tick' }));
}

export function feedSeat(hub: Hub, news: SeatNews): Turn {
  const { process, name, life } = hub;
  if (process === null) return { hub, outs: [] };
  const event = { ...news, atMs: NOW_MS } as SeatEvent;
  const { seat, effects } = step(process.seat, event, seatConfig(name, life));
  const after = { ...hub, process: { ...process, seat: normalSeat(seat) } };
  return { hub: after, outs: effects.flatMap(outOf) };
}

/** Of time that passed, `shiftMs`: the lease sees the clock so much later, the seat does not look. */
export function feedLease(hub: Hub, news: LeaseNews, shiftMs = 0): Turn {
  const { process } = hub;
  if (process === null) return { hub, outs: [] };
  const event = { ...news, atMs: NOW_MS + shiftMs } as LeaseEvent;
  const { lease, effects } = stepLease(process.lease, event, leaseConfig(hub));
  let told: Turn = { hub, outs: [] };
  for (const effect of effects) {
    told = then(told, (at) =>
      effect.kind === 'lease'
        ? feedSeat(at, { kind: 'lease', isValid: effect.isValid })
        : { hub: at, outs: [leaseOut(effect)] },
    );
  }
  const seat = told.hub.process?.seat ?? process.seat;
  return {
    ...told,
    hub: { ...told.hub, process: { lease: normalLease(lease, shiftMs), seat } },
  };
}

export function then(turn: Turn, next: (hub: Hub) => Turn): Turn {
  const after = next(turn.hub);
  return { hub: after.hub, outs: [...turn.outs, ...after.outs] };
}

function leaseOut(effect: Exclude<LeaseEffect, { kind: 'lease' }>): Out {
  return { kind: effect.kind, number: effect.number };
}

function outOf(effect: SeatEffect): Out[] {
  switch (effect.kind) {
    case 'swap':
      return [{ kind: 'swap', record: normalRecord(effect.record) }];
    case 'askOwner':
      return [{ kind: 'read' }];
    case 'askRelease':
      return [{ kind: 'release', owner: effect.owner as HubName, epoch: effect.ownerEpoch }];
    case 'send':
      if (effect.frame.type === 'reject' && effect.frame.reasonCode === 'unknown_session')
        return [{ kind: 'denied' }];
      return OWNER_ONLY.has(effect.frame.type) ? [{ kind: 'served', what: effect.frame.type }] : [];
    default:
      return [];
  }
}
