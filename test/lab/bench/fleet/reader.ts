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
const APART_MS = 100;
/** Changes that are under way at a time. */
const TOGETHER = 10;
const LOOK_MS = 200;

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

/** What the first page of the list shows. */
const SHOWN = `Array.from(document.querySelectorAll('#device-rows tr'), (line) =>
  ({ name: line.dataset.name, text: line.querySelector('[data-column=state]').textContent }))`;

type Seen = readonly [name: string, state: string, atMs: number];

interface Shown {
  readonly name: string;
  readonly text: string;
}

interface Told {
  readonly name: string;
  readonly state: string;
  readonly atMs: number;
}

/** Different ones, by dice. */
function someOf<T>(all: readonly T[], count: number): readonly T[] {
  const left = [...all];
  return Array.from({ length: Math.min(count, left.length) }, () => {
    const [one] = left.splice(Math.floor(Math.random() * left.length), 1);
    return one!;
  });
}

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
    await page.locator('#device-rows tr').first().waitFor();
    await page.evaluate(WATCH);
    const found: number[] = [];
    while (found.length < times) {
      const shown = await page.evaluate<readonly Shown[]>(SHOWN);
      const told: Told[] = [];
      for (const { name, text } of someOf(shown, Math.min(TOGETHER, times - found.length))) {
        const state = text.includes('DEGRADED') ? 'ATTACHED' : 'DEGRADED';
        told.push({ name, state, atMs: await crowd.turn(name, state) });
        await Bun.sleep(APART_MS * (1 + Math.random()));
      }
      found.push(...(await this.#shownAfter(page, told)));
    }
    return found;
  }

  async #shownAfter(page: Page, told: readonly Told[]): Promise<readonly number[]> {
    let tookMs: readonly (number | null)[] = [];
    const areSeen = async () => {
      // Seldom: the page has noted when, and asking it is work for it.
      await Bun.sleep(LOOK_MS);
      const seen = await page.evaluate<readonly Seen[]>('window.seen');
      tookMs = told.map(({ name, state, atMs }) => {
        const one = seen.find(([of, text, at]) => of === name && text === state && at >= atMs);
        return one === undefined ? null : one[2] - atMs;
      });
      return !tookMs.includes(null);
    };
    await eventually('changes', areSeen, PATIENCE_MS).catch(() => {});
    return told.map((_, at) => tookMs[at] ?? PATIENCE_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#first[Symbol.asyncDispose]();
  }
}
