/**
 * What the store does with leases: the rules that every store has to keep, as a function.
 *
 * The simulator and the model check use it as their store; an adapter of a real one is tested against it. In etcd: a key per
 * hub, attached to a lease of `ttlMs`, whose value is `instance/number`; `acquire` is one transaction that compares that key,
 * `renew` a keep-alive. A hub's lease has ended when its key is gone.
 *
 * @module
 */
import type { SessionRecord } from '../hub/record.ts';
import { NOBODY } from '../hub/takeover.ts';
import type { LeaseRequest } from './event.ts';

/** The store's entry of one hub. */
export interface Grant {
  readonly instance: string;
  readonly number: number;
  /** On the store's clock. */
  readonly endsAtMs: number;
}

export interface GrantAnswer {
  readonly grant: Grant | null;
  readonly outcome: 'granted' | 'refused';
}

/** Whether `grant` still counts at `atMs`. */
export function isGranted(grant: Grant | null, atMs: number): grant is Grant {
  return grant !== null && atMs < grant.endsAtMs;
}

/** The entry after `request` arrived at `atMs` on the store's clock, and what its sender is told. `ttlMs` above 0. */
export function applyLease(
  before: Grant | null,
  { kind, instance, number }: LeaseRequest,
  atMs: number,
  ttlMs: number,
): GrantAnswer {
  const held = isGranted(before, atMs) ? before : null;
  const isOurs = held?.instance === instance;
  const isFree = held === null || (isOurs && held.number < number);
  const mayHave = kind === 'acquire' ? isFree : isOurs && held.number === number;
  if (!mayHave) return { grant: held, outcome: 'refused' };
  return { grant: { instance, number, endsAtMs: atMs + ttlMs }, outcome: 'granted' };
}

/**
 * The answer to `askOwner`, from one linearizable read of the record and of its owner's entry: whether nobody serves under
 * the recorded owner and epoch any more, now and for ever. `atMs` is on the store's clock.
 */
export function isOwnerEnded(
  current: SessionRecord | null,
  owner: Grant | null,
  atMs: number,
): boolean {
  return current !== null && current.owner !== NOBODY && !isGranted(owner, atMs);
}
