/**
 * A fleet to look at: what `jvpn fleet` answers, made from a seedless formula, so that every run shows the same devices.
 *
 * Times lie before `nowMs`, because a page asks for the last hours of its own clock.
 *
 * @module
 */
import type {
  Band,
  Device,
  DeviceRow,
  DocumentsRow,
  Mark,
  Overview,
  Series,
  Timeline,
} from '../../fleet/pages/answers.ts';

const HOUR_MS = 3_600_000;
const MIX = [
  ...new Array<string>(20).fill('ATTACHED'),
  'VOLATILE',
  'VOLATILE',
  'DEGRADED',
  'RECOVERING',
  'BIRTH',
  'TERMINATED',
];

export const nameAt = (at: number) => `gw-${String(at + 1).padStart(5, '0')}`;

export function rowAt(at: number, nowMs: number): DeviceRow {
  const state = MIX[(at * 7) % MIX.length]!;
  const isLost = at % 40 === 4;
  return {
    name: nameAt(at),
    device_key: `${Buffer.from(nameAt(at).repeat(4)).toString('base64').slice(0, 43)}=`,
    state,
    state_version: 10 + (at % 90),
    online: !isLost,
    why: isLost ? 'lost' : null,
    away: isLost,
    binding: state === 'RECOVERING' || state === 'TERMINATED' ? null : 'wwan0→198.51.100.7:51820',
    link_kind: state === 'RECOVERING' || state === 'TERMINATED' ? null : 'lte',
    last_seen_ms: nowMs - 1_000 * (3 + ((at * 13) % 600)),
    version: at % 9 === 0 ? '0.0.9' : '0.1.0',
    policy: { name: at % 3 === 0 ? 'vehicle' : 'stationary', version: 4 },
    switches_last_minute: at % 50 === 3 ? 2 : 0,
    switches_total: (at * 11) % 97,
    recovery_p95_ms: at % 5 === 0 ? null : 180 + ((at * 17) % 900),
    terminated: state === 'TERMINATED' ? 'recovery_window_exceeded' : null,
    documents: documentsAt(at),
  };
}

/** The policy that is rolled out. */
const VERSION = 8;

/** What became of it; on all others it is confirmed. */
const VERDICTS: Readonly<Record<number, string>> = {
  ...{ 1: 'on_trial', 3: 'on_trial', 5: 'on_trial', 7: 'on_trial', 9: 'on_trial' },
  ...{ 11: 'rolled_back', 13: 'rolled_back', 15: 'rolled_back', 17: 'rolled_back' },
  ...{ 19: 'refused', 21: 'refused' },
};
/** It has not heard of it. */
const SILENT_AT = 23;

function documentsAt(at: number): DocumentsRow {
  const word = VERDICTS[at] ?? 'confirmed';
  const isConfirmed = word === 'confirmed' && at !== SILENT_AT;
  return {
    ...{ confirmed: isConfirmed ? VERSION : VERSION - 1, emergency: null },
    on_trial: word === 'on_trial' ? VERSION : null,
    verdict: { version: at === SILENT_AT ? VERSION - 1 : VERSION, word },
    last: { code: 'policy_on_trial', ts_ms: 1, version: 8, kind: 'policy', why: null },
    last_refusal: { code: 'signature_invalid', ts_ms: 1, version: null, kind: null, why: 'key 7f' },
  };
}

/** The same device, on which this became of the policy that is rolled out. */
export function judged(row: DeviceRow, word: string): DeviceRow {
  return { ...row, documents: { ...row.documents!, verdict: { version: VERSION, word } } };
}

/** As the server judges it. */
export function outcomeOf({ documents }: DeviceRow): string {
  const verdict = documents?.verdict;
  return verdict?.version === VERSION ? verdict.word : 'silent';
}

export function overviewOf(rows: readonly DeviceRow[], nowMs: number): Overview {
  const there = rows.filter(({ away }) => away !== true);
  const count = (of: (row: DeviceRow) => string, counted = rows) => {
    const counts: Record<string, number> = {};
    for (const row of counted) counts[of(row)] = (counts[of(row)] ?? 0) + 1;
    return counts;
  };
  const states = count((row) => row.state ?? '', there);
  const lost = rows.filter((row) => row.online === false).length;
  return {
    now_ms: nowMs,
    fleet: 'north',
    connected: true,
    devices: { total: rows.length, online: rows.length - lost, stopped: 0, lost },
    states,
    degraded_percent: (100 * (states['DEGRADED'] ?? 0)) / Math.max(1, there.length),
    terminated: {
      recovery_window_exceeded: 7,
      operator_terminated: 2,
      identity_conflict: 1,
      brand_new_code: 1,
    },
    dead_transports: { heartbeat_timeout: 214, carrier_lost: 96, one_way_out: 4 },
    denied_switches: { switch_denied: 31, switch_rate_limited: 2 },
    replay_signs_24h: 3,
    hijack_signs_24h: 1,
    recovery_ms: { count: 412, p50: 240, p95: 860, p99: 2_150 },
    rtt_ms: { count: 9_212, p50: 48.2, p95: 131.4 },
    jitter_ms: { count: 9_212, p50: 3.1, p95: 22.8 },
    loss_percent: { count: 9_212, p50: 0, p95: 1.7 },
    memory_bytes: { count: 9_750, p50: 57_900_000, p95: 66_200_000 },
    switches_per_session_per_hour: 1.84,
    policies: Object.entries(count((row) => row.policy?.name ?? '')).map(([name, devices]) => ({
      ...{ name, version: 4, devices },
    })),
    versions: Object.entries(count((row) => row.version ?? '')).map(([version, devices]) => ({
      ...{ version, devices },
    })),
    rollout: {
      ...{ version: VERSION, devices: rows.length, confirmed: 0, on_trial: 0 },
      ...{ rolled_back: 0, refused: 0, silent: 0, ahead: 0, ...count(outcomeOf) },
    },
    emergency: { devices: 0, versions: [] },
  };
}

export function seriesOf(fromMs: number, toMs: number, stepMs: number, devices: number): Series {
  const at_ms: number[] = [];
  for (let atMs = fromMs; atMs < toMs; atMs += stepMs) at_ms.push(atMs);
  const wave = (base: number, swing: number, slow: number) =>
    at_ms.map((_, at) =>
      Math.max(0, Math.round(base + swing * Math.sin(at / slow) + ((at * 7) % 5))),
    );
  // A quarter of the way in nothing was recorded for a while.
  const hole = (values: readonly number[]) =>
    values.map((value, at) => (at > values.length / 4 && at < values.length / 3.6 ? null : value));
  const attached = wave(devices * 0.76, devices * 0.03, 20);
  const FINE = 1_000;
  const spread = (p50: number, p95: number) => ({
    p50: hole(wave(p50 * FINE, p50 * 30, 17)).map((value) => value && value / FINE),
    p95: hole(wave(p95 * FINE, p95 * 60, 11)).map((value) => value && value / FINE),
  });
  return {
    at_ms,
    states: {
      ATTACHED: hole(attached),
      VOLATILE: hole(wave(devices * 0.08, devices * 0.03, 9)),
      DEGRADED: hole(wave(devices * 0.04, devices * 0.02, 15)),
      RECOVERING: hole(wave(devices * 0.04, devices * 0.03, 6)),
      BIRTH: hole(wave(devices * 0.03, 1, 4)),
      TERMINATED: hole(wave(devices * 0.03, 1, 30)),
    },
    recovery_ms: {
      p50: wave(240, 60, 12),
      p95: wave(860, 200, 10),
      p99: at_ms.map((_, at) => (at % 6 === 0 ? 2_000 + ((at * 37) % 800) : null)),
    },
    rtt_ms: spread(48, 131),
    jitter_ms: spread(3, 22),
    loss_percent: spread(0.1, 1.7),
    memory_bytes: spread(57_900_000, 66_200_000),
    switches: wave(devices * 0.03, devices * 0.02, 8),
    degraded_percent: wave(4, 3, 14),
    terminated: {
      recovery_window_exceeded: at_ms.map((_, at) => Number(at % 40 === 0)),
      operator_terminated: at_ms.map((_, at) => Number(at % 140 === 9)),
    },
    dead_transports: {
      heartbeat_timeout: wave(3, 3, 9),
      carrier_lost: wave(1, 2, 14),
      one_way_out: at_ms.map((_, at) => Number(at % 70 === 12)),
    },
    denied_switches: { switch_denied: at_ms.map((_, at) => Number(at % 9 === 4)) },
    replay_signs: at_ms.map((_, at) => Number(at % 100 === 50)),
    hijack_signs: at_ms.map((_, at) => Number(at === 200)),
  };
}

export function deviceAt(at: number, nowMs: number): Device {
  return {
    ...rowAt(at, nowMs),
    health: {
      ts_ms: nowMs - 4_000,
      uptime_s: 86_400,
      memory_rss_bytes: 24_100_000,
      counters: { heartbeat_timeout: 14, reattach_accepted: 14, replayed_datagram: 2 },
    },
    presence: { since_ms: nowMs - HOUR_MS },
    gaps: [{ stream: 'health', boot: 'd2', from_seq: 40, to_seq: 43 }],
    links: [link('wwan0', 'lte', true, null), link('eth0', 'ethernet', false, 'carrier_lost')],
  };
}

const link = (name: string, kind: string, bound: boolean, why_not: string | null) => ({
  ...{ link: name, kind, endpoint: '198.51.100.7:51820', bound, usable: bound, why_not },
  ...{
    rtt_ms: bound ? 48.2 : null,
    jitter_ms: bound ? 3.1 : null,
    loss_percent: bound ? 0.4 : null,
  },
});

export function timelineOf(fromMs: number, toMs: number): Timeline {
  const cycle = [
    'ATTACHED',
    'VOLATILE',
    'ATTACHED',
    'RECOVERING',
    'ATTACHED',
    'VOLATILE',
    'DEGRADED',
  ];
  const share = [30, 3, 25, 1, 20, 4, 8];
  const bands: Band[] = [];
  const marks: Mark[] = [];
  let at = fromMs;
  for (let turn = 0; at < toMs; turn++) {
    const state = cycle[turn % cycle.length]!;
    const to = Math.min(toMs, at + (share[turn % share.length]! * (toMs - fromMs)) / 250);
    bands.push({ state, from_ms: at, to_ms: to });
    if (state === 'RECOVERING')
      marks.push({
        at_ms: to,
        kind: 'switch',
        reason: 'heartbeat_timeout',
        from: 'eth0→hub',
        to: 'wwan0→hub',
      });
    if (state === 'DEGRADED')
      marks.push({
        at_ms: at,
        kind: 'refused',
        reason: 'cooldown_active',
        from: null,
        to: 'eth0→hub',
      });
    at = to;
  }
  const moment = (part: number) => fromMs + part * (toMs - fromMs);
  marks.push(
    { at_ms: moment(0.1), kind: 'policy', reason: 'policy_applied', from: 3, to: 4 },
    { at_ms: moment(0.45), kind: 'presence', reason: null, from: 'online', to: 'lost' },
    { at_ms: moment(0.47), kind: 'presence', reason: null, from: 'lost', to: 'online' },
    { at_ms: moment(0.46), kind: 'gap', reason: null, from: 40, to: 43 },
    {
      at_ms: moment(0.8),
      kind: 'terminated',
      reason: 'session_ttl_expired',
      from: 'ATTACHED',
      to: 'TERMINATED',
    },
  );
  return { bands, marks };
}
