/**
 * Goal: what changes between the answer that a page is made of and the begin of its stream is on the page, without another report.
 *
 * Method: as in served.test.ts, with a stream that is held back until the change has happened.
 */
import { expect } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { startFleetOn, TOKEN } from '../lab/fleet.ts';
import { freePort, mosquittoObstacle, startMosquitto } from '../lab/mosquitto.ts';
import { urlOf } from '../lab/witness.ts';
import { testUnless } from '../obstacle.ts';
import { healthPayload, type Said } from '../unit/fleet/sample.ts';
import { browserObstacle, startBrowser, visit } from './visitor.ts';

const TEST_MS = 60_000;

testUnless(
  browserObstacle ?? mosquittoObstacle,
  'a change that comes before the stream is shown, in the list and on the page of the device',
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'jvpn-race-'));
    const port = await freePort();
    const browser = await startBrowser();
    try {
      await using _broker = await startMosquitto({ directory, port });
      const history = join(directory, 'history.sqlite');
      await using fleet = await startFleetOn({ directory, brokerPort: port, history });
      const client = await connectAsync(urlOf(port), { protocolVersion: 5 });
      const report = (said: Said) =>
        client.publishAsync('jvpn/v1/testfleet/gw-7/health', Buffer.from(healthPayload(said)), {
          ...{ qos: 1, retain: true },
        });
      await report({ seq: 1 });
      await fleet.shows('the first report', ({ health }) => health?.seq === 1);
      await using reader = await visit(browser);
      const { page, complaints } = reader;
      await page.goto(fleet.url);
      await page.getByLabel('Token').fill(TOKEN);
      await page.keyboard.press('Enter');
      await page.locator('#live[data-phase=live]').waitFor();

      const states = ['DEGRADED', 'VOLATILE'] as const;
      for (const [at, path] of ['/', '/device/gw-7'].entries()) {
        const { promise, resolve: release } = Promise.withResolvers<void>();
        await page.route(/\/api\/live/, async (route) => {
          await promise;
          await route.continue();
        });
        const place = page.locator(at === 0 ? '#device-rows tr' : '#facts');
        await page.goto(fleet.url + path);
        await place.filter({ hasText: at === 0 ? 'ATTACHED' : 'DEGRADED' }).waitFor();
        const state = states[at]!;
        await report({ seq: at + 2, status: { state } });
        await fleet.shows('the change', ({ health }) => health?.seq === at + 2);
        release();
        await place.filter({ hasText: state }).waitFor();
        await page.unroute(/\/api\/live/);
      }
      expect(complaints).toEqual([]);
      await client.endAsync(true);
    } finally {
      await browser.close();
      rmSync(directory, { recursive: true });
    }
  },
  TEST_MS,
);
