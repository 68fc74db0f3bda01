import { expect, test } from 'bun:test';
import { decode } from 'cbor-x';
import { type HealthFacts, healthOf, LINKS_MAX } from '../../../agent/health.ts';
import { encodePayload } from '../../../agent/payload.ts';
import { REASONS } from '../../../session/reasons.ts';
import { DEVICE, statusOn } from '../../lab/reporting.ts';

const STATUS = statusOn('wwan0');
const FACTS: HealthFacts = {
  status: {
    ...STATUS,
    packets: {
      ...STATUS.packets,
      ...{ held: 12, heldDropped: 7, overflow: 3 },
      resend: { datagrams: 40, bytes: 52_000, tooOld: 2, gone: 3, overPace: 5, duplicates: 1 },
    },
  },
  device: DEVICE,
  boot: '0123456789abcdef',
  seq: 4,
  tsMs: 1_790_000_000_123.4,
  monoMs: 5_000_000_000.9,
  uptimeMs: 61_499,
  rssBytes: 60_000_000,
  version: '0.1.0',
  commit: 'abc1234',
  policy: { name: 'balanced', version: 3 },
  switchesTotal: 9,
  ended: { session_ttl_expired: 2 },
  telemetry: { published: 3, dropped: 1, failures: 2, connections: 3, mqtt: '5.0' },
};

const HEALTH = {
  v: 1,
  boot: '0123456789abcdef',
  seq: 4,
  ts_ms: 1_790_000_000_123,
  mono_ms: 5_000_000_001,
  device: DEVICE,
  version: '0.1.0',
  commit: 'abc1234',
  uptime_s: 61,
  memory_rss_bytes: 60_000_000,
  policy: { name: 'balanced', version: 3 },
  mode: 'session',
  state: 'ATTACHED',
  state_version: 7,
  session_id: '00112233445566778899aabbccddeeff',
  previous_session_id: null,
  terminated: null,
  ended: { session_ttl_expired: 2 },
  binding: 'wwan0→198.51.100.1:51820',
  links: [
    {
      link: 'wwan0',
      kind: 'lte',
      endpoint: '198.51.100.1:51820',
      bound: true,
      usable: true,
      why_not: null,
      rtt_ms: 12.5,
      jitter_ms: 1.2,
      loss_percent: 0,
      missed_in_row: 0,
      flaps: 2,
      day_bytes: 1_234,
      day_bytes_max: 5_000_000,
      spent: false,
    },
    {
      link: 'eth0',
      kind: 'ethernet',
      endpoint: '198.51.100.1:51820',
      bound: false,
      usable: true,
      why_not: null,
      rtt_ms: 12.5,
      jitter_ms: 1.2,
      loss_percent: 0,
      missed_in_row: 0,
      flaps: 2,
      day_bytes: 1_234,
      day_bytes_max: 0,
      spent: false,
    },
  ],
  links_omitted: 0,
  recovery_ms: { count: 3, p50: 90, p95: 210.5, max: 210.5 },
  switches: { last_minute: 1, total: 9 },
  counters: { carrier_lost: 2, heartbeat_timeout: 1 },
  packets: {
    sent: 5,
    received: 6,
    sent_bytes: 5_000_000_000,
    received_bytes: 0,
    held: 12,
    held_dropped: 7,
    overflow: 3,
    resend: { datagrams: 40, bytes: 52_000, too_old: 2, gone: 3, over_pace: 5, duplicates: 1 },
    refused: {},
  },
  telemetry: { published: 3, dropped: 1, failures: 2, connections: 3, mqtt: '5.0' },
};

test('the whole report, the binding first', () => {
  expect(healthOf(FACTS)).toEqual(HEALTH as ReturnType<typeof healthOf>);
});

test('as CBOR it is one plain map that any decoder reads', () => {
  const bytes = encodePayload(healthOf(FACTS), 'cbor');
  expect(decode(bytes)).toEqual(HEALTH);
  // RFC 8949 §3.1: a map (0xb8) of so many pairs, then the text "v"; cbor-x's own records would be a tag.
  const head = [0xb8, Object.keys(HEALTH).length, 0x61, 0x76];
  expect([...bytes.subarray(0, 4)]).toEqual(head);
});

test('as JSON it is the same document, not twice as long', () => {
  const bytes = encodePayload(healthOf(FACTS), 'json');
  expect(JSON.parse(new TextDecoder().decode(bytes)) as unknown).toEqual(HEALTH);
  expect(bytes.length).toBeLessThan(2 * encodePayload(healthOf(FACTS), 'cbor').length);
});

test('what the status has beside it stays inside: a report is built field by field', () => {
  const status = { ...FACTS.status, secret: 'hunter2', routes: ['192.0.2.0/24'] };
  const text = JSON.stringify(healthOf({ ...FACTS, status }));
  expect(text).not.toContain('hunter2');
  expect(text).not.toContain('192.0.2.0');
});

test('rows of links are bounded, and a usual report of many fits the smallest queue', () => {
  const row = {
    ...FACTS.status.links[0]!,
    endpoint: '[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:51820',
  };
  const links = [...Array(LINKS_MAX + 4).fill(row), FACTS.status.links[1]!];
  const codes = Object.keys(REASONS).slice(0, 24);
  const counters = Object.fromEntries(codes.map((code) => [code, 100_000]));
  const health = healthOf({ ...FACTS, status: { ...FACTS.status, links, counters } });
  expect(health.links.length).toBe(LINKS_MAX);
  expect(health.links[0]?.bound).toBe(true);
  expect(health.links_omitted).toBe(5);
  expect(encodePayload(health, 'cbor').length).toBeLessThan(4_096);
});
