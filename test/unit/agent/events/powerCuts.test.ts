/**
 * Goal: no event is lost without a number that says so, whatever the power does, and memory and flash stay bounded.
 * Method: devices that live through weeks in milliseconds, with a broker that comes and goes, a pessimistic disk, and a reader
 * that keeps accounts; each seed is another life.
 */
import { expect, test } from 'bun:test';
import { MEMORY_BYTES_MAX } from '../../../../agent/events/stream.ts';
import { newRandom } from '../../../lab/random.ts';
import { accounts, Device, STORE_BYTES } from './device.ts';

const SEEDS = process.env['SLICE'] === '1' ? 10 : 100;
const HOUR_MS = 3_600_000;

test('seeds: each number that was given comes, or is told as missing; none means two events', () => {
  let [cuts, gaps, drops] = [0, 0, 0];
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const random = newRandom(seed, 'event lives');
    const below = (limit: number) => Math.floor(random() * limit);
    const device = new Device(true, STORE_BYTES);
    let isUp = random() < 0.5;
    for (let turn = 0; turn < 400; turn += 1) {
      const dice = random();
      if (dice < 0.5) {
        const kind = (['transition', 'switch', 'alarm', 'notice', 'refusal'] as const)[below(5)]!;
        for (let i = below(4); i >= 0; i -= 1) device.add(kind, 'carrier_lost', { turn });
      } else if (dice < 0.8) device.pass(below(90_000));
      else if (dice < 0.9) device.files.settle();
      else if (dice < 0.94) {
        isUp = !isUp;
        device.stream.forgetFlight();
      } else if (dice < 0.96) device.restart();
      else if (dice < 0.98) {
        device.cut(random);
        cuts += 1;
      }
      if (isUp) {
        for (const seq of device.send()) {
          if (random() < 0.8) device.stream.settle(seq, 'delivered');
        }
      }
      const { memory_bytes, stored_bytes } = device.stream.status();
      if (memory_bytes > MEMORY_BYTES_MAX)
        throw new Error(`seed ${seed}: ${memory_bytes} in memory`);
      if (stored_bytes > STORE_BYTES) throw new Error(`seed ${seed}: ${stored_bytes} on flash`);
    }
    device.files.settle();
    device.stream.forgetFlight();
    device.add('transition');
    device.drain();
    device.files.settle();
    device.drain();
    const { got, told } = accounts(device.heard, 'stream1');
    const last = device.stream.status().seq;
    expect(Math.max(...got)).toBe(last);
    for (let seq = 1; seq <= last; seq += 1) {
      if (!got.has(seq) && !told.has(seq)) throw new Error(`seed ${seed}: ${seq} is lost`);
    }
    const bySeq = new Map<number, string>();
    for (const { historical: _, gap: __, ...event } of device.heard) {
      const text = JSON.stringify(event);
      if ((bySeq.get(event.seq) ?? text) !== text)
        throw new Error(`seed ${seed}: ${event.seq} is two`);
      bySeq.set(event.seq, text);
    }
    // One that came may be told as well: its acknowledgement was lost, or forgotten in a cut.
    const missing = [...told].filter(([seq, why]) => why === 'dropped' && !got.has(seq)).length;
    const { dropped } = device.stream.status();
    if (missing > dropped) throw new Error(`seed ${seed}: ${missing} dropped, ${dropped} counted`);
    gaps += told.size;
    drops += dropped;
    expect(device.files.names().every((name) => name.startsWith('mark-'))).toBe(true);
  }
  expect(Math.min(cuts, gaps, drops)).toBeGreaterThan(SEEDS);
}, 120_000);

test('a week without a broker and a power cut in the middle: transitions come or are told, memory flat', () => {
  const random = newRandom(11, 'a week');
  const device = new Device(true, 1_048_576);
  let happened = 0;
  const liveFor = (hours: number) => {
    for (let hour = 0; hour < hours; hour += 1) {
      for (let minute = 0; minute < 60; minute += 1) {
        if (random() < 0.4) {
          device.add('transition', 'carrier_lost', { recoveryMs: 80 });
          happened += 1;
        }
        if (random() < 0.2) {
          device.add('notice', 'nat_rebind', { oldSource: '198.51.100.7:4500' });
          happened += 1;
        }
        device.pass(HOUR_MS / 60);
        device.files.settle();
      }
    }
  };
  liveFor(84);
  device.cut(random);
  const heapBefore = heapBytes();
  liveFor(84);
  expect((heapBytes() - heapBefore) / 1_024).toBeLessThan(512);
  expect(device.files.bytes).toBeLessThanOrEqual(1_048_576);
  const { dropped } = device.stream.status();
  expect(dropped).toBeGreaterThan(0);
  device.drain();
  const { got, told } = accounts(device.heard, 'stream1');
  const kinds = device.heard.map((heard) => (heard as { event?: unknown }).event);
  const notices = kinds.filter((kind) => kind === 'notice').length;
  const untold = device.stream.status().seq - got.size - told.size;
  const cut = [...told.values()].filter((why) => why === 'cut').length;
  expect(untold).toBe(0);
  // The cut took a minute of events at most; its block is told whole.
  expect(cut).toBeGreaterThan(0);
  expect(cut).toBeLessThanOrEqual(64);
  expect(got.size + dropped).toBeGreaterThan(happened - 64);
  expect(notices).toBeLessThan(got.size / 3);
  expect(device.heard.every(({ historical }) => historical)).toBe(true);
});

/** docs/mqtt.md, "Waiting for the broker". */
test('transitions without end write 24 MB a day and no more, a day with the broker next to nothing', () => {
  const storm = new Device(true, 1_048_576);
  const before = storm.files.writtenBytes;
  // A part of the day; the rest is as this.
  const share = process.env['SLICE'] === '1' ? 16 : 4;
  for (let second = 0; second < 86_400 / share; second += 1) {
    storm.add('transition', 'carrier_lost', { recoveryMs: 80 });
    storm.pass(1_000);
    storm.files.settle();
  }
  const written = share * (storm.files.writtenBytes - before);
  expect(written).toBeLessThan(24_500_000);
  expect(written).toBeGreaterThan(20_000_000);
  const calm = new Device(true, 1_048_576);
  for (let hour = 0; hour < 24; hour += 1) {
    for (let i = 0; i < 20; i += 1) calm.add('transition');
    calm.drain();
    calm.pass(HOUR_MS);
  }
  expect(calm.files.writtenBytes).toBeLessThan(2_500);
  expect(calm.files.syncs).toBeLessThan(15);
}, 60_000);

function heapBytes(): number {
  Bun.gc(true);
  return process.memoryUsage().heapUsed;
}
