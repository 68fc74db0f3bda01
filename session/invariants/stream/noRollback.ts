/**
 * I4 no-rollback, as a log shows it: no clock of a writer goes back, across its crashes as well, and what must
 * be new is new.
 *
 * The device's every transition and claim takes a version never used before; the hub's every commit is of a
 * newer version than the last.
 *
 * @module
 */
import { type Clocks, rollbackBetween } from '../noRollback.ts';
import type { Ledger } from './ledger.ts';
import type { AuditRecord, AuditStream } from './record.ts';

export function checkNoRollback(streams: readonly AuditStream[], ledger: Ledger): void {
  for (const stream of streams) {
    checkPolicy(stream, ledger);
    for (const device of new Set(stream.records.map((record) => record.device))) {
      const own = stream.records.filter((record) => record.device === device);
      if (stream.writer === 'device') checkDevice(own, ledger);
      else if (device !== '') checkHub(own, ledger);
    }
  }
}

function checkPolicy({ writer, records }: AuditStream, ledger: Ledger): void {
  let before = 0;
  for (const record of records) {
    const { policyVersion } = record;
    const problem = `I4: policy_version went back from ${before} to ${policyVersion}`;
    ledger.enter(policyVersion < before ? problem : null, writer, record);
    before = Math.max(before, policyVersion);
  }
}

function checkDevice(records: readonly AuditRecord[], ledger: Ledger): void {
  let highest = 0;
  for (const record of records) {
    const { event, stateVersion } = record;
    // Nothing is left to count on from; the hub's record, checked in its own log, keeps growing.
    if (record.reasonCode === 'flash_lost') highest = 0;
    const isFresh = event === 'transition' || event === 'claim';
    ledger.enter(versionFault(stateVersion, highest, isFresh), 'device', record);
    highest = Math.max(highest, stateVersion);
  }
}

function checkHub(records: readonly AuditRecord[], ledger: Ledger): void {
  let before: Clocks | null = null;
  let committed = 0;
  for (const record of records) {
    // Without a session there is no record yet whose clocks could be told.
    if (record.sessionId === null) continue;
    if (before !== null) ledger.enter(rollbackBetween(before, record), 'hub', record);
    before = record;
    if (record.reasonCode !== 'claim_committed') continue;
    ledger.enter(versionFault(record.stateVersion, committed, true), 'hub', record);
    committed = record.stateVersion;
  }
}

function versionFault(version: number, highest: number, mustBeFresh: boolean): string | null {
  if (version < highest) return `I4: state_version went back from ${highest} to ${version}`;
  return mustBeFresh && version === highest ? `I4: state_version ${version} was used before` : null;
}
