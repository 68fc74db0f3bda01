/**
 * What would follow if the device lost its link now: its claim and the commit, taken as steps, and nothing of it kept.
 *
 * The hub's half of `session/device/rehearse.ts`: a claim is judged once in an hour, and by then it is cold code that the
 * device waits for (docs/decisions/0029-rehearsed-while-data-flows.md).
 *
 * @module
 */
import type { Claim } from '../claim.ts';
import { claimBytes, prove } from '../proof.ts';
import type { Frame } from '../wire/frames.ts';
import type { SeatConfig } from './limits.ts';
import { step } from './seat.ts';
import { channelOf, isLive, type Seat } from './state.ts';

/** So often while data flows, whoever's it is: what is rehearsed is the code. */
export const REHEARSE_EVERY_MS = 250;

/** As a frame that carries it; what is counted of it is dropped with the rest. */
const CLAIM_BYTES = 288;
const TRANSPORT_ID_MAX = 65_535;

/**
 * Take a claim of the device for another transport than its binding's, and its commit.
 *
 * @returns the frames that would travel, the claim and ours; none where there is no binding, or the store is being asked.
 */
export function rehearse(seat: Seat, config: SeatConfig): readonly Frame[] {
  const { record, source, channelId, nowMs: atMs } = seat;
  const channel = channelOf(seat, channelId);
  if (!isLive(record) || source === null || channel === null || seat.swap !== null) return [];
  const transportId = (record.transportId % TRANSPORT_ID_MAX) + 1;
  const claim: Claim = {
    sessionId: record.sessionId,
    stateVersion: record.stateVersion + 1,
    transportId,
    nonce: '0'.repeat(16),
  };
  const { memoryKey, linkKind, linkName } = record;
  const { mtuBytes, noticeMs } = seat;
  const proof = prove('reattach', memoryKey, channel.handshakeHash, claimBytes(claim));
  const frame: Frame = {
    type: 'reattach',
    claim,
    linkKind,
    linkName,
    reasonCode: 'carrier_lost',
    mtuBytes,
    noticeMs,
    proof,
    token: null,
    purpose: 'recovery',
  };
  const arrival = { channelId: channel.channelId, transportId, source, bytes: CLAIM_BYTES };
  const asked = step(seat, { kind: 'frame', atMs, ...arrival, isNewest: true, frame }, config);
  const { swap } = asked.seat;
  if (swap === null) return [frame, ...framesOf(asked.effects)];
  const { swapId } = swap;
  const outcome = 'committed';
  const done = step(asked.seat, { kind: 'swapped', atMs, swapId, outcome, current: null }, config);
  return [frame, ...framesOf([...asked.effects, ...done.effects])];
}

function framesOf(effects: ReturnType<typeof step>['effects']): readonly Frame[] {
  return effects.flatMap((effect) => (effect.kind === 'send' ? [effect.frame] : []));
}
