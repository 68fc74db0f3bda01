/**
 * Goal: the list of devices is searched, narrowed and sorted by everybody, and is current where it stands.
 *
 * Method: as in dashboard.test.ts.
 */
import { expect } from 'bun:test';
import { eventually } from '../lab/process.ts';
import { FleetPages, texts } from './fleetPages.ts';
import { judge } from './judge.ts';
import { holdAnswers, visit } from './visitor.ts';

const DEVICES = 10_000;

const pages = new FleetPages(DEVICES);
const browserTest = pages.test;

browserTest('the list: pages, search, state and sort, all of them in the address', async () => {
  await using reader = await visit(pages.browser);
  const { page, complaints } = reader;
  await pages.open(page);
  const caption = page.locator('#device-caption');
  const becomes = (text: string) => caption.filter({ hasText: text }).waitFor();
  await becomes('Devices 1 to 100 of 10,000');
  await page.getByRole('button', { name: 'Next devices' }).click();
  await becomes('Devices 101 to 200 of 10,000');
  expect((await texts(page, '#device-rows th'))[0]).toBe('gw-00101');
  await page.getByRole('button', { name: 'Previous devices' }).click();
  await becomes('Devices 1 to 100 of 10,000');
  await page.getByRole('button', { name: 'Switches' }).click();
  await page.locator('#head-switches[aria-sort=descending]').waitFor();
  await page.locator('#device-rows tr:first-child', { hasText: '96' }).waitFor();
  await page.getByLabel('State', { exact: true }).selectOption('RECOVERING');
  await becomes('in RECOVERING');
  await page.getByLabel('Name or key').fill('gw-0000');
  await becomes('found');
  // One page has them all, and needs no buttons.
  expect(await page.locator('#pager').isVisible()).toBe(false);
  expect(new URL(page.url()).search).toBe('?search=gw-0000&state=RECOVERING&sort=switches');
  await page.reload();
  await becomes('found');
  expect(await page.getByLabel('Name or key').inputValue()).toBe('gw-0000');
  await page.getByLabel('Name or key').fill('nobody');
  await becomes('No device found');
  expect(complaints).toEqual([]);
});

browserTest(
  'from the rollout to the devices with one outcome: by its link, by keyboard, by the field',
  async () => {
    await using reader = await visit(pages.browser);
    const { page, complaints } = reader;
    await pages.open(page);
    const caption = page.locator('#device-caption');
    const becomes = (text: string) => caption.filter({ hasText: text }).waitFor();
    const link = page.locator('#rollout').getByRole('link', { name: 'rolled back' });
    // Figures that change each second leave the link what it was, with the focus on it.
    await link.focus();
    const { rollout } = pages.server.overview();
    pages.server.tell('overview', {
      ...pages.server.overview(),
      rollout: { ...rollout, rolled_back: 77 },
    });
    await page.locator('#rollout tbody td', { hasText: '77' }).waitFor();
    const focus = (what: string) => page.evaluate<string>(`document.activeElement.${what}`);
    expect(await focus('textContent')).toBe('rolled back');
    await page.keyboard.press('Enter');
    await becomes('4 devices that rolled the policy back');
    expect(await focus('id')).toBe('devices');
    expect(await texts(page, '#device-rows th')).toEqual(
      'gw-00012 gw-00014 gw-00016 gw-00018'.split(' '),
    );
    expect((await texts(page, '#device-rows [data-column=document]'))[0]).toBe('8 rolled back');
    expect(new URL(page.url()).search).toBe('?outcome=rolled_back');
    expect(await page.getByLabel('Rollout', { exact: true }).inputValue()).toBe('rolled_back');
    await page.getByLabel('Rollout', { exact: true }).selectOption('on trial');
    await becomes('5 devices with the policy on trial');
    await page.getByLabel('State', { exact: true }).selectOption('ATTACHED');
    await becomes('in ATTACHED with the policy on trial');
    expect((await judge(page)).breaches).toEqual([]);
    // In a page of its own it leads to the same devices, and to where they stand.
    const address = await link.getAttribute('href');
    await pages.open(page, address ?? '');
    await becomes('4 devices that rolled the policy back');
    const topPx = "document.getElementById('devices-head').getBoundingClientRect().top";
    const isSeen = () => page.evaluate<boolean>(`${topPx} >= 0 && ${topPx} < innerHeight`);
    await eventually('the list is in sight', isSeen, 10_000);
    expect(complaints).toEqual([]);
  },
);

browserTest('news of a device changes its row where it stands, and text stays text', async () => {
  await using reader = await visit(pages.browser);
  const { page, complaints } = reader;
  await pages.open(page);
  const name = pages.server.row(2).name;
  const version = '<img src=x onerror=alert(1)>';
  pages.server.tell('device', {
    name,
    row: { ...pages.server.row(2), state: 'DEGRADED', version },
  });
  const line = page.locator('#device-rows tr').nth(2);
  await line.filter({ hasText: 'DEGRADED' }).waitFor();
  expect(await line.textContent()).toContain(version);
  expect(await page.locator('#device-rows img').count()).toBe(0);
  // Of one that is lost the state is what it was, and has no colour.
  const lost = { state: 'DEGRADED', online: false, why: 'lost', away: true };
  expect(await line.locator('[data-column=state] svg').count()).toBe(1);
  pages.server.tell('device', { name, row: { ...pages.server.row(2), ...lost } });
  await line.filter({ hasText: 'was DEGRADED' }).filter({ hasText: 'lost' }).waitFor();
  expect(await line.locator('[data-column=state] svg').count()).toBe(0);
  expect(complaints).toEqual([]);
});

browserTest('news of a device that comes before the list it is on is not lost', async () => {
  await using reader = await visit(pages.browser);
  const { page, complaints } = reader;
  await pages.open(page);
  const release = await holdAnswers(page, /\/api\/devices/);
  const isAsked = page.waitForRequest(/\/api\/devices/);
  await page.getByRole('button', { name: 'Next devices' }).click();
  await isAsked;
  const { name } = pages.server.row(100);
  pages.server.tell('device', { name, row: { ...pages.server.row(100), state: 'DEGRADED' } });
  // Told later, and there: then so is the one before.
  pages.server.tell('overview', { ...pages.server.overview(), fleet: 'south' });
  await page.locator('#fleet', { hasText: 'south' }).waitFor();
  release();
  const line = page.locator('#device-rows tr').first();
  await line.filter({ hasText: name }).waitFor();
  expect(await line.textContent()).toContain('DEGRADED');
  expect(complaints).toEqual([]);
});
