/**
 * Feeds a device's log and its hubs' logs together to the watch of I1: only both show that what one end moved to is
 * what the other committed. Sessions of which only one side is there are passed over.
 *
 * Two clocks have no common time, but versions have an order: a commit comes after its claim and before the move that
 * it allows, so before a move come all commits up to the newest claim's version.
 *
 * @module
 */
import { type Binding, BindingWatch } from '../singleBinding.ts';
import { bySession, type Ledger } from './ledger.ts';
import type { AuditRecord, AuditStream } from './record.ts';

/** The triggers of a move to the transport of the newest claim. */
const ACCEPTED = ['attach_accepted', 'reattach_accepted'];

export function feedSingleBinding(streams: readonly AuditStream[], ledger: Ledger): void {
  const hubs = bySession(recordsOf(streams, 'hub'));
  for (const [sessionId, records] of bySession(recordsOf(streams, 'device'))) {
    const commits = (hubs.get(sessionId) ?? [])
      .filter(({ reasonCode }) => reasonCode === 'claim_committed')
      .toSorted((a, b) => a.stateVersion - b.stateVersion);
    if (commits.length > 0) feedSession(records, commits, ledger);
  }
}

const recordsOf = (streams: readonly AuditStream[], writer: AuditStream['writer']) =>
  streams.filter((stream) => stream.writer === writer).flatMap(({ records }) => records);

const bindingOf = ({ stateVersion, detail }: AuditRecord): Binding => ({
  stateVersion,
  transportId: detail['transportId'],
});

function feedSession(
  device: readonly AuditRecord[],
  commits: readonly AuditRecord[],
  ledger: Ledger,
): void {
  const watch = new BindingWatch();
  let committed = 0;
  const commitUpTo = (version: number) => {
    for (; committed < commits.length; committed++) {
      const commit = commits[committed]!;
      if (commit.stateVersion > version) return;
      ledger.enter(watch.committed(bindingOf(commit)), 'hub', commit);
    }
  };
  let newest = 0;
  for (const record of device) {
    if (record.event === 'claim') {
      watch.claimed(bindingOf(record));
      newest = record.stateVersion;
    } else if (isAnswer(record)) {
      commitUpTo(newest);
      ledger.enter(watch.moved(record.detail['transportId']), 'device', record);
    }
  }
  commitUpTo(Number.POSITIVE_INFINITY);
  const last = device.at(-1);
  if (last !== undefined && watch.hasBinding) ledger.enter(watch.end(), 'device', last);
}

const isAnswer = ({ event, detail }: AuditRecord) =>
  event === 'transition' && ACCEPTED.includes(String(detail['trigger']));
