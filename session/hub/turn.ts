/**
 * One step in the making: the draft of the next seat, and the effects so far.
 *
 * Lives for the length of one `step` and never leaves this folder.
 *
 * @module
 */
import type { AuditKind } from '../audit.ts';
import { derive } from '../proof.ts';
import type { ReasonCode } from '../reasons.ts';
import { nextState, type State, type Trigger } from '../transitions.ts';
import { encodeFrame } from '../wire/encode.ts';
import type { Frame } from '../wire/frames.ts';
import { maySend } from './address.ts';
import type { ChannelId, SeatEffect } from './event.ts';
import type { SeatConfig } from './limits.ts';
import type { Channel, Seat } from './state.ts';

type Draft = { -readonly [K in keyof Seat]: Seat[K] };
export type Detail = Record<string, string | number | boolean | null>;

/** Header and tag of our own around a control frame, at most. */
const ENVELOPE_BYTES = 48;

/** Where a frame goes. */
export interface Target {
  readonly channelId: ChannelId;
  readonly transportId: number;
  readonly target: string;
}

/** Back to where something came from. */
export function targetOf(arrival: {
  readonly channelId: ChannelId;
  readonly transportId: number;
  readonly source: string;
}): Target {
  const { channelId, transportId, source } = arrival;
  return { channelId, transportId, target: source };
}

export class Turn {
  readonly draft: Draft;
  readonly config: SeatConfig;
  readonly effects: SeatEffect[] = [];

  constructor(before: Seat, atMs: number, config: SeatConfig) {
    this.draft = { ...before, nowMs: atMs };
    this.config = config;
  }

  get nowMs(): number {
    return this.draft.nowMs;
  }

  emit(effect: SeatEffect): void {
    this.effects.push(effect);
  }

  /** Send, unless that would amplify towards an address that nobody proved to be the device's. */
  send({ channelId, transportId, target }: Target, frame: Frame): void {
    const { draft } = this;
    if (draft.isSourceValidated && target === draft.source) {
      return this.emit({ kind: 'send', channelId, transportId, target, frame });
    }
    const bytes = encodeFrame(frame).length + ENVELOPE_BYTES;
    const allowed = maySend(draft.addresses, target, bytes, draft.nowMs);
    draft.addresses = allowed.addresses;
    if (allowed.isAllowed) this.emit({ kind: 'send', channelId, transportId, target, frame });
    else this.count('amplification_held');
  }

  /** `bytes` bytes that only this hub process can foretell. */
  token(label: string, bytes: number): Uint8Array {
    const { draft, config } = this;
    draft.derived += 1;
    return derive(config.seed, `${label} ${config.device} ${draft.nowMs}`, draft.derived, bytes);
  }

  /** Move our view by one row of the table: one hub_seq, one reason, one event. */
  move(trigger: Trigger, reasonCode: ReasonCode, detail: Detail = {}): boolean {
    const { draft } = this;
    const from = draft.state;
    const to = from === null ? null : nextState(from, trigger);
    if (to === null) {
      this.report('notice', 'transition_refused', { trigger, state: from });
      return false;
    }
    draft.hubSeq += 1;
    draft.state = to;
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
    const { draft, config } = this;
    const { record } = draft;
    this.count(reasonCode);
    this.emit({
      kind: 'report',
      event: {
        event,
        atMs: draft.nowMs,
        reasonCode,
        device: config.device,
        sessionId: record?.sessionId ?? null,
        from,
        to,
        stateVersion: record?.stateVersion ?? 0,
        hubSeq: draft.hubSeq,
        ownerEpoch: record?.ownerEpoch ?? 0,
        transport: record === null ? null : `${record.linkName}→${config.hubId}`,
        detail,
      },
    });
  }

  count(code: string): void {
    const { counters } = this.draft;
    this.draft.counters = { ...counters, [code]: (counters[code] ?? 0) + 1 };
  }

  change(channelId: ChannelId, change: Partial<Channel>): void {
    this.draft.channels = this.draft.channels.map((channel) =>
      channel.channelId === channelId ? { ...channel, ...change } : channel,
    );
  }
}
