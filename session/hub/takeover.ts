/**
 * Whose a record is when several hubs share the store, and how it changes hands.
 *
 * A claim for a record that another hub owns is kept while the seat asks about that owner. ◆ The verdict names owner and
 * epoch, so it can not be held against an ownership that began later: the owner's lease has ended, or the owner wrote
 * that it released the record. Then our epoch goes on top, by the same compare-and-swap as after a restart. The owner is
 * asked to release only for a claim that the hub would accept: a stranger must not move a session.
 *
 * @module
 */
import { adopt } from './adopt.ts';
import { decide, refuse } from './claims.ts';
import type { SeatEvent } from './event.ts';
import { judge } from './judge.ts';
import type { SeatConfig } from './limits.ts';
import { isCarrying } from './outputs.ts';
import { isMemory as isMemoryKey } from './shown.ts';
import { type ClaimEvent, isLive, type Seat } from './state.ts';
import { deadlinesOf, startSwap } from './swap.ts';
import type { Turn } from './turn.ts';

/** The owner of a record that its owner released. */
export const NOBODY = '';

/** Devices repeat their claims more often than the store needs to be asked. */
const ASK_PAUSE_MS = 500;

/** A device that is restarting is silent for longer; one that carries anything is not. Chosen. */
const HEARD_MS = 2_000;

/** Whether our epoch may go into the record: the one before it is not served by anybody. */
export function mayOwn(
  { record, waiting, endedOwner }: Seat,
  { hubId, isLeased }: SeatConfig,
): boolean {
  if (record === null) return false;
  // We hold the lease of this hub, so no process before us does.
  if (record.owner === hubId) return true;
  if (isLeased !== true || waiting === null) return false;
  if (record.owner === NOBODY) return true;
  return endedOwner?.owner === record.owner && endedOwner.ownerEpoch === record.ownerEpoch;
}

/** ◆ That there is no session is true of one moment only: another hub may have opened it since. */
export function isUnread({ record }: Seat, { isLeased }: SeatConfig): boolean {
  return record === null && isLeased === true;
}

/** Keep the claim, and find out about the owner. */
export function holdForOwner(turn: Turn, event: ClaimEvent): void {
  const { draft, config } = turn;
  draft.waiting = event;
  if (!mayOwn(draft, config)) ask(turn);
}

function ask(turn: Turn): void {
  const { draft, nowMs } = turn;
  const { record, askedAtMs } = draft;
  if (askedAtMs !== null && nowMs - askedAtMs < ASK_PAUSE_MS) return;
  draft.askedAtMs = nowMs;
  const { owner, ownerEpoch } = record ?? { owner: NOBODY, ownerEpoch: 0 };
  turn.emit({ kind: 'askOwner', owner, ownerEpoch });
}

/** What one read of the store says about the record and its owner. */
export function onOwner(turn: Turn, event: Extract<SeatEvent, { kind: 'owner' }>): void {
  const { draft, config } = turn;
  const { current, isEnded } = event;
  const isOld = (current?.revision ?? 0) < (draft.record?.revision ?? 0);
  const isServed = draft.isOwner && draft.record !== null;
  if (isServed || draft.swap !== null || isOld) return turn.count('owner_answer_ignored');
  if (current === null) return decideUnrecorded(turn);
  draft.isOwner = false;
  adopt(turn, current);
  const { owner, ownerEpoch } = current;
  if (isEnded) draft.endedOwner = { owner, ownerEpoch };
  const { waiting } = draft;
  if (waiting === null || !draft.isLeaseValid || mayOwn(draft, config)) return;
  const verdict = judge(draft, waiting, config);
  if (verdict.kind !== 'refuse') {
    const isMemory = verdict.kind === 'accept' && isMemoryKey(verdict.shown);
    return turn.emit({ kind: 'askRelease', owner, ownerEpoch, isMemory });
  }
  draft.waiting = null;
  refuse(turn, waiting, verdict.reasonCode, verdict.retryAfterMs);
}

/** The store holds nothing for this device: the claim opens a session, against a comparison with nothing, or is refused. */
function decideUnrecorded(turn: Turn): void {
  const { draft } = turn;
  const { waiting } = draft;
  draft.waiting = null;
  if (waiting !== null && draft.isLeaseValid) decide(turn, waiting, false);
}

/**
 * Another hub has a good claim: stop, and write that we did. It asks again if this comes at a bad time. ◆ While we hear the
 * session's process ourselves, only a memory key moves it: whoever has no more than a flash may be a copy.
 */
export function onRelease(turn: Turn, event: Extract<SeatEvent, { kind: 'release' }>): void {
  const { draft } = turn;
  const { record } = draft;
  // ◆ A former self may have taken it over when it was already gone: then nobody else can give it back.
  const isUnknown = event.ownerEpoch > (record?.ownerEpoch ?? 0) && draft.swap === null;
  if (isUnknown && draft.isLeaseValid) return ask(turn);
  const isHeard = isCarrying(draft) && draft.nowMs - draft.heardAtMs < HEARD_MS;
  const isFree = draft.swap === null && draft.ending === null && (event.isMemory || !isHeard);
  if (record === null || !draft.isOwner || record.ownerEpoch !== event.ownerEpoch || !isFree) {
    return turn.count('release_ignored');
  }
  draft.isOwner = false;
  draft.waiting = null;
  draft.pending = null;
  draft.trial = null;
  startSwap(turn, 'release', {
    ...record,
    revision: record.revision + 1,
    owner: NOBODY,
    hubSeq: draft.hubSeq,
    ...(isLive(record) ? deadlinesOf(turn) : {}),
  });
}
