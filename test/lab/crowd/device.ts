/**
 * One simulated device: reports and documents as an agent makes them, without a tunnel, a core or a flash.
 *
 * What it says is made by the agent's own code (`agent/health.ts`, `agent/presence.ts`, `agent/payload.ts`), and signed documents are
 * judged, staged and confirmed by the agent's own (`agent/push.ts`): each device checks each signature for itself.
 *
 * @module
 */
import { healthOf } from '../../../agent/health.ts';
import { encodePayload } from '../../../agent/payload.ts';
import { presenceBirth } from '../../../agent/presence.ts';
import type { TunnelStatus } from '../../../agent/status.ts';
import { deviceTopics } from '../../../hal/mqtt/topics.ts';
import { statusOn } from '../reporting.ts';
import { CrowdPush } from './push.ts';
import { type Dice, goOn, loseLink, newStory, type Story } from './story.ts';

/** Reports of a policy's `interval_ms`, of a transition, and of documents. */
export type Leaf = 'health' | 'presence' | 'policy/reported';

export interface DeviceParts {
  readonly fleet: string;
  readonly name: string;
  /** Of telemetry, ms. */
  readonly intervalMs: number;
  readonly signers: readonly Uint8Array[];
  readonly dice: Dice;
  readonly publish: (topic: string, payload: Uint8Array) => void;
}

/** An agent waits as long after a transition, for what comes along with it. */
const CHANGE_MS = 1_000;
/** As long as what it was told to be lasts, unless it is told something else. */
const TURNED_MS = 15_000;
/** After a policy is applied the hub is asked at once: a round trip of a link, and the session's turn. */
const PROOF_MS = { least: 60, most: 900 } as const;
const RSS_BYTES = 58_000_000;

export class CrowdDevice {
  readonly name: string;
  readonly story: Story;
  readonly push: CrowdPush;
  readonly topics: ReturnType<typeof deviceTopics>;
  readonly #parts: DeviceParts;
  readonly #boot: string;
  readonly #key: string;
  readonly #bornAtMs: number;
  #seq = 0;
  #reportAtMs = Number.POSITIVE_INFINITY;
  #proofAtMs = Number.POSITIVE_INFINITY;

  constructor(parts: DeviceParts, nowMs: number) {
    const { dice, fleet, name } = parts;
    this.#parts = parts;
    this.name = name;
    this.topics = deviceTopics(fleet, name);
    this.story = newStory(nowMs, dice);
    const digits = (count: number) =>
      Array.from({ length: count }, () => Math.floor(dice() * 16).toString(16)).join('');
    this.#boot = digits(16);
    this.#key = Buffer.from(digits(64), 'hex').toString('base64');
    this.#bornAtMs = nowMs;
    this.push = new CrowdPush({
      identity: { device: [name], groups: [], fleet },
      signers: parts.signers,
      onFollowed: () => this.#onFollowed(),
      onReport: () => this.#say('policy/reported', this.push.reported()),
    });
  }

  /** What the device says on each connection of its own. */
  onConnected(nowMs: number): void {
    const birth = presenceBirth({ boot: this.#boot, connection: 1, ts_ms: Math.round(nowMs) });
    this.#say('presence', birth);
    this.#say('policy/reported', this.push.reported());
  }

  /** Reports from here on, spread over the interval: a fleet that was switched on at once would be another benchmark. */
  begin(nowMs: number): void {
    this.#reportAtMs = nowMs + this.#parts.dice() * this.#parts.intervalMs;
  }

  /** Whatever is due. */
  look(nowMs: number): void {
    if (nowMs >= this.story.nextAtMs) {
      goOn(this.story, nowMs, this.#parts.dice);
      this.#hasten(nowMs + CHANGE_MS);
    }
    if (nowMs >= this.#proofAtMs && this.story.state === 'ATTACHED') {
      this.#proofAtMs = Number.POSITIVE_INFINITY;
      this.push.proven();
    }
    if (nowMs >= this.#reportAtMs) this.report(nowMs);
  }

  report(nowMs: number): void {
    this.#reportAtMs = nowMs + this.#parts.intervalMs;
    this.#say('health', this.#health(nowMs));
  }

  /** Its link fails, by no chance of its own. */
  storm(nowMs: number): void {
    if (this.story.state === 'RECOVERING' || this.story.state === 'TERMINATED') return;
    loseLink(this.story, nowMs, this.#parts.dice);
    this.#hasten(nowMs + CHANGE_MS);
  }

  /** It is in `state` from now on, and says so at once: what an update is measured by. */
  turn(state: 'ATTACHED' | 'DEGRADED', nowMs: number): void {
    this.story.state = state;
    this.story.stateVersion += 1;
    this.story.nextAtMs = nowMs + TURNED_MS;
    this.report(nowMs);
  }

  #onFollowed(): void {
    const { least, most } = PROOF_MS;
    const nowMs = Date.now();
    this.#proofAtMs = nowMs + least + this.#parts.dice() * (most - least);
    this.#hasten(nowMs + CHANGE_MS);
  }

  #hasten(atMs: number): void {
    this.#reportAtMs = Math.min(this.#reportAtMs, atMs);
  }

  #say(leaf: Leaf, document: object): void {
    const { health, presence, policyReported } = this.topics;
    const topic = leaf === 'health' ? health : leaf === 'presence' ? presence : policyReported;
    this.#parts.publish(topic, encodePayload(document, 'cbor'));
  }

  #health(nowMs: number) {
    this.#seq += 1;
    const { switchesTotal, ended } = this.story;
    return healthOf({
      status: this.#status(),
      ...{ device: this.#key, boot: this.#boot, seq: this.#seq, tsMs: nowMs, monoMs: nowMs },
      ...{ uptimeMs: nowMs - this.#bornAtMs, rssBytes: RSS_BYTES },
      ...{ version: '0.1.0', commit: 'crowd', policy: this.push.policy, switchesTotal, ended },
      telemetry: {
        ...{ published: this.#seq - 1, dropped: 0, failures: 0, connections: 1, mqtt: '5.0' },
      },
    });
  }

  #status(): TunnelStatus {
    const { state, link, stateVersion, terminated, recoveries, counters } = this.story;
    const status = statusOn(link, stateVersion);
    const isBound = state !== 'RECOVERING' && state !== 'TERMINATED' && state !== 'BIRTH';
    const sorted = [...recoveries].sort((a, b) => a - b);
    const at = (share: number) =>
      sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null;
    return {
      ...status,
      ...{ state, terminated, counters },
      session_id: this.#sessionId(this.story.sessions),
      previous_session_id:
        this.story.sessions === 0 ? null : this.#sessionId(this.story.sessions - 1),
      binding: isBound ? status.binding : null,
      links: status.links.map((row) => (isBound ? row : { ...row, is_binding: false })),
      recovery_ms: {
        count: recoveries.length,
        ...{ p50: at(0.5), p95: at(0.95), max: sorted.at(-1) ?? null },
      },
      switches_last_minute: 0,
    };
  }

  #sessionId(number: number): string {
    return this.#boot + number.toString(16).padStart(16, '0');
  }
}
