/**
 * The store of the claim world, and what every write to it must keep.
 *
 * @module
 */
import { equalBytes } from '../../../../session/bytes.ts';
import { isSameClaim } from '../../../../session/claim.ts';
import type { SessionRecord } from '../../../../session/hub/record.ts';
import { rollbackBetween } from '../../../../session/invariants/noRollback.ts';
import { Violation } from '../violation.ts';
import type { Scene } from './scene.ts';
import type { Message } from './state.ts';

type Swap = Extract<Message, { kind: 'swap' }>;

/** Compare and swap; returns whether it matched. Tells nobody. */
export function write(scene: Scene, { record }: Swap): boolean {
  const before = scene.store.record;
  if ((before?.revision ?? 0) !== record.revision - 1) return false;
  const isClaim = before === null || !isSameClaim(before.claim, record.claim);
  const author = scene.parts.authors.get(record.claim.nonce) ?? null;
  mustFollow(before, record, isClaim);
  if (before !== null && before.terminated === null && isClaim) mustHoldKey(scene, before, record);
  const name = isClaim ? (author?.name ?? null) : scene.store.author;
  const hasTurned = scene.store.author !== null && name !== scene.store.author;
  scene.store = { record, author: name, turns: scene.store.turns + (hasTurned ? 1 : 0) };
  return true;
}

export function answer(scene: Scene, swap: Swap, outcome: 'committed' | 'mismatch' | 'unknown') {
  const hub = scene.hubs[swap.hub]!;
  if (swap.isOrphan || hub.life !== swap.life || hub.seat === null) return;
  const swapId = hub.seat.swap?.swapId ?? 0;
  const current = outcome === 'mismatch' ? scene.store.record : null;
  scene.tellHub(swap.hub, { kind: 'swapped', swapId, outcome, current });
}

function mustFollow(before: SessionRecord | null, after: SessionRecord, isClaim: boolean): void {
  if (after.terminated === 'identity_conflict')
    throw new Violation('clone: an identity conflict ends the recorded session');
  if (before === null) return;
  const back = rollbackBetween(before, after);
  if (back !== null) throw new Violation(back);
  if (isClaim && after.stateVersion <= before.stateVersion)
    throw new Violation(`I4: v${after.stateVersion} is committed over v${before.stateVersion}`);
  const isNew = after.sessionId !== before.sessionId;
  if (isNew && after.previousSessionId !== before.sessionId)
    throw new Violation('I2: a new session does not name its predecessor');
  const isHanded = after.owner !== before.owner && after.owner !== '';
  if (isHanded && after.ownerEpoch <= before.ownerEpoch)
    throw new Violation('I4: an owner without a new epoch');
}

/** ◆ Whoever changes a living session held one of its keys. */
function mustHoldKey(scene: Scene, before: SessionRecord, after: SessionRecord): void {
  const author = scene.parts.authors.get(after.claim.nonce);
  if (author === undefined) throw new Violation('a claim that nobody made is committed');
  const isOne = (key: Uint8Array | null, ...held: readonly (Uint8Array | null)[]) =>
    key !== null && held.some((one) => one !== null && equalBytes(one, key));
  const { secret, memoryKey } = author;
  const isProven =
    isOne(secret, before.secret, before.previousSecret) ||
    isOne(memoryKey, before.memoryKey, before.predecessorMemoryKey);
  const isBirth =
    before.claimKind === 'attach' && secret === null && before.sessionId === after.sessionId;
  if (!isProven && !isBirth) throw new Violation(`clone: ${author.name} wins without a key`);
}
