/**
 * One step in the making: the draft of the next state, and the effects so far.
 *
 * Lives for the length of one `step` and never leaves this folder.
 *
 * @module
 */
import { assert } from '../assert.ts';
import type { AuditKind } from '../audit.ts';
import { bytesToHex } from '../bytes.ts';
import { derive } from '../proof.ts';
import type { ReasonCode } from '../reasons.ts';
import { nextState, type State, type Trigger } from '../transitions.ts';
import type { DeviceEffect } from './event.ts';
import type { DeviceConfig } from './limits.ts';
import { type Device, type Transport, transportOf } from './state.ts';

type Draft = { -readonly [K in keyof Device]: Device[K] };
type Detail = Record<string, string | number | boolean | null>;

export class Turn {
  readonly draft: Draft;
  readonly config: DeviceConfig;
  readonly effects: DeviceEffect[] = [];

  constructor(before: Device, atMs: number, config: DeviceConfig) {
    this.draft = { ...before, nowMs: atMs };
    this.config = config;
  }

  get nowMs(): number {
    return this.draft.nowMs;
  }

  emit(effect: DeviceEffect): void {
    this.effects.push(effect);
  }

  /** `bytes` fresh unpredictable bytes for `label`, at most 32. */
  derive(label: string, bytes: number): Uint8Array {
    this.draft.derived += 1;
    return derive(this.draft.seed, label, this.draft.derived, bytes);
  }

  deriveHex(label: string, bytes: number): string {
    return bytesToHex(this.derive(label, bytes));
  }

  /** 0…1, for jitter only. */
  fraction(label: string): number {
    const [high = 0, low = 0] = this.derive(label, 2);
    return (high * 256 + low) / 65_535;
  }

  /** Take the next version. Callers have made sure that one is left below the durable ceiling. */
  nextVersion(): number {
    const { draft } = this;
    assert(
      draft.stateVersion < draft.ceiling,
      'a version is used only below the durable ceiling (I4)',
    );
    draft.stateVersion += 1;
    return draft.stateVersion;
  }

  /** Move by one row of the table: one version, one reason, one event. False where it is forbidden. */
  move(trigger: Trigger, reasonCode: ReasonCode, detail: Detail = {}): boolean {
    const from = this.draft.state;
    const to = nextState(from, trigger);
    if (to === null) {
      this.report('notice', 'transition_refused', { trigger, state: from });
      return false;
    }
    this.nextVersion();
    this.draft.state = to;
    this.report('transition', reasonCode, { trigger, ...detail }, from, to);
    return true;
  }

  report(
    event: AuditKind,
    reasonCode: ReasonCode,
    detail: Detail = {},
    from: State | null = null,
    to: State | null = null,
  ): void {
    const { draft } = this;
    const named = detail['transportId'];
    const transport = transportOf(draft, typeof named === 'number' ? named : draft.activeId);
    // A claim repeats the reason of the transition before it: counted, that would be said twice.
    this.count(event === 'claim' ? 'claim_opened' : reasonCode);
    this.emit({
      kind: 'report',
      event: {
        event,
        atMs: draft.nowMs,
        reasonCode,
        device: this.config.device,
        sessionId: draft.sessionId,
        from,
        to,
        stateVersion: draft.stateVersion,
        hubSeq: 0,
        ownerEpoch: 0,
        transport: transport === null ? null : `${transport.linkName}→${transport.endpoint}`,
        detail,
      },
    });
  }

  count(code: string): void {
    const { counters } = this.draft;
    this.draft.counters = { ...counters, [code]: (counters[code] ?? 0) + 1 };
  }

  transport(transportId: number | null): Transport | null {
    return transportOf(this.draft, transportId);
  }

  change(transportId: number, change: Partial<Transport>): void {
    this.draft.transports = this.draft.transports.map((transport) =>
      transport.transportId === transportId ? { ...transport, ...change } : transport,
    );
  }
}
