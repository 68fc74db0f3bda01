/**
 * What hubs that share a store owe each other: leases that end, and records that change hands once.
 *
 * @module
 */
import type { Mutant } from './mutant.ts';

const LEASE = 'session/ownership/lease.ts';
const TAKEOVER = 'session/hub/takeover.ts';

export const OWNERSHIP_MUTANTS: readonly Mutant[] = [
  {
    id: 'lease-unknown-is-granted',
    file: LEASE,
    find: "  if (outcome === 'unknown') return;\n",
    replace: '',
    breaks: 'A renewal that nobody answered counts as granted.',
    invariant: 'I6',
  },
  {
    id: 'lease-never-ends',
    file: LEASE,
    find: '  return lease.validUntilMs !== null && atMs < lease.validUntilMs;',
    replace: '  return lease.validUntilMs !== null && atMs >= 0;',
    breaks: 'A lease that was not renewed is held for ever.',
    invariant: 'I6',
  },
  {
    id: 'lease-not-asked-before-a-batch',
    file: 'hub/turn.ts',
    find: '    this.#lease?.onTime(atMs);\n    let moved = 0;',
    replace: '    let moved = 0;',
    also: {
      find: '    this.#lease?.onTime(atMs);\n    this.#site.deadlines.expire(atMs);',
      replace: '    this.#site.deadlines.expire(atMs);',
    },
    breaks: 'A hub that slept forwards a batch before it looks whether its lease has ended.',
    invariant: 'I6',
  },
  {
    id: 'takeover-without-an-end',
    file: TAKEOVER,
    find: '  return endedOwner?.owner === record.owner && endedOwner.ownerEpoch === record.ownerEpoch;',
    replace: '  return true;',
    breaks: 'A hub takes a session over while its owner still serves it.',
    invariant: 'I6',
  },
  {
    id: 'release-serves-on',
    file: TAKEOVER,
    find: '  draft.isOwner = false;\n  draft.waiting = null;\n  draft.pending = null;',
    replace: '  draft.waiting = null;\n  draft.pending = null;',
    breaks: 'A hub that released a session goes on serving it.',
    invariant: 'I6',
  },
];
