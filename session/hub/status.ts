/**
 * A seat as the control socket shows it. Never a secret.
 *
 * @module
 */
import type { ReasonCode } from '../reasons.ts';
import type { State } from '../transitions.ts';
import { MINUTE_MS, sessionEndsAtMs } from './deadline.ts';
import type { SeatConfig } from './limits.ts';
import { isCarrying } from './outputs.ts';
import { isLive, type Seat } from './state.ts';

export interface SeatStatus {
  readonly device: string;
  readonly sessionId: string | null;
  readonly previousSessionId: string | null;
  readonly state: State | null;
  readonly terminated: ReasonCode | null;
  readonly stateVersion: number;
  readonly hubSeq: number;
  readonly owner: string | null;
  readonly ownerEpoch: number;
  readonly isOwner: boolean;
  readonly isCarrying: boolean;
  readonly transportId: number | null;
  readonly linkKind: string | null;
  readonly linkName: string | null;
  /** The binding's outer address. */
  readonly source: string | null;
  readonly isSourceValidated: boolean;
  readonly inner4: string | null;
  readonly inner6: string | null;
  readonly cipher: string | null;
  /** As the device said it. */
  readonly mtuBytes: number | null;
  readonly channels: number;
  readonly createdAtMs: number | null;
  readonly endsAtMs: number | null;
  readonly heardAtMs: number;
  readonly recoveringSinceMs: number | null;
  readonly switchesLastMinute: number;
  /** A swap whose outcome the store has not told: nothing is carried. */
  readonly isStoreUnknown: boolean;
  readonly counters: Readonly<Record<string, number>>;
}

export function status(seat: Seat, config: SeatConfig): SeatStatus {
  const { record } = seat;
  const switches = record?.switchedAtMs.filter((atMs) => atMs > seat.nowMs - MINUTE_MS) ?? [];
  return {
    device: config.device,
    sessionId: record?.sessionId ?? null,
    previousSessionId: record?.previousSessionId ?? null,
    state: seat.state,
    terminated: record?.terminated ?? null,
    stateVersion: record?.stateVersion ?? 0,
    hubSeq: seat.hubSeq,
    owner: record?.owner ?? null,
    ownerEpoch: record?.ownerEpoch ?? 0,
    isOwner: seat.isOwner,
    isCarrying: isCarrying(seat),
    transportId: record?.transportId ?? null,
    linkKind: record?.linkKind ?? null,
    linkName: record?.linkName ?? null,
    source: seat.source,
    isSourceValidated: seat.isSourceValidated,
    inner4: record?.inner4 ?? null,
    inner6: record?.inner6 ?? null,
    cipher: record?.cipher ?? null,
    mtuBytes: seat.mtuBytes,
    channels: seat.channels.length,
    createdAtMs: record?.createdAtMs ?? null,
    endsAtMs: isLive(record) ? sessionEndsAtMs(record, config) : null,
    heardAtMs: seat.heardAtMs,
    recoveringSinceMs: seat.recoveringSinceMs,
    switchesLastMinute: switches.length,
    isStoreUnknown: seat.swap?.isUnknown === true,
    counters: seat.counters,
  };
}
