/**
 * Goal: a day without a broker in the middle of which the device is killed loses no number of an event without a counted gap, and memory stays flat.
 *
 * Method: the day passes in seconds: the stream of events and its store on the disk of this machine are given the time, as the reporter gives
 * it. Then the real reporter finds that store, and a real mosquitto what was in it. Of two transitions and a notice a minute there is no
 * room for all.
 */
import { afterAll, beforeAll, expect } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newName, openEventStore } from '../../agent/events/openStore.ts';
import { EventStream } from '../../agent/events/stream.ts';
import { freePort, mosquittoObstacle, startMosquitto } from '../lab/mosquitto.ts';
import { eventually } from '../lab/process.ts';
import { eventRow, startFor, statusOn } from '../lab/reporting.ts';
import { listening, reporting, urlOf } from '../lab/witness.ts';
import { testUnless } from '../obstacle.ts';

const WAIT_MS = 40_000;
const MINUTES = 24 * 60;
const MINUTE_MS = 60_000;
const HEAP_MAX_BYTES = 16 << 20;

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'jvpn-day-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function opened(url: string) {
  const start = startFor({ url });
  const config = { ...start.config, state: { directory } };
  const store = openEventStore({ config, path: start.path }, (why) => {
    throw new Error(why);
  });
  return { start, store };
}

/** Half a day without a broker, from `fromMinute` on; the process is gone without a word at its end. */
async function live(url: string, fromMinute: number): Promise<number> {
  const stream = new EventStream(newName(), opened(url).store, newName());
  for (let minute = fromMinute; minute < fromMinute + MINUTES / 2; minute++) {
    const nowMs = minute * MINUTE_MS;
    for (const event of ['transition', 'transition', 'notice'] as const) {
      stream.add(eventRow(event, nowMs), nowMs, () => {});
    }
    stream.tick(nowMs);
    stream.tick(nowMs + MINUTE_MS / 2);
    // The disk works beside.
    await Bun.sleep(1);
  }
  return stream.figures().memoryBytes;
}

testUnless(
  mosquittoObstacle,
  'a day without a broker, killed at noon: every number arrives once, or is in a gap that is told',
  async () => {
    const port = await freePort();
    const url = urlOf(port);
    Bun.gc(true);
    const before = process.memoryUsage().heapUsed;
    const waiting = [await live(url, 0), await live(url, MINUTES / 2)];
    Bun.gc(true);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(HEAP_MAX_BYTES);
    for (const bytes of waiting) expect(bytes).toBeLessThanOrEqual(16_384);

    await using _broker = await startMosquitto({ directory, port });
    await using heard = await listening(url);
    const { start, store } = opened(url);
    const parts = { start, status: async () => statusOn('eth0'), eventStore: store };
    await using reporter = reporting(parts);
    reporter.telemetry.noteEvent(eventRow('transition', MINUTES * MINUTE_MS));
    const { telemetry } = reporter;
    const figures = () => telemetry.events();
    const isAll = () => figures()?.waiting === 0 && heard.events().length > 0;
    await eventually('all of it is sent', isAll, WAIT_MS);

    const numbers = new Set<number>();
    let gaps = 0;
    for (const { seq, gap } of heard.events()) {
      for (let at = gap?.from_seq ?? seq; at <= (gap?.to_seq ?? seq - 1); at++) {
        expect(numbers.has(at)).toBe(false);
        numbers.add(at);
        gaps += 1;
      }
      expect(numbers.has(seq)).toBe(false);
      numbers.add(seq);
    }
    const last = Math.max(...heard.events().map(({ seq }) => seq));
    expect(numbers.size).toBe(last);
    expect(last).toBeGreaterThanOrEqual(3 * MINUTES);
    expect(gaps).toBeGreaterThan(0);
    expect(numbers.size - gaps).toBeGreaterThan(2_000);
    expect(new Set(heard.events().map(({ stream }) => stream)).size).toBe(1);
  },
  120_000,
);
