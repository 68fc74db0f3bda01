/**
 * A reader with a browser: Debian's Chromium, driven by playwright, that writes down what the console says.
 *
 * @module
 */
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync) ?? null;

/** What keeps a browser test from running here, in words. */
export const browserObstacle: string | null =
  CHROMIUM === null ? 'no chromium (Debian: apt-get install chromium)' : null;

/** As root, and in a container, Chromium has no sandbox of its own, and little shared memory. */
const OPTIONS = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'];

export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM!, args: OPTIONS });
}

export interface Visit extends AsyncDisposable {
  readonly page: Page;
  /** Errors and warnings of the console, and what was thrown and not caught. */
  readonly complaints: string[];
}

export interface Eyes {
  readonly scheme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
}

/** For anything to appear, on a machine that does other things at the same time. */
const WAIT_MS = 25_000;

/** One reader with one page, not yet anywhere. */
export async function visit(browser: Browser, eyes: Eyes = {}): Promise<Visit> {
  const context = await browser.newContext({
    colorScheme: eyes.scheme ?? 'light',
    viewport: { width: eyes.width ?? 1280, height: eyes.height ?? 900 },
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
}

/** Answers that are asked for from here on at `path` are on their way until the function that it returns is called. */
export async function holdAnswers(page: Page, path: string | RegExp): Promise<() => void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  await page.route(path, async (route) => {
    const response = await route.fetch();
    await promise;
    await route.fulfill({ response });
  });
  return resolve;
}

/** How far the page can be scrolled sideways, in CSS pixels. */
export const sidewaysPx = (page: Page) =>
  page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
