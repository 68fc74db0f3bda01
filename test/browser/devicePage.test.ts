/**
 * Goal: the page of one device tells its facts, its time, its links and what is missing, to everybody.
 *
 * Method: as in dashboard.test.ts.
 */
import { expect } from 'bun:test';
import type { Page } from 'playwright-core';
import { FleetPages } from './fleetPages.ts';
import { judge } from './judge.ts';
import { holdAnswers, sidewaysPx, visit } from './visitor.ts';

const NAME = 'gw-00002';
/** The question for it, and not the one for its timeline. */
const OWN = new RegExp(`/api/device/${NAME}\\?`);

const pages = new FleetPages(50);
const browserTest = pages.test;

async function open(page: Page): Promise<void> {
  await page.goto(`${pages.server.url}/device/${NAME}`);
  await page.locator('svg.timeline').waitFor();
  await page.locator('#gaps table').waitFor();
}

browserTest(
  'facts, bands and marks with their names beside them, and the same as tables',
  async () => {
    await using reader = await visit(pages.browser);
    const { page, complaints } = reader;
    await open(page);
    expect(await page.title()).toBe(`${NAME} – Jumping VPN`);
    expect(await page.locator('#facts').textContent()).toContain('wwan0→198.51.100.7:51820 (lte)');
    const facts = await page.locator('#facts').textContent();
    expect(facts).toContain('Policy on trialversion 8');
    expect(facts).toContain('Last refused documentsignature_invalid: A document came that names');
    const lanes = await page.locator('svg.timeline text').allTextContents();
    expect(lanes.slice(0, 13)).toEqual(
      'ATTACHED VOLATILE DEGRADED RECOVERING BIRTH TERMINATED switch refused ended presence policy noticed gap'.split(
        ' ',
      ),
    );
    const told = await page.locator('svg.timeline title').allTextContents();
    expect(told.some((text) => /^RECOVERING from .*,/.test(text))).toBe(true);
    expect(told.some((text) => text.includes('The hub fell silent on this binding'))).toBe(true);
    const marks = await page.locator('#marks tbody tr').allTextContents();
    expect(marks.some((text) => text.includes('eth0→hub ⇒ wwan0→hub'))).toBe(true);
    await page.getByText('States one by one').click();
    const states = page.getByRole('region', { name: 'States one by one' }).locator('tr');
    // A browser says a moment later that something was unfolded.
    await states.first().waitFor();
    expect(await states.count()).toBeGreaterThan(9);
    expect(await page.locator('#links').textContent()).toContain('not usable: carrier_lost');
    expect(await page.locator('#counters tbody th').first().textContent()).toBe(
      'heartbeat_timeout',
    );
    expect(await page.locator('#gaps tbody').textContent()).toContain('43');
    expect(await page.locator('#process').textContent()).toContain('Known to be online since');
    expect(complaints).toEqual([]);
  },
);

browserTest('another range, and news of this device, ask anew; news of others do not', async () => {
  await using reader = await visit(pages.browser);
  const { page, complaints } = reader;
  await open(page);
  await page.locator('#live[data-phase=live]').waitFor();
  const spansMs = () =>
    pages.server.asked
      .filter((path) => path.includes('/timeline?'))
      .map((path) => {
        const fields = new URL(path, pages.server.url).searchParams;
        return Number(fields.get('to_ms')) - Number(fields.get('from_ms'));
      });
  const isAsked = page.waitForResponse((response) => response.url().includes('/timeline'));
  await page.getByLabel('How far back').selectOption('1h');
  await isAsked;
  expect(spansMs().at(-1)).toBe(3_600_000);
  const before = spansMs().length;
  pages.server.tell('device', { name: 'gw-00009', row: pages.server.row(8) });
  // Longer than news of its own would wait.
  await Bun.sleep(6_000);
  expect(spansMs().length).toBe(before);
  const isAskedAgain = page.waitForResponse((response) => response.url().includes('/timeline'));
  pages.server.tell('device', { name: NAME, row: { ...pages.server.row(1), state: 'DEGRADED' } });
  await page.locator('#facts', { hasText: 'DEGRADED' }).waitFor();
  await isAskedAgain;
  expect(spansMs().length).toBe(before + 1);
  expect(complaints).toEqual([]);
});

browserTest('news that comes while an answer is on its way is newer than the answer', async () => {
  await using reader = await visit(pages.browser);
  const { page, complaints } = reader;
  await open(page);
  await page.locator('#live[data-phase=live]').waitFor();
  const release = await holdAnswers(page, OWN);
  const isAsked = page.waitForRequest(OWN);
  await page.getByLabel('How far back').selectOption('6h');
  await isAsked;
  pages.server.tell('device', { name: NAME, row: { ...pages.server.row(1), state: 'DEGRADED' } });
  await page.locator('#facts', { hasText: 'DEGRADED' }).waitFor();
  const isAnswered = page.waitForResponse(OWN);
  release();
  await (await isAnswered).finished();
  await page.evaluate('new Promise((done) => setTimeout(done, 100))');
  expect(await page.locator('#facts').textContent()).toContain('DEGRADED');
  expect(complaints).toEqual([]);
});

browserTest('a device that nobody knows', async () => {
  await using reader = await visit(pages.browser);
  await reader.page.goto(`${pages.server.url}/device/nobody`);
  await reader.page.locator('#trouble', { hasText: 'No such device.' }).waitFor();
});

for (const [scheme, width] of [
  ['light', 320],
  ['dark', 1280],
] as const) {
  browserTest(
    `${scheme}, ${width} px: nothing for axe to object to, nothing to scroll sideways`,
    async () => {
      await using reader = await visit(pages.browser, { scheme, width });
      const { page, complaints } = reader;
      await open(page);
      const { breaches, kept } = await judge(page);
      expect(breaches).toEqual([]);
      expect(kept).toBeGreaterThan(20);
      expect(await sidewaysPx(page)).toBe(0);
      expect(complaints).toEqual([]);
    },
  );
}
