/**
 * Goal: whoever follows the playbook with Prometheus is told of each of its indicators, and of nothing else.
 *
 * Method: promtool judges and plays the shipped alerts; here their words are held against the program's.
 */
import { afterAll, expect, test } from 'bun:test';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Glob } from 'bun';
import { agentMetrics } from '../../../agent/metrics.ts';
import { encodePayload } from '../../../agent/payload.ts';
import { Api } from '../../../fleet/api.ts';
import { MISSING_WHYS } from '../../../fleet/events.ts';
import { fleetMetrics } from '../../../fleet/metrics.ts';
import { OUTCOMES } from '../../../fleet/outcome.ts';
import { DEAD_TRANSPORTS } from '../../../fleet/signs.ts';
import { COUNTER_CODES } from '../../../hub/counters.ts';
import type { TunnelStatus } from '../../../hub/messages.ts';
import { hubMetrics } from '../../../hub/metrics.ts';
import { REASONS } from '../../../session/reasons.ts';
import { newResendCounters } from '../../../session/resend/counters.ts';
import { STATES } from '../../../session/transitions.ts';
import { folderForTests } from '../../folder.ts';
import { promtool, promtoolObstacle } from '../../lab/promtool.ts';
import { statusOn } from '../../lab/reporting.ts';
import { testUnless } from '../../obstacle.ts';
import { Scene } from '../fleet/sample.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly playbook: string };
}
interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets?: readonly { readonly expr: string }[];
}
interface Case {
  readonly alertname: string;
  readonly exp_alerts: readonly unknown[];
}

const FOLDER = resolve(import.meta.dir, '../../../policies/observability');
const read = (file: string) => readFileSync(join(FOLDER, file), 'utf8');
const { groups } = Bun.YAML.parse(read('alerts.yml')) as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);
const { tests } = Bun.YAML.parse(read('alerts.test.yml')) as {
  readonly tests: readonly { readonly alert_rule_test: readonly Case[] }[];
};
const cases = tests.flatMap(({ alert_rule_test }) => alert_rule_test);
const dashboard = JSON.parse(read('grafana.json')) as {
  readonly panels: readonly Panel[];
};
const drawn = dashboard.panels.flatMap(({ targets }) => targets?.map(({ expr }) => expr) ?? []);
const scratch = folderForTests('jvpn-alerts-');
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** What an agent, a hub and a fleet with everything to say answer. */
function answers(): readonly string[] {
  const status = statusOn('wwan0');
  const links = status.links.map((link) => ({
    ...link,
    day_bytes_max: 9,
    rtt_ms: 1,
    jitter_ms: 1,
  }));
  const recovery = { count: 1, p50: 1, p95: 1, max: 1 };
  const packets = { ...status.packets, refused: { x: 1 } };
  const agent = agentMetrics({
    status: { ...status, links, packets, recovery_ms: recovery },
    ...{
      version: '',
      commit: '',
      policyVersion: 1,
      isEmergency: true,
      rssBytes: 1,
      cpuSeconds: 1,
      denials: { x: 1 },
      events: {
        ...{ waiting: 1, memoryBytes: 1, flashBytes: 1, acknowledged: 1, cut: 1 },
        dropped: { memory_full: 1, flash_full: 1, refused: 1 },
      },
    },
  });
  const hub = hubMetrics({
    status: {
      ...{ peers: { session: 1 }, sessions: {}, channels: 1, handshakes: 1, is_under_load: false },
      packets: { sent: 1, sent_bytes: 2, received: 3, received_bytes: 4 },
      ...{ resend: newResendCounters(), counters: { x: 1 } },
    } as unknown as TunnelStatus,
    ...{
      version: '',
      policyVersion: 1,
      isEmergency: false,
      committed: 1,
      failed: 1,
      timeAheadMs: 1,
    },
    ...{ rssBytes: 1, cpuSeconds: 1 },
    events: { identity_conflict: 1 },
  });
  const scene = new Scene();
  scene.health({ seq: 1 });
  const counters = { carrier_lost: 9, switch_denied: 1 };
  const ended = { state: 'TERMINATED', terminated: 'session_ttl_expired', counters } as const;
  scene.health({ seq: 2, status: ended });
  scene.say('gw-7/policy/reported', encodePayload({ v: 1, confirmed: 3 }, 'cbor'));
  const { registry, day } = scene;
  const overview = new Api({
    ...{ fleet: 'north', registry, day, history: null as never, nowMs: () => scene.nowMs },
    ...{ isConnected: () => true, settle: () => {}, onSeen: () => {} },
  }).overview();
  const fleet = fleetMetrics({
    ...{ overview, version: '', messages: registry.outcomes, missing: 0, events: registry.events },
    ...{ isConnected: true, connections: 1, failures: 0, historyBytes: 1, historyDropped: 0 },
    ...{ historyFailures: 0, watchers: 0, loginsRefused: 0, rssBytes: 1, cpuSeconds: 1 },
  });
  return [agent, hub, fleet];
}

const namesIn = (text: string) => new Set(text.match(/^jvpn_[a-z_]+/gm));

/** All that any of them says. */
const said = () => namesIn(answers().join(''));

/** The words behind `label=` or `label=~` in all expressions. */
const wordsOf = (label: string) =>
  [...rules.map(({ expr }) => expr), ...drawn].flatMap((expr) =>
    [...expr.matchAll(new RegExp(`\\b${label}[!=~]+"([^"]*)"`, 'g'))].flatMap(([, words]) =>
      words!.split('|'),
    ),
  );

test('no rule and no panel asks a hub for a state that its view never has (docs/protocol.md)', () => {
  const asked = [...rules.map(({ expr }) => expr), ...drawn].flatMap((expr) =>
    [...expr.matchAll(/jvpn_hub_sessions\{state=~?"([^"]*)"/g)].flatMap(([, words]) =>
      words!.split('|'),
    ),
  );
  expect(asked.length).toBeGreaterThan(1);
  for (const state of asked) expect(['ATTACHED', 'RECOVERING', 'TERMINATED']).toContain(state);
});

test('what they name is what the program says', () => {
  const metrics = said();
  for (const expr of [...rules.map((rule) => rule.expr), ...drawn]) {
    const named = expr.match(/jvpn_[a-z_]+/g) ?? [];
    expect(expr === 'up{job="jvpn"} == 0' ? ['up'] : named).not.toEqual([]);
    for (const name of named) expect([...metrics]).toContain(name);
  }
  expect(wordsOf('reason_code').length).toBeGreaterThan(10);
  for (const code of wordsOf('reason_code')) expect(Object.keys(REASONS)).toContain(code);
  for (const code of wordsOf('code')) expect(COUNTER_CODES as readonly string[]).toContain(code);
  for (const why of wordsOf('why')) expect(MISSING_WHYS as readonly string[]).toContain(why);
  for (const state of wordsOf('state')) expect(STATES as readonly string[]).toContain(state);
});

test('what the docs say of all three is said by all three, and by two where they say so', () => {
  const docs = readFileSync(resolve(FOLDER, '../../docs/metrics.md'), 'utf8');
  const [, part = ''] = docs.split(/^## (?:All three|Agent)$/m);
  const rows = [...part.matchAll(/^\| `(jvpn_[a-z_]+)` .*$/gm)];
  expect(rows.length).toBeGreaterThan(4);
  const speakers = answers().map(namesIn);
  for (const [row, name] of rows) {
    const isOfTwo = row.includes('of agent and hub');
    expect([name, ...speakers.map((names) => names.has(name!))]).toEqual([
      ...[name, true, true, !isOfTwo],
    ]);
  }
});

test('all that is said of events, of the fleet’s bindings and of a rollout is on the dashboard', () => {
  const drawnNames = new Set(drawn.flatMap((expr) => expr.match(/jvpn_[a-z_]+/g) ?? []));
  const told = [...said()].filter((name) =>
    /^jvpn_(telemetry_events?_|fleet_events?_|fleet_binding_|fleet_rollout_devices|cpu_)/.test(
      name,
    ),
  );
  expect(told.length).toBeGreaterThan(14);
  expect(told.filter((name) => !drawnNames.has(name))).toEqual([]);
});

test('no panel of the dashboard lies on another, or past its edge, and each has a number of its own', () => {
  const { panels } = dashboard;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const cells = panels.flatMap(({ title, gridPos: { x, y, w, h } }) => {
    expect([title, x + w <= 24]).toEqual([title, true]);
    return Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.floor(at / w)}`);
  });
  expect(new Set(cells).size).toBe(cells.length);
});

test('each reason code that they name is given by some end, or its part could never fire', () => {
  const root = resolve(FOLDER, '../..');
  const given = ['session/device', 'session/hub', 'session/liveness', 'agent', 'hub']
    .flatMap((folder) => [...new Glob(`${folder}/**/*.ts`).scanSync({ cwd: root })])
    .filter((file) => !file.includes('/cli/'))
    .map((file) => readFileSync(join(root, file), 'utf8'))
    .join('');
  for (const code of wordsOf('reason_code')) {
    expect([code, given.includes(`'${code}'`)]).toEqual([code, true]);
  }
});

test('what makes a fleet deaf or forgetful, and a rollout that goes back, has an alert', () => {
  const watched = [
    'jvpn_fleet_broker_connected',
    'jvpn_fleet_history_failures_total',
    'jvpn_fleet_rollout_devices',
  ];
  const named = rules.flatMap(({ expr }) => expr.match(/jvpn_fleet_[a-z_]+/g) ?? []);
  expect(watched.filter((metric) => !named.includes(metric))).toEqual([]);
  const outcomes = rules.flatMap(({ expr }) =>
    [...expr.matchAll(/jvpn_fleet_rollout_devices\{outcome=~?"([^"]*)"/g)].flatMap(([, words]) =>
      words!.split('|'),
    ),
  );
  expect(outcomes.length).toBeGreaterThan(0);
  for (const outcome of outcomes) expect(OUTCOMES as readonly string[]).toContain(outcome);
});

test('a dead transport is the same to the alert, to the dashboard and to the fleet', () => {
  const alert = rules.find((rule) => rule.alert === 'JvpnTransportDeathSpike')!;
  const panel = dashboard.panels.find(({ title }) => title === 'What ended bindings')!;
  for (const { expr } of [alert, ...panel.targets!]) {
    const codes = expr.match(/reason_code=~"([^"]*)"/)![1]!.split('|');
    expect(codes.sort()).toEqual([...DEAD_TRANSPORTS].sort());
  }
});

test('each alert has a case in which it fires and one in which it does not', () => {
  for (const { alert } of rules) {
    const own = cases.filter(({ alertname }) => alertname === alert);
    expect([alert, own.some(({ exp_alerts }) => exp_alerts.length > 0)]).toEqual([alert, true]);
    expect([alert, own.some(({ exp_alerts }) => exp_alerts.length === 0)]).toEqual([alert, true]);
  }
});

test('each section of the playbook that names an indicator has an alert', () => {
  const sections = new Set(rules.flatMap(({ labels }) => labels.playbook.split(', ')));
  expect([...sections].sort((a, b) => Number(a) - Number(b))).toEqual([
    ...['2', '3', '4', '5', '6', '7', '8', '9', '10', '13', '14'],
  ]);
});

testUnless(promtoolObstacle, 'promtool reads the alerts and plays their cases', async () => {
  expect(await promtool(['check', 'rules', join(FOLDER, 'alerts.yml')])).toEqual([]);
  expect(await promtool(['test', 'rules', join(FOLDER, 'alerts.test.yml')])).toEqual([]);
  cpSync(FOLDER, scratch, { recursive: true });
  writeFileSync(join(scratch, 'alerts.yml'), read('alerts.yml').replace('> 0.05', '> 0.5'));
  const broken = await promtool(['test', 'rules', join(scratch, 'alerts.test.yml')]);
  expect(broken.join('\n')).toContain('JvpnManyRecovering');
});

testUnless(promtoolObstacle, 'promtool reads what the dashboard asks', async () => {
  const named = drawn.map((expr, at) => ({
    record: `panel_${at}`,
    expr: expr.replaceAll('$__rate_interval', '5m'),
  }));
  const file = join(scratch, 'dashboard.yml');
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules: named }] }));
  expect(await promtool(['check', 'rules', file])).toEqual([]);
});
