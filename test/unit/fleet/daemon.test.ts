/**
 * Goal: what the process does by its clocks it does, whatever the wall clock is set to meanwhile.
 * Method: the whole process on loopback, before a broker that says what it is told; both clocks are handed in.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFleet } from '../../../fleet/daemon.ts';
import { HOUR_MS } from '../../../fleet/day.ts';
import { eventually } from '../../lab/process.ts';
import { MadeUpBroker } from '../agent/madeUpBroker.ts';
import { BOOT, healthPayload, presencePayload, START_MS } from './sample.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'jvpn-fleet-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

test('a wall clock that was a day ahead keeps nobody from doubting what has been silent for long', async () => {
  const broker = await new MadeUpBroker().listen();
  let [wallMs, monoMs] = [START_MS + 24 * HOUR_MS, 0];
  const said: string[] = [];
  const started = startFleet({
    broker: {
      ...{ url: broker.url, fleet: 'north', clientId: 'jvpn-fleet-x', username: null },
      ...{ passwordFile: null, caFile: null, certificateFile: null, keyFile: null },
    },
    ...{ sessionExpiryS: 0, listen: '127.0.0.1:0', pages: new Map() },
    login: { token: null, proxyHeader: null, proxyAddresses: [] },
    ...{ historyFile: join(directory, 'fleet.sqlite'), retentionDays: 30, bytesMax: 2 ** 26 },
    ...{ nowMs: () => wallMs, monoMs: () => monoMs, say: (line) => said.push(line) },
  });
  if (!started.ok) throw new Error(started.message);
  const { registry } = started.value;
  try {
    await eventually('heard', () => said.includes('the broker is heard'), 5_000);
    const kept = { isRetained: true };
    broker.publish('jvpn/v1/north/gw-7/presence', [presencePayload('online', BOOT, 1)], kept);
    const health = healthPayload({ seq: 1, tsMs: START_MS - 26 * HOUR_MS });
    broker.publish('jvpn/v1/north/gw-7/health', [health], kept);
    await eventually('known', () => registry.devices.get('gw-7')?.report?.seq === 1, 5_000);
    // The time comes from the network.
    wallMs = START_MS;
    monoMs += 61_000;
    await eventually('doubted', () => said.some((line) => line.startsWith('of 1 devices')), 5_000);
    expect(registry.devices.get('gw-7')?.presence.online).toBeNull();
  } finally {
    started.value.stop();
    broker.close();
  }
});
