/**
 * Over which interface the broker is asked: the tunnel's, a link, or whatever the routing table says.
 *
 * The policy decides (`telemetry.outside_tunnel`), from what the session does. A socket that is bound to an interface
 * leaves over no other, whatever becomes of the routes: the kernel keeps the promise, not a look at the table.
 *
 * Owns no timer: {@link BrokerWay.nextDeadlineMs} says when to look again.
 *
 * @module
 */
import { linkRules } from '../policies/links.ts';
import type { Policy } from '../policies/schema.ts';
import { carriesData, STATES } from '../session/transitions.ts';
import type { AgentLink } from './config.ts';
import type { TunnelStatus } from './status.ts';

/** How long no session has carried data before the broker is asked outside (chosen): longer than most recoveries, which a connection outlives. */
export const OUTSIDE_AFTER_MS = 30_000;

/** What of a policy decides. */
type Rules = Pick<Policy, 'links'> & {
  readonly telemetry: Pick<Policy['telemetry'], 'outsideTunnel'>;
};

export interface BrokerWayParts {
  /** Name of the tun. */
  readonly tunnel: string;
  /** As configured; at least one. */
  readonly links: readonly AgentLink[];
}

export class BrokerWay {
  readonly #parts: BrokerWayParts;
  #policy: Rules;
  #isUsable: (name: string) => boolean = () => false;
  /** Failures outside since a session carried data. */
  #turn = 0;
  /** Since when no session carries data; null: one does. */
  #downSinceMs: number | null;
  #lookedAtMs: number;

  /** @param nowMs from here on no session has carried data, as far as is known. */
  constructor(policy: Rules, parts: BrokerWayParts, nowMs: number) {
    this.#policy = policy;
    this.#parts = parts;
    this.#downSinceMs = nowMs;
    this.#lookedAtMs = nowMs;
  }

  get rule(): Policy['telemetry']['outsideTunnel'] {
    return this.#policy.telemetry.outsideTunnel;
  }

  usePolicy(policy: Rules): void {
    this.#policy = policy;
  }

  /** A tunnel without sessions (`plain`) is never down. */
  follow(
    { mode, state, links }: Pick<TunnelStatus, 'mode' | 'state' | 'links'>,
    nowMs: number,
  ): void {
    this.#isUsable = (name) => links.some(({ link, usable }) => link === name && usable);
    if (mode === 'session' && !isCarrying(state)) {
      this.#downSinceMs ??= nowMs;
    } else {
      this.#downSinceMs = null;
      this.#turn = 0;
    }
  }

  /** A connection that was bound to `bound` failed: of a link, the next one has its turn. */
  onFailed(bound: string | null): void {
    if (bound !== null && bound !== this.#parts.tunnel) this.#turn += 1;
  }

  /** The interface to bind to; null: none, the routing table decides. */
  interfaceAt(nowMs: number): string | null {
    this.#lookedAtMs = nowMs;
    if (this.rule === 'routed') return null;
    const links = this.#outsideAtMs() <= nowMs ? this.#links() : [];
    // Without a link that may be used it stays where it is.
    return links[this.#turn % links.length] ?? this.#parts.tunnel;
  }

  /** Whether a connection that is bound to `bound` may stay: outside, over whichever link it came about. */
  allows(bound: string | null, nowMs: number): boolean {
    const wanted = this.interfaceAt(nowMs);
    const isOutside = wanted !== null && wanted !== this.#parts.tunnel;
    return isOutside ? bound !== null && this.#links().includes(bound) : bound === wanted;
  }

  /** When to ask again, because time alone changes the answer; Infinity: it does not. */
  nextDeadlineMs(): number {
    const atMs = this.#outsideAtMs();
    return atMs > this.#lookedAtMs ? atMs : Number.POSITIVE_INFINITY;
  }

  /** Those that the policy lets be used, usable ones first, else in the order of the configuration. */
  #links(): readonly string[] {
    return this.#parts.links
      .filter(({ name, kind }) => linkRules(this.#policy.links, name, kind).costClass !== 'never')
      .map(({ name }) => name)
      .toSorted((a, b) => Number(this.#isUsable(b)) - Number(this.#isUsable(a)));
  }

  #outsideAtMs(): number {
    const isAllowed = this.rule === 'session_down' && this.#downSinceMs !== null;
    return isAllowed ? (this.#downSinceMs ?? 0) + OUTSIDE_AFTER_MS : Number.POSITIVE_INFINITY;
  }
}

const isCarrying = (state: string) => STATES.some((known) => known === state && carriesData(known));
