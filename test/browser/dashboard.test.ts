/**
 * Goal: the dashboard tells what the server says, stays live, and can be read by everybody: light and dark, on a phone,
 * by keyboard, by a screen reader.
 *
 * Method: Debian's Chromium on the product's own pages, under the product's policy of content security, before a server
 * with a recorded fleet of 10,000 devices. Nothing may be said on the console.
 */
import { expect } from 'bun:test';
import { FleetPages, texts } from './fleetPages.ts';
import { judge } from './judge.ts';
import { sidewaysPx, visit } from './visitor.ts';

const DEVICES = 10_000;

const pages = new FleetPages(DEVICES);
const browserTest = pages.test;

browserTest('figures, states, reasons in words, policies and charts', async () => {
  await using reader = await visit(pages.browser);
  const { page, complaints } = reader;
  await pages.open(page);
  expect(await texts(page, 'h1')).toEqual(['Fleet north']);
  const figures = (await texts(page, '.figures dd')).map((text) => text.replaceAll('\u00a0', ' '));
  expect(figures).toEqual('10,000|9,750|0|250|3.7 %|240 ms|860 ms|2.1 s|412|1.8|3|1'.split('|'));
  expect(await texts(page, '#states tbody strong')).toEqual(
    'ATTACHED VOLATILE DEGRADED RECOVERING BIRTH TERMINATED'.split(' '),
  );
  const ended = await texts(page, '#ended tbody tr');
  expect(ended[0]).toContain('No hub granted a binding within the recovery window');
  const unknownCode = ended.filter((row) => row.includes('does not know that code'));
  expect(unknownCode).toHaveLength(1);
  expect(unknownCode[0]).toStartWith('brand_new_code');
  expect(await texts(page, '#policies tbody th')).toEqual(['vehicle', 'stationary']);
  expect(await texts(page, '#versions tbody th')).toEqual(['0.0.9', '0.1.0']);
  const charts = await texts(page, '#charts h3');
  expect(charts).toHaveLength(12);
  for (const title of ['Round trip of bindings', 'Loss of bindings', 'Dead transports by reason'])
    expect(charts).toContain(title);
  const spreads = (await texts(page, '#spreads tbody tr')).map((text) =>
    text.replaceAll('\u00a0', ' '),
  );
  expect(spreads).toEqual([
    'Round trip of bindings48 ms131 ms9,212',
    'Jitter of bindings3 ms23 ms9,212',
    'Loss of bindings0 %1.7 %9,212',
    'Memory of agents58 MB66 MB9,750',
  ]);
  expect((await texts(page, '#dead tbody th'))[0]).toBe('heartbeat_timeout');
  expect(await texts(page, '#denied tbody th')).toEqual(['switch_denied', 'switch_rate_limited']);
  const unknown = page.locator('#unknown');
  expect(await unknown.isVisible()).toBe(false);
  const devices = { total: 10_000, online: 8_500, stopped: 0, lost: 250 };
  pages.server.tell('overview', { ...pages.server.overview(), devices });
  await unknown.filter({ hasText: 'Of 1,250 devices nobody knows' }).waitFor();
  await page.getByText('Recovery latency as a table').click();
  const table = page.getByRole('region', { name: 'Recovery latency as a table' });
  expect(await table.locator('thead').textContent()).toContain('p99');
  expect(await table.locator('tbody tr').count()).toBeGreaterThan(200);
  expect(complaints).toEqual([]);
});

browserTest(
  'how far a policy has come, and above everything else that an emergency holds',
  async () => {
    await using reader = await visit(pages.browser);
    const { page, complaints } = reader;
    await pages.open(page);
    const caption = 'Policy version 8: 9,988 of 10,000 devices have confirmed it.';
    expect(await texts(page, '#rollout caption')).toEqual([caption]);
    expect(await texts(page, '#rollout tbody strong')).toEqual([
      'confirmed',
      'on trial',
      'rolled back',
      'refused',
      'silent',
      'ahead',
    ]);
    expect(await texts(page, '#rollout tbody td:nth-child(2)')).toEqual(
      '9,988|5|4|2|1|0'.split('|'),
    );
    const width = await page.locator('#rollout rect.confirmed').getAttribute('width');
    expect(Number.parseFloat(width ?? '')).toBeCloseTo(99.88, 5);
    const emergency = page.locator('#emergency');
    expect(await emergency.isVisible()).toBe(false);
    const now = { emergency: { devices: 3, versions: [2] }, rollout: null };
    pages.server.tell('overview', { ...pages.server.overview(), ...now });
    await emergency.filter({ hasText: 'An emergency holds on 3 devices: version 2.' }).waitFor();
    expect(await texts(page, '#rollout')).toEqual([
      'No device has said anything of a signed policy.',
    ]);
    const { breaches, kept } = await judge(page);
    expect([breaches, kept > 20]).toEqual([[], true]);
    pages.server.tell('overview', pages.server.overview());
    await emergency.waitFor({ state: 'hidden' });
    expect(complaints).toEqual([]);
  },
);

browserTest(
  '10,000 devices: first paint within a second, and the list comes in pages',
  async () => {
    const paintsMs: number[] = [];
    // A machine that does other things at the same time gets three tries.
    while (paintsMs.length < 3 && !paintsMs.some((ms) => ms <= 1_000)) {
      await using reader = await visit(pages.browser);
      await pages.open(reader.page);
      paintsMs.push(
        await reader.page.evaluate<number>(
          "performance.getEntriesByName('first-contentful-paint')[0].startTime",
        ),
      );
      expect(await reader.page.locator('#device-rows tr').count()).toBe(100);
    }
    console.log(`first paint with ${DEVICES} devices: ${paintsMs.map(Math.round).join(', ')} ms`);
    expect(Math.min(...paintsMs)).toBeLessThanOrEqual(1_000);
  },
);

browserTest(
  'a reader whose clock is wrong sees ages and ranges by that of the server',
  async () => {
    await using reader = await visit(pages.browser);
    const { page, complaints } = reader;
    await page.addInitScript('{ const now = Date.now; Date.now = () => now() + 7_200_000; }');
    await pages.open(page);
    const seen = page.locator('#device-rows tr').first().locator('[data-column=seen]');
    await seen.filter({ hasText: /(s|min) ago/ }).waitFor();
    const asked = pages.server.asked.findLast((path) => path.startsWith('/api/series')) ?? '';
    const toMs = Number(new URL(asked, pages.server.url).searchParams.get('to_ms'));
    expect(Math.abs(toMs - Date.now())).toBeLessThan(60_000);
    expect(complaints).toEqual([]);
  },
);

browserTest('a broken stream is told, with the age of the figures, and mended', async () => {
  await using reader = await visit(pages.browser);
  const { page } = reader;
  await pages.open(page);
  pages.server.setBroken(true);
  await page.locator('#live[data-phase=broken]').waitFor();
  expect(await page.locator('#live').textContent()).toContain('Not live');
  await page.locator('#live-age', { hasText: /figures are \d+\ss old/ }).waitFor();
  pages.server.setBroken(false);
  await page.locator('#live[data-phase=live]').waitFor();
  expect(await page.locator('#live-note').textContent()).toBe('Live');
});

browserTest(
  'a server that answers nothing at first is told, and that is forgotten once it does',
  async () => {
    await using reader = await visit(pages.browser);
    const { page } = reader;
    pages.server.setBroken(true);
    await page.goto(pages.server.url);
    const trouble = page.locator('#trouble');
    for (const what of ['the overview', 'the devices', 'the charts'])
      await trouble.filter({ hasText: `Could not load ${what}: The broker is away.` }).waitFor();
    pages.server.setBroken(false);
    await page.locator('#live[data-phase=live]').waitFor();
    await page.locator('#charts canvas').nth(11).waitFor();
    await trouble.waitFor({ state: 'hidden' });
    expect(await page.locator('#device-rows tr').count()).toBe(100);
  },
);

browserTest(
  'a broker that the server does not hear is told, though the stream is live',
  async () => {
    await using reader = await visit(pages.browser);
    const { page, complaints } = reader;
    await pages.open(page);
    expect(await page.locator('#broker').isVisible()).toBe(false);
    pages.server.tell('overview', { ...pages.server.overview(), connected: false });
    await page.locator('#broker', { hasText: 'does not hear the broker' }).waitFor();
    pages.server.tell('overview', pages.server.overview());
    await page.locator('#broker').waitFor({ state: 'hidden' });
    expect(complaints).toEqual([]);
  },
);

browserTest('without a login the reader is sent to it, and a wrong token is told', async () => {
  await using reader = await visit(pages.browser, { width: 320 });
  const { page } = reader;
  pages.server.setSignedIn(false);
  await page.goto(pages.server.url);
  await page.waitForURL('**/login');
  await page.getByLabel('Token').fill('wrong');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').filter({ hasText: 'The token is not right.' }).waitFor();
  expect((await judge(page)).breaches).toEqual([]);
  await page.getByLabel('Token').fill('right');
  await page.keyboard.press('Enter');
  await page.locator('#live[data-phase=live]').waitFor();
});

browserTest(
  'by keyboard alone: to the devices, to one of them, and each stop is seen',
  async () => {
    await using reader = await visit(pages.browser);
    const { page, complaints } = reader;
    await pages.open(page);
    const focus = (what: string) => page.evaluate<string>(`String(${what})`);
    await page.keyboard.press('Tab');
    expect(await focus('document.activeElement.textContent')).toBe('Skip to the devices');
    await page.keyboard.press('Enter');
    const stops: string[] = [];
    for (let tabs = 0; tabs < 12 && !stops.at(-1)?.startsWith('gw-'); tabs++) {
      await page.keyboard.press('Tab');
      stops.push(await focus('document.activeElement.id || document.activeElement.textContent'));
      expect(await focus('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    }
    expect(stops).toEqual([
      'search',
      'state',
      'outcome',
      'sort',
      'Device',
      'State',
      'Last seen',
      'Switches',
      'gw-00001',
    ]);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/device/gw-00001');
    await page.goBack();
    await page.locator('#device-rows tr').first().waitFor();
    expect(complaints).toEqual([]);
  },
);

browserTest('on a narrow page the keyboard stops nowhere that is not seen', async () => {
  await using reader = await visit(pages.browser, { width: 320 });
  const { page, complaints } = reader;
  await pages.open(page);
  await page.locator('#sort').focus();
  const focus = () =>
    page.evaluate<string>('document.activeElement.id || document.activeElement.textContent');
  await page.keyboard.press('Tab');
  expect(await focus()).toBe('gw-00001');
  expect(complaints).toEqual([]);
});

for (const [scheme, width] of [
  ['light', 1280],
  ['dark', 1280],
  ['light', 320],
  ['dark', 320],
] as const) {
  browserTest(
    `${scheme}, ${width} px: nothing for axe to object to, nothing to scroll sideways`,
    async () => {
      await using reader = await visit(pages.browser, { scheme, width });
      const { page, complaints } = reader;
      // Few rows: axe looks at each of them, and they are alike.
      await pages.open(page, '/?search=gw-0000');
      await page.getByText('Ended sessions by reason as a table').click();
      const { breaches, kept } = await judge(page);
      expect(breaches).toEqual([]);
      expect(kept).toBeGreaterThan(20);
      expect(await sidewaysPx(page)).toBe(0);
      expect(complaints).toEqual([]);
    },
  );
}
