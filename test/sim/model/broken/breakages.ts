/**
 * The cores, each broken in one place: the model check has to find every one of them.
 *
 * A breakage is a text in a source file and what stands there instead; `preload.ts` replaces it when the file is loaded, so
 * it is always the real core that runs.
 *
 * @module
 */
import type { Configuration } from '../presets.ts';

export type Breakage = Configuration & {
  readonly name: string;
  /** What rule of the protocol it breaks. */
  readonly breaks: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly depthMax: number;
  /** Where what is broken is that nothing comes good again. */
  readonly healDepthMax?: number;
};

const OWNERSHIP = { world: 'ownership', hubs: 2, depthMax: 14 } as const;
const CLAIM = { world: 'claim', hubs: 1, depthMax: 14 } as const;

export const BREAKAGES: readonly Breakage[] = [
  {
    ...OWNERSHIP,
    name: 'a lease takes over from anybody',
    breaks: 'a lease of one’s own says nothing about a record of another hub',
    file: 'session/hub/takeover.ts',
    from: 'if (record.owner === hubId) return true;',
    to: 'return true;',
    budget: { claims: 1, lapses: 1 },
  },
  {
    ...OWNERSHIP,
    name: 'validity from the answer',
    breaks: 'validity counts from before the request was sent',
    file: 'session/ownership/lease.ts',
    from: 'const untilMs = validUntilMs(request.sentAtMs, config);',
    to: 'const untilMs = validUntilMs(nowMs, config);',
    budget: { claims: 1, lapses: 2, moments: 1 },
  },
  {
    ...OWNERSHIP,
    name: 'drift without a bound',
    breaks: 'the hub counts shorter than the store, whose clock may be faster',
    file: 'session/ownership/validity.ts',
    from: 'Math.floor((ttlMs * 100) / (100 + DRIFT_PERCENT))',
    to: 'ttlMs',
    budget: { claims: 1, lapses: 1 },
  },
  {
    ...OWNERSHIP,
    name: 'no epoch of one’s own',
    breaks: 'takeover and restart write owner_epoch + 1',
    file: 'session/hub/swap.ts',
    from: 'ownerEpoch: record.ownerEpoch + 1,',
    to: 'ownerEpoch: record.ownerEpoch,',
    budget: { crashes: 1, lapses: 1 },
  },
  {
    ...OWNERSHIP,
    name: 'a swap outlives its lease',
    breaks: 'what was asked of the store before the lease ended proves nothing after',
    file: 'session/hub/swap.ts',
    from: 'if (swap.term !== draft.term) return onOutlived(turn, swap);',
    to: '',
    budget: { claims: 1, lapses: 1 },
  },
  {
    ...OWNERSHIP,
    name: 'a lease that comes back takes all',
    breaks: 'a lease of one’s own says nothing about who took the record meanwhile',
    file: 'session/hub/takeover.ts',
    from: 'if (record.owner === hubId) return true;',
    to: 'if (record.owner === hubId || arguments[0].term > 0) return true;',
    budget: { claims: 1, lapses: 1 },
  },
  {
    ...OWNERSHIP,
    name: 'old news of the owner',
    breaks: 'an answer about the owner that is older than what is known counts for nothing',
    file: 'session/hub/takeover.ts',
    from: 'if (isServed || draft.swap !== null || isOld)',
    to: 'if (isServed || draft.swap !== null)',
    budget: { claims: 1, lapses: 1 },
  },
  {
    ...OWNERSHIP,
    name: 'a verdict without its epoch',
    breaks: 'the verdict about an owner names the epoch it is about',
    file: 'session/hub/takeover.ts',
    from: ' && endedOwner.ownerEpoch === record.ownerEpoch',
    to: '',
    budget: { claims: 1, lapses: 1 },
  },
  {
    ...OWNERSHIP,
    name: 'a release that goes on serving',
    breaks: 'who releases a record stops before the store is told',
    file: 'session/hub/takeover.ts',
    from: 'draft.isOwner = false;\n  draft.waiting = null;\n  draft.pending = null;',
    to: 'draft.waiting = null;\n  draft.pending = null;',
    budget: { claims: 1 },
  },
  {
    ...OWNERSHIP,
    name: 'nothing recorded, never read again',
    breaks: '`unknown_session` only after a linearizable read',
    file: 'session/hub/takeover.ts',
    from: 'return record === null && isLeased === true;',
    to: 'return record === null && isLeased === undefined;',
    budget: { claims: 1 },
  },
  {
    ...CLAIM,
    name: 'unknown is failed',
    breaks: 'an unknown outcome is never guessed',
    file: 'session/hub/swap.ts',
    from: 'return doubt(turn, swap);',
    to: 'draft.swap = null;\n      return;',
    budget: { deaths: 1, unknowns: 1 },
  },
  {
    ...CLAIM,
    name: 'an answer that counts twice',
    breaks: 'an answer counts once and only while its claim is open',
    file: 'session/device/attach.ts',
    from: 'turn.draft.claim = null;\n  turn.draft.handshake = null;\n  return open;',
    to: 'turn.draft.handshake = null;\n  return open;',
    budget: { deaths: 1 },
  },
  {
    ...CLAIM,
    name: 'versions from the beginning',
    breaks: 'a restarted device goes on above its ceiling',
    file: 'session/device/boot.ts',
    from: 'draft.stateVersion = remembered?.versionCeiling ?? 0;',
    to: 'draft.stateVersion = 0;',
    budget: { crashes: 1 },
  },
  {
    ...CLAIM,
    name: 'the predecessor is forgotten',
    breaks:
      'a claim that proves the memory key of the process before wins over a copy of its flash',
    file: 'session/hub/keys.ts',
    from: '  return record.memoryKey;\n}',
    to: '  return null;\n}',
    budget: { deaths: 1, clones: 1 },
  },
  {
    ...OWNERSHIP,
    name: 'a release that nobody knows of',
    breaks: 'a hub asked to release an epoch that it does not know looks at the store',
    file: 'session/hub/takeover.ts',
    from: 'if (isUnknown && draft.isLeaseValid) return ask(turn);',
    to: '',
    budget: { claims: 1, lapses: 1, crashes: 2 },
    healDepthMax: 8,
  },
  {
    ...CLAIM,
    name: 'the original ends when a copy is ahead',
    breaks: 'whoever holds the memory key claims its session back above the version of a copy',
    file: 'session/device/refusals.ts',
    from: "if (open.kind === 'attach') return end(",
    to: "if (open.kind !== 'new') return end(",
    hubs: 2,
    budget: { deaths: 1, clones: 1 },
    healDepthMax: 7,
  },
];
