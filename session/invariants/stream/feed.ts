/**
 * Feeds what one log after another says to the watches of the invariants.
 *
 * Holds no rule of its own: each is in the invariant's file one folder up.
 *
 * @module
 */
import { RecoveryWatch } from '../boundedRecovery.ts';
import { OscillationWatch } from '../boundedSwitching.ts';
import { ExplicitWatch, seqFault } from '../explicit.ts';
import { AnswerWatch } from '../noReplay.ts';
import { PolicyWatch, RecordWatch, VersionWatch } from '../noRollback.ts';
import { SessionWatch } from '../noSilentReset.ts';
import { EpochWatch } from '../oneOwner.ts';
import { type Bounds, byDevice, bySession, type Ledger } from './ledger.ts';
import type { AuditRecord, AuditStream } from './record.ts';
import { feedSwitches } from './switches.ts';

/** How late a deadline may be obeyed: a busy machine, not a broken rule (chosen). */
const SLACK_MS = 1_000;

type Streams = readonly AuditStream[];

export function feedNoSilentReset(streams: Streams, ledger: Ledger): void {
  for (const { writer, records } of streams) {
    for (const own of byDevice(records).values()) {
      const watch = new SessionWatch();
      for (const record of own) {
        const fault = watch.see(record);
        if (record.sessionId !== null) ledger.enter(fault, writer, record);
      }
    }
  }
}

export function feedBoundedRecovery(streams: Streams, ledger: Ledger, bounds: Bounds): void {
  for (const { writer, records } of streams) {
    const endAtMs = records.at(-1)?.atMs ?? 0;
    for (const own of bySession(records).values()) {
      const watch = new RecoveryWatch(bounds, SLACK_MS);
      for (const record of own) {
        const fault = watch.see(record);
        if (record.event === 'transition' || fault !== null) ledger.enter(fault, writer, record);
      }
      // What had not ended when the log ends is judged by that.
      ledger.enter(watch.at(endAtMs), writer, own.at(-1)!);
    }
  }
}

export function feedNoRollback(streams: Streams, ledger: Ledger): void {
  for (const { writer, records } of streams) {
    const policies = new PolicyWatch();
    for (const record of records) {
      policies.told(record);
      ledger.enter(policies.inForce(record.policyVersion), writer, record);
    }
    for (const [device, own] of byDevice(records)) {
      // What a hub says of itself names no device.
      if (writer === 'hub' && device === '') continue;
      const watch = writer === 'device' ? new VersionWatch() : new RecordWatch();
      for (const record of own) ledger.enter(watch.see(record), writer, record);
    }
  }
}

export function feedNoReplay(streams: Streams, ledger: Ledger): void {
  for (const { writer, records } of streams) {
    if (writer !== 'device') continue;
    const watch = new AnswerWatch();
    for (const record of records) {
      const before = watch.judged;
      const fault = watch.see(record);
      if (watch.judged > before) ledger.enter(fault, writer, record);
    }
  }
}

/** A hub names itself as the far end of each transport. */
const hubOf = ({ transport }: AuditRecord) => transport?.split('→')[1] ?? null;

export function feedOneOwner(streams: Streams, ledger: Ledger): void {
  const watch = new EpochWatch();
  for (const { writer, records } of streams) {
    if (writer !== 'hub') continue;
    for (const record of records) {
      const hubId = hubOf(record);
      if (record.reasonCode !== 'claim_committed' || hubId === null) continue;
      ledger.enter(watch.owned(record.device, record.ownerEpoch, hubId), writer, record);
    }
  }
}

export function feedBoundedSwitching(streams: Streams, ledger: Ledger, bounds: Bounds): void {
  for (const { writer, records, hasClaims = true } of streams) {
    for (const own of bySession(records).values()) {
      feedSwitches(own, { writer, isBeginTold: writer === 'device' && hasClaims }, ledger, bounds);
    }
    if (writer === 'device') feedOscillation(records, ledger, bounds.penaltyMaxMs);
  }
}

function feedOscillation(
  records: readonly AuditRecord[],
  ledger: Ledger,
  penaltyMaxMs: number,
): void {
  const watch = new OscillationWatch(penaltyMaxMs);
  for (const record of records) {
    const before = watch.judged;
    const fault = watch.see(record);
    if (watch.judged > before) ledger.enter(fault, 'device', record);
  }
}

export function feedExplicit(streams: Streams, ledger: Ledger): void {
  for (const { writer, records } of streams) {
    let seq: number | null = null;
    for (const record of records) {
      ledger.enter(seqFault(seq, record.seq), writer, record);
      seq = record.seq;
    }
    for (const own of bySession(records).values()) {
      const watch = new ExplicitWatch();
      for (const record of own) ledger.enter(watch.see(record), writer, record);
    }
  }
}
