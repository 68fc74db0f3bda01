/**
 * Goal: `jvpn fleet` shows what real reporters say to a real broker, over the loss of each part of it.
 * Method: mosquitto and the agent's reporter on loopback with a made-up session, and the command as its users start it.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Aedes } from 'aedes';
import { connectAsync } from 'mqtt';
import type { AuditRow } from '../../hal/linux/auditLog.ts';
import { newAuthority } from '../lab/certificates.ts';
import { FLEET_PROGRAM, startFleetOn } from '../lab/fleet.ts';
import { freePort, mosquittoObstacle, startMosquitto } from '../lab/mosquitto.ts';
import { eventually } from '../lab/process.ts';
import { promtoolFindings, promtoolObstacle } from '../lab/promtool.ts';
import { startFor, statusOn } from '../lab/reporting.ts';
import { reporting, urlOf } from '../lab/witness.ts';
import { testUnless } from '../obstacle.ts';
import { BOOT, healthPayload } from '../unit/fleet/sample.ts';
import { deviceRecords, lineOf } from '../unit/session/invariants/stream/sampleStreams.ts';

const ACL = resolve(import.meta.dir, '../../policies/broker/mosquitto.acl');
const WAIT_MS = 15_000;
const TEST_MS = 55_000;

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'jvpn-fleet-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** The command with a history of that name in the folder of this test. */
const fleetOn = (
  brokerPort: number,
  history: string,
  broker: Readonly<Record<string, string>> = {},
) => startFleetOn({ directory, brokerPort, history: join(directory, history), broker });

interface Timeline {
  readonly bands: readonly { readonly state: string | null }[];
  readonly marks: readonly { readonly kind: string; readonly to: string | null }[];
}

testUnless(
  mosquittoObstacle,
  'a device comes, changes, goes; the fleet and the broker restart under it',
  async () => {
    const port = await freePort();
    const history = 'one.sqlite';
    let link: 'eth0' | 'wwan0' = 'eth0';
    {
      await using _broker = await startMosquitto({ directory, port });
      {
        await using fleet = await fleetOn(port, history);
        {
          await using reporter = reporting({
            start: startFor({ url: urlOf(port) }),
            status: async () => statusOn(link),
          });
          const shown = await fleet.shows('attached', ({ state }) => state === 'ATTACHED');
          expect(shown).toMatchObject({ online: true, why: null, retained: false, gaps: [] });
          link = 'wwan0';
          reporter.telemetry.noteChange('switch');
          await fleet.shows('the switch', ({ health }) => (health?.seq ?? 0) >= 2);
        }
        await fleet.shows('the goodbye', ({ why }) => why === 'stopped');
        const answer = await fleet.get('/api/device/gw-7/timeline');
        const timeline = (await answer.json()) as Timeline;
        const marks = timeline.marks.map(({ kind, to }) => [kind, to]);
        expect(marks).toEqual([
          ['presence', 'online'],
          ['switch', 'wwan0→198.51.100.1:51820'],
          ['presence', 'stopped'],
        ]);
        expect(timeline.bands.at(-1)?.state).toBeNull();
        const metrics = await fleet.metrics();
        expect(metrics).toContain('jvpn_fleet_devices{presence="stopped"} 1\n');
        expect(metrics).toContain('jvpn_fleet_broker_connected 1\n');
        if (promtoolObstacle === null) expect(await promtoolFindings(metrics)).toEqual([]);
        process.kill(fleet.child.pid, 'SIGKILL');
        await fleet.child.exited;
      }
      // Killed: what was heard is there, and what the broker kept is no news.
      await using again = await fleetOn(port, history);
      await again.shows('the broker’s word', ({ health }) => health !== null);
      expect(await again.device()).toMatchObject({ online: false, why: 'stopped', gaps: [] });
      const overview = await (await again.get('/api/overview')).json();
      expect(overview).toMatchObject({
        devices: { total: 1, online: 0, stopped: 1, lost: 0 },
        switches_per_session_per_hour: null,
      });
    }
  },
  TEST_MS,
);

testUnless(
  mosquittoObstacle,
  'a broker that goes and comes, a will that is true, and payloads that are none',
  async () => {
    const port = await freePort();
    const broker = await startMosquitto({ directory, port });
    await using fleet = await fleetOn(port, 'two.sqlite');
    const topic = 'jvpn/v1/testfleet/gw-8';
    const publisher = async () => {
      const client = await connectAsync(urlOf(port), { protocolVersion: 5 });
      return { client, [Symbol.asyncDispose]: () => client.endAsync(true) };
    };
    {
      await using hostile = await publisher();
      for (const payload of ['', 'nonsense', '{"v":1}', 'x'.repeat(60_000)]) {
        await hostile.client.publishAsync(`${topic}/health`, payload, { qos: 1 });
      }
      const report = Buffer.from(healthPayload({ seq: 1 }));
      await hostile.client.publishAsync(`${topic}/health`, report, { qos: 1, retain: true });
    }
    await fleet.shows('the report', ({ health }) => health?.seq === 1, 'gw-8');
    await broker[Symbol.asyncDispose]();
    const down = async () => (await fleet.metrics()).includes('jvpn_fleet_broker_connected 0\n');
    await eventually('the broker is missed', down, WAIT_MS);

    await using _again = await startMosquitto({ directory, port });
    await using back = await publisher();
    const later = Buffer.from(healthPayload({ seq: 5 }));
    const isHeard = async () => {
      await back.client.publishAsync(`${topic}/health`, later, { qos: 1 });
      return (await fleet.device('gw-8')).health?.seq === 5;
    };
    await eventually('heard again', isHeard, WAIT_MS);
    const gap = { stream: 'health', boot: BOOT, from_seq: 2, to_seq: 4, while_away: true };
    expect((await fleet.device('gw-8')).gaps).toEqual([gap]);
    const metrics = await fleet.metrics();
    expect(metrics).toContain('jvpn_fleet_messages_total{outcome="malformed"} 2\n');
    expect(metrics).toContain('jvpn_fleet_messages_total{outcome="fieldWrong"} 1\n');
    expect(metrics).toContain('jvpn_fleet_messages_total{outcome="tooLong"} 1\n');
    expect(metrics).toContain('jvpn_fleet_reports_missing_total 0\n');
  },
  TEST_MS,
);

testUnless(
  mosquittoObstacle,
  'the events of a device are kept, and jvpn audit finds in them what broke',
  async () => {
    const port = await freePort();
    const history = join(directory, 'events.sqlite');
    await using _broker = await startMosquitto({ directory, port });
    const rows = deviceRecords().map((record) => JSON.parse(lineOf(record)) as AuditRow);
    const hear = async (said: readonly AuditRow[], count: number) => {
      await using fleet = await fleetOn(port, 'events.sqlite');
      await using reporter = reporting({
        start: startFor({ url: urlOf(port) }),
        status: async () => statusOn('eth0'),
      });
      for (const row of said) reporter.telemetry.noteEvent(row);
      const line = `jvpn_fleet_events_received_total ${count}\n`;
      await eventually('heard', async () => (await fleet.metrics()).includes(line), WAIT_MS);
      fleet.child.signal('SIGTERM');
      await fleet.child.exited;
    };
    const audit = async () => {
      const argv = [...FLEET_PROGRAM.slice(0, -1), 'audit', '--database', history, '--json'];
      const child = Bun.spawn(argv, { stdout: 'pipe', stderr: 'inherit' });
      const document = JSON.parse(await child.stdout.text());
      return { code: await child.exited, document };
    };
    // Claims are not published.
    await hear(rows, 10);
    const good = await audit();
    expect(good.document).toMatchObject({ ok: true, not_checkable: [], violations: [] });
    expect([good.code, good.document.logs[0].events]).toEqual([0, 10]);
    // Another process without a store: numbers of its own, and a version that it used before.
    await hear([rows[5]!, rows[7]!, rows[9]!, { ...rows[10]!, state_version: 3 }], 4);
    const bad = await audit();
    expect([bad.code, bad.document.logs.length]).toEqual([1, 2]);
    const [violation, more] = bad.document.violations;
    expect(more).toBeUndefined();
    expect(violation).toMatchObject({
      ...{ id: 'I4', sentence: 'I4: state_version went back from 8 to 3' },
      event: { device: 'gw-7', event: 'switch', seq: 4 },
    });
  },
  TEST_MS,
);

testUnless(
  mosquittoObstacle,
  'a certificate of its own and the shipped rules: it hears all devices',
  async () => {
    const authority = await newAuthority(directory);
    const [server, own, device] = [
      await authority.issue('localhost'),
      await authority.issue('jvpn-fleet'),
      await authority.issue('gw-7'),
    ];
    const rules = join(directory, 'fleet.acl');
    copyFileSync(ACL, rules);
    chmodSync(rules, 0o600);
    const port = await freePort();
    await using _broker = await startMosquitto({
      ...{ directory, port },
      lines: [
        ...[`cafile ${authority.file}`, `certfile ${server.certificate}`, `keyfile ${server.key}`],
        ...['require_certificate true', 'use_identity_as_username true', `acl_file ${rules}`],
      ],
    });
    const url = `mqtts://localhost:${port}`;
    await using fleet = await fleetOn(port, 'four.sqlite', {
      ...{ url, fleet: 'jvpn', ca_file: authority.file },
      ...{ certificate_file: own.certificate, key_file: own.key },
    });
    await using _reporter = reporting({
      start: startFor({
        ...{ url, fleet: 'jvpn', ca_file: authority.file },
        ...{ certificate_file: device.certificate, key_file: device.key },
      }),
      status: async () => statusOn('eth0'),
    });
    await fleet.shows('attached', ({ online, state }) => online === true && state === 'ATTACHED');
  },
  TEST_MS,
);

test(
  'a broker without MQTT 5 (aedes)',
  async () => {
    const broker = await Aedes.createBroker();
    const server = createServer(broker.handle);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    {
      await using fleet = await fleetOn(port, 'three.sqlite');
      await using _reporter = reporting({
        start: startFor({ url: urlOf(port), format: 'json' }),
        status: async () => statusOn('eth0'),
      });
      await fleet.shows('attached', ({ online, state }) => online === true && state === 'ATTACHED');
    }
    await new Promise<void>((done) => broker.close(() => done()));
    server.close();
  },
  TEST_MS,
);

test('a mistake in the configuration is one sentence with its place, and exit 2', async () => {
  const file = join(directory, 'wrong.toml');
  writeFileSync(file, '[broker]\nurl = "mqtt://b"\n[http]\nlisten = "0.0.0.0:8890"\n');
  const child = Bun.spawn([...FLEET_PROGRAM, '--config', file], {
    stderr: 'pipe',
  });
  expect(await child.exited).toBe(2);
  expect(await new Response(child.stderr).text()).toContain(
    `${file}: http.listen: others than this machine could look without a login`,
  );
});
