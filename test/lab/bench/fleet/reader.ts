/**
 * Somebody who looks at the dashboard of a large fleet: how soon the page is there, and how soon it shows what has changed.
 *
 * Debian's Chromium without a screen. A change is seen when the row has its word and the frame after that was drawn, by the clock
 * that publisher and page have in common.
 *
 * @module
 */
import type { Browser, Page } from 'playwright-core';
import { type Visit, visit } from '../../../browser/visitor.ts';
import type { Crowd } from '../../crowd/crowd.ts';
import { TOKEN } from '../../fleet.ts';
import { eventually } from '../../process.ts';

const LIVE = '#live[data-phase=live]';
/** What did not come within it counts as so long. */
const PATIENCE_MS = 60_000;
/** Between two changes, and as much again by dice, so that they meet the ticks of the server anywhere. */
const APART_MS = 150;

/** Notes in the page when a row has come to show a state. */
const WATCH = `(() => {
  window.seen = [];
  const known = new Map();
  const look = () => {
    for (const cell of document.querySelectorAll('#device-rows [data-column=state]')) {
      const name = cell.parentElement.dataset.name;
      const text = cell.textContent;
      if (known.get(name) === text) continue;
      known.set(name, text);
      requestAnimationFrame(() => setTimeout(() => window.seen.push([name, text, Date.now()]), 0));
    }
  };
  look();
  new MutationObserver(look).observe(document.getElementById('device-rows'), { subtree: true, childList: true, characterData: true });
})()`;

type Seen = readonly [name: string, state: string, atMs: number];

export class Reader implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #url: string;
  readonly #first: Visit;

  private constructor(browser: Browser, url: string, first: Visit) {
    this.#browser = browser;
    this.#url = url;
    this.#first = first;
  }

  /** Logged in. */
  static async at(browser: Browser, url: string): Promise<Reader> {
    const first = await visit(browser);
    await first.page.goto(url);
    await first.page.getByLabel('Token').fill(TOKEN);
    await first.page.keyboard.press('Enter');
    await first.page.locator(LIVE).waitFor({ timeout: PATIENCE_MS });
    return new Reader(browser, url, first);
  }

  /** Of readers who have never been here: from the address to the first paint, and to the list of devices. ms. */
  async paints(times: number): Promise<readonly { paintMs: number; listMs: number }[]> {
    const cookies = await this.#first.page.context().cookies();
    const found: { paintMs: number; listMs: number }[] = [];
    for (let at = 0; at < times; at++) {
      await using reader = await visit(this.#browser);
      await reader.page.context().addCookies(cookies);
      await reader.page.goto(this.#url);
      await reader.page.locator('#device-rows tr').first().waitFor({ timeout: PATIENCE_MS });
      found.push(
        await reader.page.evaluate<{ paintMs: number; listMs: number }>(`({
          paintMs: performance.getEntriesByName('first-contentful-paint')[0].startTime,
          listMs: performance.getEntriesByType('resource')
            .find(({ name }) => name.includes('/api/devices')).responseEnd,
        })`),
      );
    }
    return found;
  }

  /** From the publishing of a change of a device on the first page of the list to the page that shows it. ms. */
  async updates(crowd: Crowd, times: number): Promise<readonly number[]> {
    const { page } = this.#first;
    await page.evaluate(WATCH);
    const names = await page.locator('#device-rows th a').allTextContents();
    const found: number[] = [];
    for (let at = 0; at < times; at++) {
      const name = names[Math.floor(Math.random() * names.length)]!;
      const state = (await this.#stateOf(page, name)).includes('DEGRADED')
        ? 'ATTACHED'
        : 'DEGRADED';
      const toldAtMs = await crowd.turn(name, state);
      found.push(await this.#shownAfter(page, name, state, toldAtMs));
      await Bun.sleep(APART_MS * (1 + Math.random()));
    }
    return found;
  }

  async #stateOf(page: Page, name: string): Promise<string> {
    return (await page.locator(`tr[data-name="${name}"] [data-column=state]`).textContent()) ?? '';
  }

  async #shownAfter(page: Page, name: string, state: string, toldAtMs: number): Promise<number> {
    let seen: Seen | undefined;
    const isSeen = async () => {
      const all = await page.evaluate<readonly Seen[]>('window.seen');
      seen = all.findLast(([of, text, atMs]) => of === name && text === state && atMs >= toldAtMs);
      return seen !== undefined;
    };
    await eventually('a change', isSeen, PATIENCE_MS).catch(() => {});
    return seen === undefined ? PATIENCE_MS : seen[2] - toldAtMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#first[Symbol.asyncDispose]();
  }
}
