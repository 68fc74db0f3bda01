/**
 * I1 single-binding, as two logs show it: what the hub committed was claimed by the device, what the device
 * moved to was committed by the hub, and both agree in the end.
 *
 * Sessions of which only one log is there are passed over.
 *
 * @module
 */
import { bySession, type Ledger } from './ledger.ts';
import type { AuditRecord, AuditStream } from './record.ts';

/** The triggers of a move to the transport of the newest claim. */
const ACCEPTED = ['attach_accepted', 'reattach_accepted'];

type Binding = readonly [stateVersion: number, transportId: unknown];

export function checkSingleBinding(streams: readonly AuditStream[], ledger: Ledger): void {
  const hubs = bySession(recordsOf(streams, 'hub'));
  for (const [sessionId, records] of bySession(recordsOf(streams, 'device'))) {
    const committed = (hubs.get(sessionId) ?? []).filter(isCommit);
    if (committed.length > 0) checkSession(records, committed, ledger);
  }
}

const recordsOf = (streams: readonly AuditStream[], writer: AuditStream['writer']) =>
  streams.filter((stream) => stream.writer === writer).flatMap(({ records }) => records);

const isCommit = (record: AuditRecord) => record.reasonCode === 'claim_committed';

const bindingOf = ({ stateVersion, detail }: AuditRecord): Binding => [
  stateVersion,
  detail['transportId'],
];

const isSame = (a: Binding, b: Binding) => a[0] === b[0] && a[1] === b[1];

const text = ([stateVersion, transportId]: Binding) =>
  `transport ${transportId} with version ${stateVersion}`;

function checkSession(
  device: readonly AuditRecord[],
  committed: readonly AuditRecord[],
  ledger: Ledger,
): void {
  const claims = device.filter(({ event }) => event === 'claim').map(bindingOf);
  const commits = committed.map(bindingOf);
  for (const commit of committed) {
    const isClaimed = claims.some((claim) => isSame(claim, bindingOf(commit)));
    const problem = `I1: the hub committed ${text(bindingOf(commit))}, which the device never claimed`;
    ledger.enter(isClaimed ? null : problem, 'hub', commit);
  }

  let claim: Binding | null = null;
  let bound: Binding | null = null;
  let last: AuditRecord | null = null;
  for (const record of device) {
    if (record.event === 'claim') claim = bindingOf(record);
    if (record.event === 'transition' && ACCEPTED.includes(String(record.detail['trigger']))) {
      ledger.enter(moveFault(record, claim, commits), 'device', record);
      bound = claim;
    }
    last = record;
  }
  const final = commits.at(-1);
  if (last === null || bound === null || final === undefined) return;
  // A claim whose answer is still under way may be committed already.
  const isAgreed = isSame(final, bound) || (claim !== null && isSame(final, claim));
  const problem = `I1: in the end the hub holds ${text(final)}, the device ${text(bound)}`;
  ledger.enter(isAgreed ? null : problem, 'device', last);
}

function moveFault(
  move: AuditRecord,
  claim: Binding | null,
  commits: readonly Binding[],
): string | null {
  const transportId = move.detail['transportId'];
  if (claim === null) return `I1: the device moved to transport ${transportId} without a claim`;
  if (claim[1] !== transportId) {
    return `I1: the device moved to transport ${transportId}, its newest claim was ${text(claim)}`;
  }
  const isCommitted = commits.some((commit) => isSame(commit, claim));
  return isCommitted ? null : `I1: the device moved to ${text(claim)}, which no hub committed`;
}
