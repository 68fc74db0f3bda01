/**
 * Goal: what happens on a device arrives at the broker, each thing once by its number: also from before the agent had a
 * connection, while the broker was away, and through a restart meanwhile.
 *
 * Method: real daemons in the lab network and a real mosquitto on the device's own loopback; the device's audit log says
 * what happened.
 */
import { afterAll, beforeAll, expect } from 'bun:test';
import { readdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { mosquittoObstacle } from '../lab/mosquitto.ts';
import type { MqttLine } from '../lab/mqttReader.ts';
import { eventually, type LabProcess, parseLine } from '../lab/process.ts';
import { auditOf, isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';
import type { HeardEvent } from '../lab/witness.ts';
import { testUnless } from '../obstacle.ts';

const READER = resolve(import.meta.dir, '../lab/mqttReader.ts');
const PORT = 1_885;
const URL = `mqtt://127.0.0.1:${PORT}`;
const WAIT_MS = 15_000;

interface DeviceEvent extends HeardEvent {
  readonly audit_seq: number;
  readonly to: string | null;
}

let net: Topology;
let site: Site;

beforeAll(async () => {
  if (mosquittoObstacle !== null) return;
  net = await topology({ seed: 31 });
  site = new Site(net, {
    agentExtra: `[telemetry]\nenabled = true\nurl = "${URL}"\ndevice = "gw1"\nformat = "json"\n`,
  });
  await site.hub();
  await site.device('gw1');
}, 60_000);

afterAll(async () => {
  await net?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

async function startBroker(): Promise<LabProcess> {
  const file = site.path('mosquitto.conf');
  const lines = [`listener ${PORT} 127.0.0.1`, 'user root', 'persistence false'];
  writeFileSync(file, `${[...lines, 'allow_anonymous true', 'log_dest stderr'].join('\n')}\n`);
  const broker = net.spawn('device', ['mosquitto', '-c', file]);
  const isUp = () => broker.stderr.some((line) => line.endsWith(' running'));
  await eventually('mosquitto runs', isUp, WAIT_MS);
  return broker;
}

async function startReader() {
  const reader = net.spawn('device', [process.execPath, READER, URL]);
  const heard = () => reader.stdout.flatMap((line) => parseLine<MqttLine>(line) ?? []);
  await eventually('subscribed', () => heard().length > 0, WAIT_MS);
  return {
    stop: () => reader.stop(),
    events: () =>
      heard().flatMap(({ topic, hex }) =>
        topic?.includes('/event/') === true
          ? [JSON.parse(Buffer.from(hex, 'hex').toString()) as DeviceEvent]
          : [],
      ),
  };
}

/** Numbers of all that happened and is published each time, from the log. */
const happened = () =>
  site
    .audit('gw1')
    .filter(({ event }) => event === 'transition' || event === 'switch' || event === 'alarm')
    .map(({ seq }) => seq);

const told = (...events: readonly DeviceEvent[]) =>
  events
    .filter(({ event }) => event !== 'notice' && event !== 'refusal')
    .map((one) => one.audit_seq);

testUnless(
  mosquittoObstacle,
  'all of it, in order, without a gap: from the first transition to the last of a process that ended while the broker was away',
  async () => {
    const broker = await startBroker();
    const early = await startReader();
    const agent = site.agent('gw1');
    await untilAudit(agent, 'ATTACHED', isAttached, WAIT_MS);
    await eventually(
      'as it happens',
      () => told(...early.events()).length >= happened().length,
      WAIT_MS,
    );
    expect(told(...early.events())).toEqual(happened());

    await broker.stop('SIGKILL');
    await early.stop();
    const before = early.events();
    const seen = auditOf(agent).length;
    await net.carrier('eth0', 'down');
    await untilAudit(agent, 'another link', isAttached, WAIT_MS, seen);
    agent.signal('SIGTERM');
    expect(await agent.exited).toBe(0);
    const stored = () => readdirSync(site.path('gw1.state/events'));
    expect(stored().some((name) => name.startsWith('greater-'))).toBe(true);

    await startBroker();
    const late = await startReader();
    const next = site.agent('gw1');
    await untilAudit(next, 'ATTACHED', isAttached, WAIT_MS);
    const all = () => [...before, ...late.events()];
    await eventually('all', () => told(...all()).length >= happened().length, WAIT_MS);
    expect(told(...all())).toEqual(happened());
    const numbers = all().map(({ seq }) => seq);
    expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
    expect(all().every(({ gap }) => gap === null)).toBe(true);
    expect(new Set(all().map(({ stream }) => stream)).size).toBe(1);
    const last = all().find(({ to }) => to === 'TERMINATED');
    expect(last).toMatchObject({ historical: true, boot: before[0]!.boot });
    await eventually(
      'only marks are left',
      () => stored().every((name) => name.startsWith('mark-')),
      WAIT_MS,
    );
  },
  60_000,
);
