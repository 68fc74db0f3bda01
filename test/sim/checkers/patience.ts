/**
 * A hub's verdict of silence never comes before the device could know that its idle binding is silent.
 *
 * Sees which link a claim took and what the device's policy says of it, not what the claim said. Held is the hub that
 * committed the claim, until it dies, another one commits, or it refused somebody else with `session_live`.
 *
 * @module
 */
import { isSameClaim } from '../../../session/claim.ts';
import type { SessionRecord } from '../../../session/hub/record.ts';
import type { Commit, Report, Said, Watch } from './watch.ts';

/** The world's steps. */
const ROUNDING_MS = 1;

interface Held {
  readonly hub: string;
  readonly noticeMs: number;
}

export class Patience implements Watch {
  readonly #report: Report;
  readonly #noticeMs: (record: SessionRecord) => number;
  /** By the device's public key. */
  readonly #held = new Map<string, Held>();

  /** @param noticeMs how late the device may know, idle on the binding of that record. */
  constructor(report: Report, noticeMs: (record: SessionRecord) => number) {
    this.#report = report;
    this.#noticeMs = noticeMs;
  }

  onCommit({ hub, before, after }: Commit): void {
    if (before !== null && isSameClaim(before.claim, after.claim)) return;
    this.#held.set(after.device, { hub, noticeMs: this.#noticeMs(after) });
  }

  onSaid({ who, role, event }: Said): void {
    const held = this.#held.get(event.device);
    if (role !== 'hub' || held?.hub !== who) return;
    const { reasonCode, detail } = event;
    if (reasonCode === 'session_live') this.#held.delete(event.device);
    if (reasonCode !== 'hub_silence') return;
    const silentMs = Number(detail['silentMs']);
    const isHasty = silentMs < held.noticeMs - ROUNDING_MS;
    const hasty = `liveness: hub_silence after ${silentMs} ms, where the device may know after ${held.noticeMs} ms`;
    this.#report('hastySilence', event.device, isHasty ? hasty : null);
  }

  onDeath(who: string): void {
    for (const [device, { hub }] of this.#held) if (hub === who) this.#held.delete(device);
  }
}
