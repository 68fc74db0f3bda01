/**
 * The one compare-and-swap in flight, and what its outcome means.
 *
 * ◆ An unknown outcome is never guessed: the identical swap is repeated until it succeeds or compares
 * false, and until then no data flows. A comparison that fails because the record holds our own claim
 * is a commit. ◆ A restarted hub first raises the owner epoch, so that a swap its former self left on
 * the way compares false.
 *
 * @module
 */
import { assert } from '../assert.ts';
import { equalBytes } from '../bytes.ts';
import { isSameClaim } from '../claim.ts';
import { adopt } from './adopt.ts';
import { onClaim } from './claims.ts';
import { onCommitted } from './commit.ts';
import { onEnded } from './ending.ts';
import type { SeatEvent } from './event.ts';
import type { SessionRecord } from './record.ts';
import { isLive, type Swap, type SwapKind } from './state.ts';
import type { Turn } from './turn.ts';

const REPEAT_MIN_MS = 100;
const REPEAT_MAX_MS = 5_000;

export function startSwap(
  turn: Turn,
  kind: SwapKind,
  record: SessionRecord,
  claimant: Swap['claimant'] = null,
): void {
  const { draft } = turn;
  assert(draft.swap === null, 'a seat has one swap in flight');
  draft.derived += 1;
  const expectedRevision = draft.record?.revision ?? 0;
  draft.swap = {
    kind,
    swapId: draft.derived,
    expectedRevision,
    record,
    claimant,
    isUnknown: false,
    tries: 1,
    repeatAtMs: null,
    term: draft.term,
  };
  turn.emit({ kind: 'swap', swapId: draft.derived, expectedRevision, record });
}

export function onSwapDue(turn: Turn): void {
  const { swap } = turn.draft;
  if (swap === null || swap.repeatAtMs === null || swap.repeatAtMs > turn.nowMs) return;
  const { swapId, expectedRevision, record } = swap;
  turn.draft.swap = { ...swap, tries: swap.tries + 1, repeatAtMs: null };
  turn.emit({ kind: 'swap', swapId, expectedRevision, record });
}

export function onSwapped(turn: Turn, event: Extract<SeatEvent, { kind: 'swapped' }>): void {
  const { draft } = turn;
  const { swap } = draft;
  if (swap === null || swap.swapId !== event.swapId) return turn.count('swap_answer_ignored');
  switch (event.outcome) {
    case 'unknown':
      return doubt(turn, swap);
    case 'committed':
      draft.swap = null;
      return onDone(turn, swap);
    case 'mismatch':
      draft.swap = null;
      if (isOurs(turn, event.current, swap)) return onDone(turn, swap);
      return onMismatch(turn, swap, event.current);
  }
}

/**
 * ◆ Whether the record is the one that our swap would have written: then it was written. Not with `own` where hubs share a
 * store: our former self may have written the same, and others may hold that epoch to have ended.
 */
function isOurs(
  { config }: Turn,
  current: SessionRecord | null,
  { kind, record }: Swap,
): current is SessionRecord {
  if (current === null || (kind === 'own' && config.isLeased === true)) return false;
  return (
    current.revision === record.revision &&
    current.owner === record.owner &&
    current.ownerEpoch === record.ownerEpoch &&
    current.hubSeq === record.hubSeq &&
    current.terminated === record.terminated &&
    isSameClaim(current.claim, record.claim) &&
    // A former self issues other keys for the same claim.
    equalBytes(current.memoryKey, record.memoryKey)
  );
}

function doubt(turn: Turn, swap: Swap): void {
  const pauseMs = Math.min(REPEAT_MAX_MS, REPEAT_MIN_MS * 2 ** (swap.tries - 1));
  if (!swap.isUnknown) turn.report('alarm', 'store_unavailable', { swap: swap.kind });
  turn.draft.swap = { ...swap, isUnknown: true, repeatAtMs: turn.nowMs + pauseMs };
}

function onDone(turn: Turn, swap: Swap): void {
  const { draft } = turn;
  if (swap.term !== draft.term) return onOutlived(turn, swap);
  switch (swap.kind) {
    case 'commit':
      return onCommitted(turn, swap);
    case 'end':
      return onEnded(turn, swap.record);
    case 'own':
      return onOwned(turn, swap.record);
    case 'view':
    case 'release':
      draft.record = swap.record;
      return;
  }
}

/**
 * ◆ It was written, but our lease ended meanwhile, and others may know that its owner and epoch have ended. It counts as
 * what the store says; we serve again under a new epoch only, and answer the claim when it is repeated.
 */
function onOutlived(turn: Turn, { record }: Swap): void {
  turn.draft.isOwner = false;
  adopt(turn, record);
}

/**
 * The record changed under us: by another owner, then we are fenced; or by an operator, then go on. ◆ A lease of our own
 * says nothing about that owner: `takeover.ts` asks. A former self that died may have been faster with its epoch; before
 * ours is in the record that fences nobody, and ours goes on top.
 */
function onMismatch(turn: Turn, swap: Swap, current: SessionRecord | null): void {
  const { draft, config } = turn;
  const isPassed =
    current !== null &&
    (current.owner !== config.hubId || current.ownerEpoch > (draft.record?.ownerEpoch ?? 0));
  if (isPassed) {
    if (draft.isOwner) turn.report('alarm', 'ownership_conflict', { owner: current.owner });
    const isSuccessor = !draft.isOwner && current.owner === config.hubId;
    if (config.isLeased !== true && !isSuccessor) draft.isLeaseValid = false;
    draft.isOwner = false;
  }
  adopt(turn, current);
  const event = swap.claimant?.event ?? null;
  if (event !== null) onClaim(turn, event);
}

/** Our epoch is in the record: whatever was on its way before us can only fail now. */
function onOwned(turn: Turn, record: SessionRecord): void {
  turn.draft.record = record;
  turn.draft.isOwner = true;
}

/** The record that puts our epoch in front of all earlier ones. */
export function ownedRecord(turn: Turn, record: SessionRecord): SessionRecord {
  const { draft, config } = turn;
  const deadlines = isLive(record) ? deadlinesOf(turn) : {};
  return {
    ...record,
    revision: record.revision + 1,
    owner: config.hubId,
    ownerEpoch: record.ownerEpoch + 1,
    hubSeq: draft.hubSeq,
    ...deadlines,
  };
}

/** Write down what the view became, when nothing else is under way. */
export function syncView(turn: Turn): void {
  const { draft } = turn;
  const { record } = draft;
  if (!isLive(record) || !draft.isOwner || draft.swap !== null || !isViewDue(turn, record)) return;
  const { revision } = record;
  startSwap(turn, 'view', {
    ...record,
    revision: revision + 1,
    ...deadlinesOf(turn),
    hubSeq: draft.hubSeq,
  });
}

function isViewDue({ draft }: Turn, record: SessionRecord): boolean {
  return (
    record.hubSeq !== draft.hubSeq ||
    record.recoveringSinceMs !== draft.recoveringSinceMs ||
    record.transportlessSinceMs !== draft.transportlessSinceMs
  );
}

export function deadlinesOf({ draft }: Turn) {
  const { recoveringSinceMs, transportlessSinceMs } = draft;
  return { recoveringSinceMs, transportlessSinceMs };
}
