/**
 * A hub's lease: event in, effects out.
 *
 * Refuses to guess: an answer that is late, lost or unknown extends nothing, and a lease that ended once is never continued;
 * the next one is another lease, under which every session has to be owned anew. No clock, timer or store in here; the shell
 * calls `tick` at {@link leaseDeadline}, before it feeds any seat with something later, and asks {@link isLeaseHeld} for
 * every batch that is forwarded.
 *
 * Source: docs/protocol.md, "Leases and takeover"; docs/decisions/0014.
 *
 * @module
 */
import { assert, unreachable } from '../assert.ts';
import type { LeaseEffect, LeaseEvent } from './event.ts';
import { type LeaseConfig, renewalMs, retryMs, validUntilMs } from './validity.ts';

export interface Lease {
  readonly nowMs: number;
  /** Of the lease that is held or asked for; it only grows. */
  readonly number: number;
  /** Null: none is held. */
  readonly validUntilMs: number | null;
  /** The one request that is waited for. */
  readonly request: {
    readonly requestId: number;
    readonly kind: 'acquire' | 'renew';
    readonly sentAtMs: number;
  } | null;
  /** When the next request goes out, if none is waited for. */
  readonly nextAtMs: number;
  readonly requests: number;
  readonly isStopped: boolean;
  /** Answers that came too late to count. */
  readonly lateAnswers: number;
}

export interface LeaseStep {
  readonly lease: Lease;
  readonly effects: readonly LeaseEffect[];
}

type Draft = { -readonly [K in keyof Lease]: Lease[K] };

/** No lease is held; the first `tick`, which is due at once, asks for one. */
export function newLease(atMs: number): Lease {
  return {
    nowMs: atMs,
    number: 0,
    validUntilMs: null,
    request: null,
    nextAtMs: atMs,
    requests: 0,
    isStopped: false,
    lateAnswers: 0,
  };
}

/** Whether this hub may serve at `atMs`. False from the very millisecond at which the lease ends. */
export function isLeaseHeld(lease: Lease, atMs: number): boolean {
  return lease.validUntilMs !== null && atMs < lease.validUntilMs;
}

/** When the shell must call back with a `tick`; null after `stop`. */
export function leaseDeadline(lease: Lease, config: LeaseConfig): number | null {
  if (lease.isStopped) return null;
  const { request, nextAtMs } = lease;
  const dueAtMs = request === null ? nextAtMs : request.sentAtMs + renewalMs(config);
  return Math.min(dueAtMs, lease.validUntilMs ?? dueAtMs);
}

export function stepLease(before: Lease, event: LeaseEvent, config: LeaseConfig): LeaseStep {
  assert(event.atMs >= before.nowMs, 'time does not run backwards');
  const draft: Draft = { ...before, nowMs: event.atMs };
  const effects: LeaseEffect[] = [];
  if (draft.validUntilMs !== null && !isLeaseHeld(draft, draft.nowMs)) lose(draft, effects);
  switch (event.kind) {
    case 'tick':
      break;
    case 'answered':
      onAnswered(draft, event, effects, config);
      break;
    case 'stop':
      stop(draft, effects, config);
      break;
    default:
      unreachable(event);
  }
  ask(draft, effects, config);
  return { lease: draft, effects };
}

function lose(draft: Draft, effects: LeaseEffect[]): void {
  draft.validUntilMs = null;
  draft.request = null;
  draft.nextAtMs = draft.nowMs;
  effects.push({ kind: 'lease', isValid: false });
}

function onAnswered(
  draft: Draft,
  { requestId, outcome }: Extract<LeaseEvent, { kind: 'answered' }>,
  effects: LeaseEffect[],
  config: LeaseConfig,
): void {
  const { request, nowMs } = draft;
  if (request === null || request.requestId !== requestId) {
    draft.lateAnswers += 1;
    return;
  }
  draft.request = null;
  draft.nextAtMs = nowMs + retryMs(config);
  if (outcome === 'unknown') return;
  if (outcome === 'refused') {
    if (request.kind === 'renew') lose(draft, effects);
    return;
  }
  const untilMs = validUntilMs(request.sentAtMs, config);
  if (untilMs <= nowMs) {
    draft.lateAnswers += 1;
    return;
  }
  if (draft.validUntilMs === null) effects.push({ kind: 'lease', isValid: true });
  draft.validUntilMs = untilMs;
  draft.nextAtMs = Math.max(nowMs, request.sentAtMs + renewalMs(config));
}

function stop(draft: Draft, effects: LeaseEffect[], { instance }: LeaseConfig): void {
  if (draft.isStopped) return;
  draft.isStopped = true;
  if (draft.validUntilMs !== null) lose(draft, effects);
  draft.request = null;
  // Also one that was asked for and not answered: it may be ours in the store.
  if (draft.number > 0) effects.push({ kind: 'revoke', instance, number: draft.number });
}

/** Give up what was not answered in time, and send what is due. */
function ask(draft: Draft, effects: LeaseEffect[], config: LeaseConfig): void {
  if (draft.isStopped) return;
  const { request, nowMs } = draft;
  if (request !== null) {
    if (nowMs < request.sentAtMs + renewalMs(config)) return;
    draft.request = null;
    draft.nextAtMs = nowMs;
  }
  if (draft.nextAtMs > nowMs) return;
  const kind = draft.validUntilMs === null ? 'acquire' : 'renew';
  if (kind === 'acquire') draft.number += 1;
  draft.requests += 1;
  const { requests: requestId, number } = draft;
  draft.request = { requestId, kind, sentAtMs: nowMs };
  effects.push({ kind, requestId, instance: config.instance, number });
}
