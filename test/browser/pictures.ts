/**
 * Draws the pictures of docs/dashboard.md anew: `bun test/browser/pictures.ts`, with Chromium on the machine.
 *
 * @module
 */
import { resolve } from 'node:path';
import { startFleetServer } from './fleetServer.ts';
import { type Eyes, startBrowser, visit } from './visitor.ts';

const DOCS = resolve(import.meta.dir, '../../docs');

interface Picture {
  readonly name: string;
  readonly path: string;
  readonly eyes: Eyes;
  /** There when the page is. */
  readonly whole: string;
}

const PICTURES: readonly Picture[] = [
  {
    name: 'dashboard-light',
    path: '/#time',
    eyes: { scheme: 'light', width: 1_000, height: 1_240 },
    whole: '#charts figure:nth-child(12) canvas',
  },
  {
    name: 'dashboard-dark',
    path: '/',
    eyes: { scheme: 'dark', width: 1_000, height: 1_240 },
    whole: '#charts figure:nth-child(12) canvas',
  },
  {
    name: 'dashboard-device',
    path: '/device/gw-00002',
    eyes: { scheme: 'light', width: 1_000, height: 1_140 },
    whole: 'svg.timeline',
  },
  {
    name: 'dashboard-phone',
    path: '/device/gw-00002',
    eyes: { scheme: 'dark', width: 320, height: 1_100 },
    whole: 'svg.timeline',
  },
];

await using server = startFleetServer(10_000);
const browser = await startBrowser();
for (const { name, path, eyes, whole } of PICTURES) {
  await using reader = await visit(browser, eyes);
  await reader.page.goto(server.url + path);
  await reader.page.locator(whole).waitFor();
  await reader.page.locator('#live[data-phase=live]').waitFor();
  const hash = path.split('#')[1];
  // The charts have moved it since the browser went there.
  if (hash !== undefined)
    await reader.page.evaluate(`location.hash = ''; location.hash = '${hash}'`);
  await reader.page.screenshot({ path: `${DOCS}/${name}.png` });
}
await browser.close();
