/**
 * Goal: what devices say to a real broker is on the pages that `jvpn fleet` serves, from the login to the timeline.
 *
 * Method: mosquitto, reports as an agent writes them, the command as its users start it, and Debian's Chromium.
 */
import { expect } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import type { Page } from 'playwright-core';
import { encodePayload } from '../../agent/payload.ts';
import type { Series } from '../../fleet/pages/answers.ts';
import { startFleetOn, TOKEN } from '../lab/fleet.ts';
import { freePort, mosquittoObstacle, startMosquitto } from '../lab/mosquitto.ts';
import { eventually } from '../lab/process.ts';
import { urlOf } from '../lab/witness.ts';
import { testUnless } from '../obstacle.ts';
import { BOOT, healthPayload, presencePayload, type Said } from '../unit/fleet/sample.ts';
import { browserObstacle, startBrowser, visit } from './visitor.ts';

const TEST_MS = 60_000;
const WAIT_MS = 15_000;
/** More than one page of the list. */
const DEVICES = 120;

const root = (at: number) => `jvpn/v1/testfleet/gw-${String(at).padStart(3, '0')}`;
const KEPT = { qos: 1, retain: true } as const;

const report = (client: MqttClient, at: number, said: Said) =>
  client.publishAsync(`${root(at)}/health`, Buffer.from(healthPayload(said)), KEPT);

async function appear(client: MqttClient, at: number): Promise<void> {
  const birth = Buffer.from(presencePayload('online', BOOT, 1));
  await client.publishAsync(`${root(at)}/presence`, birth, KEPT);
  await report(client, at, { seq: 1 });
}

/** Each second, while the broker is heard, the fleet notes how its bindings are. */
async function hasRoundTrip(fleet: Awaited<ReturnType<typeof startFleetOn>>): Promise<boolean> {
  const series = (await (await fleet.get('/api/series')).json()) as Series;
  return series.rtt_ms?.p95.some((value) => value === 12.5) === true;
}

async function logIn(page: Page, token: string): Promise<void> {
  await page.getByLabel('Token').fill(token);
  await page.keyboard.press('Enter');
}

testUnless(
  browserObstacle ?? mosquittoObstacle,
  'the whole way: login, the list, live news, the page of a device',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'jvpn-served-'));
    const port = await freePort();
    const browser = await startBrowser();
    try {
      await using _broker = await startMosquitto({ directory, port });
      const history = join(directory, 'history.sqlite');
      await using fleet = await startFleetOn({ directory, brokerPort: port, history });
      const client = await connectAsync(urlOf(port), { protocolVersion: 5 });
      for (let at = 0; at < DEVICES; at++) await appear(client, at);
      await fleet.shows('the last of them', ({ health }) => health !== null, 'gw-119');

      await using reader = await visit(browser);
      const { page, complaints } = reader;
      await page.goto(fleet.url);
      await page.waitForURL('**/login');
      await logIn(page, 'wrong-wrong-wrong-wrong');
      await page.getByRole('alert').waitFor();
      expect(await page.getByRole('alert').textContent()).toBe('The token is not right.');
      // The browser says of the refusal what it has to say of any 401.
      for (const complaint of complaints.splice(0)) expect(complaint).toContain('401');
      await logIn(page, TOKEN);
      await page.locator('#live[data-phase=live]').waitFor();
      await page.locator('#device-caption', { hasText: '1 to 100 of 120' }).waitFor();
      await page.locator('#charts canvas').nth(11).waitFor();
      const figures = await page.locator('.figures dd').allTextContents();
      expect(figures.slice(0, 4)).toEqual(['120', '120', '0', '0']);

      const line = page.locator('#device-rows tr').first();
      await report(client, 0, { seq: 2, switchesTotal: 1, link: 'wwan0' });
      await line.filter({ hasText: 'wwan0→' }).waitFor();
      const status = { state: 'DEGRADED' } as const;
      await report(client, 0, { seq: 7, switchesTotal: 1, link: 'wwan0', status });
      await line.filter({ hasText: 'DEGRADED' }).waitFor();

      const spread = page.locator('#spreads tbody tr', { hasText: 'Round trip of bindings' });
      await spread.filter({ hasText: `13\u00a0ms${DEVICES}` }).waitFor();
      await eventually('a round trip over time', async () => hasRoundTrip(fleet), WAIT_MS);
      for (const [at, onTrial] of [8, null].entries()) {
        const said = encodePayload(
          { v: 1, confirmed: at === 0 ? 7 : 8, on_trial: onTrial },
          'cbor',
        );
        await client.publishAsync(`${root(at)}/policy/reported`, Buffer.from(said), KEPT);
      }
      const caption = page.locator('#device-caption');
      await page.locator('#rollout').getByRole('link', { name: 'on trial' }).click();
      await caption.filter({ hasText: '1 device with the policy on trial' }).waitFor();
      await page.getByLabel('Rollout', { exact: true }).selectOption('all');
      await caption.filter({ hasText: '1 to 100 of 120' }).waitFor();

      await line.getByRole('link', { name: 'gw-000' }).click();
      await page.locator('svg.timeline').waitFor();
      await page.locator('#gaps tbody tr').waitFor();
      expect(await page.locator('#gaps tbody tr').allTextContents()).toEqual([
        'health36dropped by the device or its broker',
      ]);
      const marks = page.locator('#marks tbody tr');
      await marks.filter({ hasText: 'eth0→' }).filter({ hasText: 'wwan0→' }).first().waitFor();
      const lost = Buffer.from(presencePayload('lost', BOOT, 1));
      await client.publishAsync(`${root(0)}/presence`, lost, KEPT);
      await marks.filter({ hasText: 'online ⇒ lost' }).waitFor({ timeout: WAIT_MS });
      expect(complaints).toEqual([]);
      await client.endAsync(true);
    } finally {
      await browser.close();
      rmSync(directory, { recursive: true });
    }
  },
  TEST_MS,
);
