/**
 * Over which interface the broker is asked: the tunnel's, a link, or whatever the routing table says.
 *
 * The policy decides (`telemetry.outside_tunnel`), from what the session does. A socket that is bound to an interface
 * leaves over no other, whatever becomes of the routes: the kernel keeps the promise, not a look at the table.
 *
 * Owns no timer: {@link BrokerWay.nextDeadlineMs} says when the answer may be another one.
 *
 * @module
 */
import type { Policy } from '../policies/schema.ts';
import { carriesData, STATES } from '../session/transitions.ts';
import type { TunnelStatus } from './status.ts';

/** How long no session has carried data before the broker is asked outside (chosen): longer than most recoveries, which a connection outlives. */
export const OUTSIDE_AFTER_MS = 30_000;

export interface BrokerWayParts {
  /** Name of the tun. */
  readonly tunnel: string;
  /** Names of the links as configured; at least one. */
  readonly links: readonly string[];
}

export class BrokerWay {
  rule: Policy['telemetry']['outsideTunnel'];
  readonly #parts: BrokerWayParts;
  /** Usable ones first. */
  #links: readonly string[];
  #turn = 0;
  /** Since when no session carries data; null: one does. */
  #downSinceMs: number | null;

  /** @param nowMs from here on no session has carried data, as far as is known. */
  constructor(rule: BrokerWay['rule'], parts: BrokerWayParts, nowMs: number) {
    this.rule = rule;
    this.#parts = parts;
    this.#links = parts.links;
    this.#downSinceMs = nowMs;
  }

  /** A tunnel without sessions (`plain`) is never down. */
  follow(
    { mode, state, links }: Pick<TunnelStatus, 'mode' | 'state' | 'links'>,
    nowMs: number,
  ): void {
    const isDown = mode === 'session' && !isCarrying(state);
    if (!isDown) this.#downSinceMs = null;
    else this.#downSinceMs ??= nowMs;
    const isUsable = (name: string) => links.some(({ link, usable }) => link === name && usable);
    // Stable: among equals the order of the configuration.
    this.#links = this.#parts.links.toSorted((a, b) => Number(isUsable(b)) - Number(isUsable(a)));
  }

  /** An attempt that it led to failed: outside, the next link has its turn. */
  onFailed(): void {
    this.#turn = (this.#turn + 1) % this.#links.length;
  }

  /** The interface to bind to; null: none, the routing table decides. */
  interfaceAt(nowMs: number): string | null {
    if (this.rule === 'routed') return null;
    const isOutside = this.#outsideAtMs() <= nowMs;
    return isOutside ? (this.#links[this.#turn] ?? null) : this.#parts.tunnel;
  }

  /** Whether a connection that is bound to `bound` may stay: outside, over whichever link it came about. */
  allows(bound: string | null, nowMs: number): boolean {
    const wanted = this.interfaceAt(nowMs);
    const { tunnel, links } = this.#parts;
    const isOutside = wanted !== null && wanted !== tunnel;
    return isOutside ? bound !== null && links.includes(bound) : bound === wanted;
  }

  /** When {@link interfaceAt} changes by time alone; Infinity: it does not. */
  nextDeadlineMs(nowMs: number): number {
    const atMs = this.#outsideAtMs();
    return atMs > nowMs ? atMs : Number.POSITIVE_INFINITY;
  }

  #outsideAtMs(): number {
    const isAllowed = this.rule === 'session_down' && this.#downSinceMs !== null;
    return isAllowed ? (this.#downSinceMs ?? 0) + OUTSIDE_AFTER_MS : Number.POSITIVE_INFINITY;
  }
}

const isCarrying = (state: string) => STATES.some((known) => known === state && carriesData(known));
