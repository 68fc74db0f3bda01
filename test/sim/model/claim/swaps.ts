/**
 * The store of the claim world, and what every write to it must keep.
 *
 * @module
 */
import { isSameClaim } from '../../../../session/claim.ts';
import type { SessionRecord } from '../../../../session/hub/record.ts';
import { unheldKey } from '../../../../session/invariants/keyHeld.ts';
import { staleRecord } from '../../../../session/invariants/noRollback.ts';
import { silentReset } from '../../../../session/invariants/noSilentReset.ts';
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
  mustFollow(before, record);
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

function mustFollow(before: SessionRecord | null, after: SessionRecord): void {
  if (after.terminated === 'identity_conflict')
    throw new Violation('clone: an identity conflict ends the recorded session');
  refuse(staleRecord(before, after));
  refuse(
    silentReset({
      beforeId: before?.sessionId ?? null,
      afterId: after.sessionId,
      hasEnded: true,
      namedId: after.previousSessionId,
    }),
  );
  if (before === null) return;
  const isHanded = after.owner !== before.owner && after.owner !== '';
  if (isHanded && after.ownerEpoch <= before.ownerEpoch)
    throw new Violation('I4: an owner without a new epoch');
}

/** ◆ Whoever changes a living session held one of its keys. */
function mustHoldKey(scene: Scene, before: SessionRecord, after: SessionRecord): void {
  const author = scene.parts.authors.get(after.claim.nonce);
  if (author === undefined) throw new Violation('a claim that nobody made is committed');
  refuse(unheldKey(author, before, after));
}

function refuse(fault: string | null): void {
  if (fault !== null) throw new Violation(fault);
}
