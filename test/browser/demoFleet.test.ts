/**
 * Goal: each view shows what a demo fleet really says, to everybody, and nothing is on the console.
 *
 * Method: what `scripts/demo --fleet` is made of, with few devices: mosquitto, the crowd that runs the agent's own code, `jvpn policy push`,
 * and `jvpn fleet` from source; Debian's Chromium, and axe-core on each view, light and dark. A policy is on all, some devices have lost
 * their links, and one is DEGRADED while somebody looks.
 */
import { afterAll, beforeAll, expect } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { folderForTests } from '../folder.ts';
import { Crowd } from '../lab/crowd/crowd.ts';
import { Pusher } from '../lab/demo/fleet/push.ts';
import { startFleetOn } from '../lab/fleet.ts';
import { freePort, mosquittoObstacle, startMosquitto } from '../lab/mosquitto.ts';
import { eventually } from '../lab/process.ts';
import { urlOf } from '../lab/witness.ts';
import { testUnless } from '../obstacle.ts';
import { judge } from './judge.ts';
import { browserObstacle, startBrowser, visit } from './visitor.ts';

const JVPN = resolve(import.meta.dir, '../../agent/jvpn.ts');
const FLEET = 'testfleet';
const DEVICES = 30;
const WAIT_MS = 25_000;
const TEST_MS = 55_000;

const directory = folderForTests('jvpn-demo-fleet-');
const stack = new AsyncDisposableStack();
let fleet: Awaited<ReturnType<typeof startFleetOn>>;
let browser: Browser;
let crowd: Crowd;
/** The device that is DEGRADED while somebody looks. */
let device = '';

interface Devices {
  readonly devices: readonly { readonly name: string; readonly state: string }[];
}

const answer = async <T>(path: string) => (await (await fleet.get(path)).json()) as T;

beforeAll(async () => {
  if ((browserObstacle ?? mosquittoObstacle) !== null) return;
  const port = await freePort();
  const url = urlOf(port);
  const binary = join(directory, 'jvpn');
  writeFileSync(binary, `#!/bin/sh\nexec "${process.execPath}" "${JVPN}" "$@"\n`, { mode: 0o755 });
  stack.use(await startMosquitto({ directory, port }));
  const history = join(directory, 'history.sqlite');
  fleet = stack.use(await startFleetOn({ directory, brokerPort: port, history, hasLogin: false }));
  const pusher = stack.use(new Pusher({ binary, directory, url, fleet: FLEET, say: () => {} }));
  crowd = stack.use(
    await Crowd.start({
      ...{ url, fleet: FLEET, devices: DEVICES, connections: DEVICES, intervalMs: 2_000 },
      signer: pusher.publicKey,
    }),
  );
  const text = 'version = 8\nname = "next"\n[push]\nconfirm_window_ms = 10_000\n';
  const { ended } = pusher.push([pusher.file('next.toml', text)]);
  expect((await ended).line).toContain('confirmed');
  expect(await crowd.storm(20, 2)).toBe(6);
  device = (await answer<Devices>('/api/devices')).devices[0]!.name;
  browser = await startBrowser();
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await stack.disposeAsync();
  rmSync(directory, { recursive: true, force: true });
});

/** A view, and what is there when it is whole. */
const VIEWS: readonly (readonly [string, () => string, (page: Page) => Promise<void>])[] = [
  [
    'now, over time and the list',
    () => '/',
    async (page) => {
      await page.locator('#charts canvas').nth(11).waitFor();
      await page.locator('#device-caption', { hasText: `${DEVICES} devices` }).waitFor();
      const figures = await page.locator('.figures dd').allTextContents();
      expect(figures[0]).toBe(`${DEVICES}`);
      await page.locator('#rollout').getByText('confirmed').first().waitFor();
    },
  ],
  [
    'the list of those that are DEGRADED',
    () => '/?state=DEGRADED',
    (page) => page.locator('#device-rows tr', { hasText: device }).waitFor(),
  ],
  [
    'a device',
    () => `/device/${device}`,
    async (page) => {
      await page.locator('svg.timeline').waitFor();
      await page.locator('#facts', { hasText: 'next' }).waitFor();
      await page.locator('#marks tbody tr').first().waitFor();
    },
  ],
];

for (const [name, path, isWhole] of VIEWS) {
  testUnless(
    browserObstacle ?? mosquittoObstacle,
    `${name}: what the fleet says is there, for everybody`,
    async () => {
      for (const scheme of ['light', 'dark'] as const) {
        await crowd.turn(device, 'DEGRADED');
        const isSeen = async () => (await fleet.device(device)).state === 'DEGRADED';
        await eventually('DEGRADED is seen', isSeen, WAIT_MS);
        await using reader = await visit(browser, { scheme });
        await reader.page.goto(fleet.url + path());
        await reader.page.locator('#live[data-phase=live]').waitFor();
        await isWhole(reader.page);
        const { breaches, kept } = await judge(reader.page);
        expect([scheme, breaches]).toEqual([scheme, []]);
        expect(kept).toBeGreaterThan(15);
        expect(reader.complaints).toEqual([]);
      }
    },
    TEST_MS,
  );
}
