/**
 * The two logs of a session that switches once, fails back and outlives a kill of its device: nothing is wrong in
 * them. Tests break one thing at a time.
 *
 * @module
 */
import type { AuditRecord, AuditStream } from '../../../../../session/invariants/stream/record.ts';

export const BOUNDS = {
  ttlMs: 86_400_000,
  transportTtlMs: 60_000,
  recoveryWindowMs: 30_000,
  maxSwitchesPerMinute: 3,
  penaltyMaxMs: 600_000,
};

type Change = Partial<AuditRecord>;

const BLANK: Omit<AuditRecord, 'seq'> = {
  atMs: 0,
  event: 'notice',
  reasonCode: 'link_changed',
  device: 'key',
  sessionId: 's1',
  from: null,
  to: null,
  stateVersion: 0,
  hubSeq: 0,
  ownerEpoch: 0,
  transport: null,
  policyVersion: 1,
  detail: {},
};

const transition = (
  from: AuditRecord['from'],
  to: AuditRecord['to'],
  reasonCode: string,
  trigger: string,
  transportId: number,
): Change => ({ event: 'transition', from, to, reasonCode, detail: { trigger, transportId } });

const claim = (reasonCode: string, transportId: number): Change => ({
  event: 'claim',
  reasonCode,
  detail: { transportId },
  transport: 'eth0→hub-a',
});

const switched = (transportId: number): Change => ({
  event: 'switch',
  reasonCode: 'switch_committed',
  detail: { transportId },
});

const ACCEPTED = 'reattach_accepted';

// biome-ignore format: this is a table
const DEVICE: readonly (readonly [atMs: number, stateVersion: number, change: Change])[] = [
  [0,      0,   { reasonCode: 'session_created', detail: { previousSessionId: null } }],
  [10,     1,   claim('session_created', 1)],
  [20,     2,   transition('BIRTH', 'ATTACHED', 'attach_accepted', 'attach_accepted', 1)],
  [5_000,  3,   transition('ATTACHED', 'RECOVERING', 'carrier_lost', 'transport_dead', 1)],
  [5_000,  4,   claim('carrier_lost', 2)],
  [5_040,  5,   transition('RECOVERING', 'ATTACHED', 'reattach_accepted', ACCEPTED, 2)],
  [5_040,  5,   switched(2)],
  [9_000,  6,   transition('ATTACHED', 'VOLATILE', 'failback', 'switch_planned', 1)],
  [9_000,  7,   claim('failback', 1)],
  [9_020,  8,   transition('VOLATILE', 'ATTACHED', 'failback', ACCEPTED, 1)],
  [9_020,  8,   switched(1)],
  [12_000, 100, { reasonCode: 'agent_restarted', detail: { state: 'RECOVERING' } }],
  [12_100, 101, claim('agent_restarted', 1)],
  [12_200, 102, transition('RECOVERING', 'ATTACHED', 'session_resumed', ACCEPTED, 1)],
];

// biome-ignore format: this is a table
const HUB: readonly (readonly [atMs: number, stateVersion: number, hubSeq: number, change: Change])[] = [
  [15,     1,   1, transition('BIRTH', 'ATTACHED', 'attach_accepted', 'attach_accepted', 1)],
  [15,     1,   1, claim('claim_committed', 1)],
  [5_020,  4,   2, claim('claim_committed', 2)],
  [5_020,  4,   2, switched(2)],
  [9_010,  7,   3, claim('claim_committed', 1)],
  [9_010,  7,   3, switched(1)],
  [12_150, 101, 4, claim('claim_committed', 1)],
];

export const deviceRecords = (): AuditRecord[] =>
  DEVICE.map(([atMs, stateVersion, change], at) => ({
    ...{ ...BLANK, seq: at + 1, atMs, stateVersion },
    ...change,
  }));

export const hubRecords = (): AuditRecord[] =>
  HUB.map(([atMs, stateVersion, hubSeq, change], at) => ({
    ...{ ...BLANK, seq: at + 1, atMs, stateVersion, hubSeq, ownerEpoch: 1 },
    ...change,
  }));

export const streamsOf = (device: AuditRecord[], hub: AuditRecord[]): AuditStream[] => [
  { writer: 'device', records: device },
  { writer: 'hub', records: hub },
];

/** The line that `hal/linux/auditLog.ts` writes of a record. */
export function lineOf(record: AuditRecord): string {
  return JSON.stringify({
    ts_ms: 1_700_000_000_000 + record.atMs,
    mono_ms: record.atMs,
    seq: record.seq,
    event: record.event,
    device: record.device,
    session_id: record.sessionId,
    from: record.from,
    to: record.to,
    state_version: record.stateVersion,
    hub_seq: record.hubSeq,
    owner_epoch: record.ownerEpoch,
    reason_code: record.reasonCode,
    transport: record.transport,
    policy_version: record.policyVersion,
    detail: record.detail,
  });
}
