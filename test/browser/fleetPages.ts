/**
 * What the tests of one file look at: a server with a recorded fleet, a browser before it, and the dashboard once all of it is there.
 *
 * @module
 */
import { afterAll, beforeAll, beforeEach } from 'bun:test';
import type { Browser, Page } from 'playwright-core';
import { testUnless } from '../obstacle.ts';
import { type FleetServer, startFleetServer } from './fleetServer.ts';
import { browserObstacle, startBrowser } from './visitor.ts';

const TEST_MS = 60_000;
const START_MS = 40_000;
/** All of them are drawn. */
const CHARTS = 12;

export class FleetPages {
  #browser: Browser | null = null;
  #server: FleetServer | null = null;

  /** For the file that it is made in: both are there in each of its tests, signed in and whole. */
  constructor(devices: number) {
    beforeAll(async () => {
      this.#server = startFleetServer(devices);
      if (browserObstacle === null) this.#browser = await startBrowser();
    }, START_MS);
    afterAll(async () => {
      await this.#browser?.close();
      await this.#server?.[Symbol.asyncDispose]();
    });
    beforeEach(() => {
      this.server.setBroken(false);
      this.server.setSignedIn(true);
    });
  }

  get browser(): Browser {
    if (this.#browser === null) throw new Error('only inside a test');
    return this.#browser;
  }

  get server(): FleetServer {
    if (this.#server === null) throw new Error('only inside a test');
    return this.#server;
  }

  readonly test = (name: string, body: () => Promise<void>) =>
    testUnless(browserObstacle, name, body, TEST_MS);

  /** On the dashboard, once all of it is there. */
  async open(page: Page, address = '/'): Promise<void> {
    await page.goto(this.server.url + address);
    await page.locator('#live[data-phase=live]').waitFor();
    await page.locator('#device-rows tr').first().waitFor();
    await page
      .locator('#charts canvas')
      .nth(CHARTS - 1)
      .waitFor();
  }
}

export const texts = (page: Page, what: string) => page.locator(what).allTextContents();
