/**
 * Audit logs: a line is an event with every field of its type or nothing, and the auditor judges any
 * stream of such events without failing, in bounded words.
 *
 * @module
 */
import { AUDIT_KINDS } from '../../../session/audit.ts';
import { auditStreams } from '../../../session/invariants/stream/auditor.ts';
import { type AuditRecord, decodeAuditLine } from '../../../session/invariants/stream/record.ts';
import { STATES } from '../../../session/transitions.ts';
import type { Random } from '../../sim/random.ts';
import { demand, type Target } from '../target.ts';
import { weightOf } from '../weight.ts';

const text = new TextDecoder();
const bytes = new TextEncoder();
const BOUNDS = {
  ttlMs: 86_400_000,
  transportTtlMs: 60_000,
  recoveryWindowMs: 30_000,
  maxSwitchesPerMinute: 8,
  penaltyMaxMs: 600_000,
};
const CODES = ['attach_accepted', 'carrier_lost', 'nat_rebind', 'no_such_code', '__proto__'];

/** Lines; those that begin with `#` are the hub's, the others the device's. */
export const audit: Target = {
  name: 'audit',
  what: 'the lines of two audit logs',
  covers: ['session/invariants/stream/'],
  bytesMax: 8_192,
  words: ['"mono_ms":1e999', '"detail":{}', '"seq":-1', '__proto__', 'null', 'TERMINATED'].map(
    (word) => bytes.encode(word),
  ),
  generate: (random) => bytes.encode(lines(random).join('\n')),
  judge(input) {
    const device: AuditRecord[] = [];
    const hub: AuditRecord[] = [];
    for (const line of text.decode(input).split('\n')) {
      const isHub = line.startsWith('#');
      const read = decodeAuditLine(isHub ? line.slice(1) : line);
      if (!read.ok) demand(['notJson', 'notAnEvent'].includes(read.code), `a code: ${read.code}`);
      else {
        judgeRecord(read.value);
        (isHub ? hub : device).push(read.value);
      }
    }
    const records = device.length + hub.length;
    const verdicts = auditStreams(
      [
        { writer: 'device', records: device },
        { writer: 'hub', records: hub },
      ],
      BOUNDS,
    );
    demand(
      verdicts.every(({ checked }) => Number.isSafeInteger(checked) && checked >= 0),
      'a verdict says how much it checked',
    );
    for (const { violations } of verdicts) {
      demand(
        violations.length <= 4 * records * (records + 1),
        'as many violations as events allow',
      );
      for (const { sentence } of violations) demand(!/NaN|undefined/.test(sentence), sentence);
    }
    const each = weightOf(verdicts) / Math.max(1, records * (records + 1));
    demand(each <= 4_096 + 8 * input.length, 'bounded words');
    return records > 0 ? 'accepted' : 'refused';
  },
};

function judgeRecord(record: AuditRecord): void {
  const { event, from, to, seq, atMs, stateVersion, hubSeq, ownerEpoch, policyVersion } = record;
  demand(AUDIT_KINDS.includes(event), 'an event of a known kind');
  for (const state of [from, to]) demand(state === null || STATES.includes(state), 'known states');
  const counts = [seq, stateVersion, hubSeq, ownerEpoch, policyVersion];
  demand(
    counts.every((count) => Number.isSafeInteger(count) && count >= 0),
    'counts are counts',
  );
  demand(Number.isFinite(atMs), 'a time is a time');
  for (const value of Object.values(record.detail)) {
    const isPlain = value === null || ['string', 'number', 'boolean'].includes(typeof value);
    demand(isPlain, 'details are plain values');
  }
}

function lines(random: Random): string[] {
  let [seq, atMs, version] = [1, 1_000, 1];
  return Array.from({ length: random.between(1, 12) }, () => {
    const kind = random.chance(60) ? 'transition' : AUDIT_KINDS[random.below(AUDIT_KINDS.length)]!;
    const state = () => (random.chance(15) ? null : STATES[random.below(STATES.length)]!);
    seq += random.chance(85) ? 1 : random.below(3);
    atMs += random.chance(80) ? random.below(5_000) : random.below(100_000_000);
    version += random.chance(85) ? 1 : random.between(0, 3) - 1;
    const detail = random.chance(50)
      ? { transportId: random.below(3), fromTransportId: random.below(3), previous: 'aa' }
      : {};
    const row: Record<string, unknown> = {
      ...{ ts_ms: atMs, mono_ms: atMs, seq, event: kind, device: 'ZGV2aWNl' },
      session_id: random.chance(10) ? null : ['aa', 'bb'][random.below(2)]!.repeat(16),
      ...{ from: state(), to: state(), state_version: version, hub_seq: random.below(5) },
      ...{ owner_epoch: 1 + random.below(2), reason_code: CODES[random.below(CODES.length)] },
      ...{ transport: random.chance(50) ? null : 'eth0→x', policy_version: 1, detail },
    };
    const keys = Object.keys(row);
    const hostile = [null, -1, 1.5, 2 ** 53, {}, [], '', 'x', true];
    if (random.chance(10)) row[keys[random.below(keys.length)]!] = hostile[random.below(9)];
    const json = JSON.stringify(row);
    const lie = random.chance(5) ? json.replace(/"mono_ms":\d+/, '"mono_ms":1e999') : json;
    return `${random.chance(40) ? '#' : ''}${lie}`;
  });
}
