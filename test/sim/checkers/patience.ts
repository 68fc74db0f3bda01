/**
 * A hub's verdict of silence never comes before the device could know that its idle binding is silent.
 *
 * Sees which link a claim took and what the device's policy says of it, not what was said on the wire. Held is the hub that
 * committed the claim, to the policy in force then. A shorter pause of a newer policy counts at once; a longer one for a
 * silence that begins a minute later: the hub has been told by then. So has one that died and was rejoined by ROTATE.
 * Held until it dies, another one commits, or it refused somebody else with `session_live`.
 *
 * @module
 */
import { isSameClaim } from '../../../session/claim.ts';
import type { SessionRecord } from '../../../session/hub/record.ts';
import type { Commit, Report, Said, Watch } from './watch.ts';

/** The world's steps. */
const ROUNDING_MS = 1;

/** Longer than it takes to tell a hub eight times, and to find out that a link was silent meanwhile (chosen). */
const TELLING_MS = 60_000;

interface Held {
  readonly hub: string;
  readonly noticeMs: number;
  /** More than that, of a silence that begins later. */
  readonly next: { readonly noticeMs: number; readonly fromMs: number } | null;
}

export class Patience implements Watch {
  readonly #report: Report;
  readonly #noticeMs: (record: SessionRecord) => number;
  /** By the device's public key. */
  readonly #held = new Map<string, Held>();
  /** By the device's public key: with its newest claim. */
  readonly #records = new Map<string, SessionRecord>();

  /** @param noticeMs how late the device may know, idle on the binding of that record, by the policy in force. */
  constructor(report: Report, noticeMs: (record: SessionRecord) => number) {
    this.#report = report;
    this.#noticeMs = noticeMs;
  }

  onCommit({ hub, before, after }: Commit): void {
    if (before !== null && isSameClaim(before.claim, after.claim)) return;
    this.#records.set(after.device, after);
    this.#held.set(after.device, { hub, noticeMs: this.#noticeMs(after), next: null });
  }

  onSaid({ atMs, who, role, event }: Said): void {
    const { reasonCode, device } = event;
    if (role === 'device' && reasonCode === 'policy_applied') this.#onPolicy(device, atMs);
    if (role === 'hub' && reasonCode === 'channel_rotated') this.#onRotated(who, device, atMs);
    const held = this.#held.get(device);
    if (role !== 'hub' || held?.hub !== who) return;
    if (reasonCode === 'session_live') this.#held.delete(device);
    if (reasonCode !== 'hub_silence') return;
    const silentMs = Number(event.detail['silentMs']);
    const noticeMs = noticeMsAt(held, atMs - silentMs);
    const isHasty = silentMs < noticeMs - ROUNDING_MS;
    const hasty = `liveness: hub_silence after ${silentMs} ms, where the device may know after ${noticeMs} ms`;
    this.#report('hastySilence', device, isHasty ? hasty : null);
  }

  #onPolicy(device: string, atMs: number): void {
    const held = this.#held.get(device);
    const record = this.#records.get(device);
    if (held === undefined || record === undefined) return;
    const beforeMs = noticeMsAt(held, atMs);
    const noticeMs = this.#noticeMs(record);
    const next = noticeMs > beforeMs ? { noticeMs, fromMs: atMs + TELLING_MS } : null;
    this.#held.set(device, { ...held, noticeMs: Math.min(beforeMs, noticeMs), next });
  }

  /** A process that knows nothing but the record, until it is told. */
  #onRotated(hub: string, device: string, atMs: number): void {
    const record = this.#records.get(device);
    if (record === undefined || this.#held.has(device)) return;
    const next = { noticeMs: this.#noticeMs(record), fromMs: atMs + TELLING_MS };
    this.#held.set(device, { hub, noticeMs: 0, next });
  }

  onDeath(who: string): void {
    for (const [device, { hub }] of this.#held) if (hub === who) this.#held.delete(device);
  }
}

function noticeMsAt({ noticeMs, next }: Held, sinceMs: number): number {
  return next !== null && sinceMs >= next.fromMs ? next.noticeMs : noticeMs;
}
