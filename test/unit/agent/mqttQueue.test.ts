import { expect, test } from 'bun:test';
import { MqttQueue, type Report } from '../../../agent/mqttQueue.ts';
import { newRandom } from '../../lab/random.ts';

const report = (topic: string, bytes: number): Report => ({
  topic,
  payload: new Uint8Array(bytes),
});

test('the newest report of a topic replaces the older one, which is counted', () => {
  const queue = new MqttQueue(1_000);
  const newest = report('health', 30);
  for (const next of [report('health', 10), report('health', 20), newest]) queue.push(next);
  expect([queue.count, queue.bytes, queue.dropped]).toEqual([1, 36, 2]);
  expect(queue.take()).toBe(newest);
});

test('the oldest make room, and what can never fit is dropped itself', () => {
  const queue = new MqttQueue(100);
  for (const topic of ['a', 'b', 'c']) queue.push(report(topic, 39));
  expect([queue.count, queue.bytes, queue.dropped]).toEqual([2, 80, 1]);
  queue.push(report('d', 100));
  expect([queue.count, queue.bytes, queue.dropped]).toEqual([2, 80, 2]);
  expect(queue.take()?.topic).toBe('b');
});

test('one report is in flight at a time, and it still counts against the bound', () => {
  const queue = new MqttQueue(100);
  queue.push(report('a', 59));
  queue.push(report('b', 19));
  expect(queue.take()?.topic).toBe('a');
  expect(queue.take()).toBeNull();
  expect(queue.bytes).toBe(80);
  queue.push(report('c', 49));
  expect([queue.bytes, queue.dropped]).toEqual([80, 1]);
  queue.settle('delivered');
  expect([queue.bytes, queue.delivered]).toEqual([20, 1]);
  expect(queue.take()?.topic).toBe('b');
});

test('a broken connection puts the report back, unless a newer one waits', () => {
  const queue = new MqttQueue(1_000);
  const older = report('health', 10);
  queue.push(older);
  queue.take();
  queue.settle('unknown');
  expect([queue.count, queue.dropped]).toEqual([1, 0]);
  expect(queue.take()).toBe(older);
  const newer = report('health', 10);
  queue.push(newer);
  expect(queue.dropped).toBe(0);
  queue.settle('unknown');
  expect([queue.count, queue.dropped, queue.bytes]).toEqual([1, 1, 16]);
  expect(queue.take()).toBe(newer);
  queue.settle('refused');
  expect([queue.count, queue.dropped, queue.bytes, queue.delivered]).toEqual([0, 2, 0, 0]);
});

/**
 * Goal: whatever order things happen in, the bound holds and every report is accounted for.
 * Method: random operations; after each, pushed = delivered + dropped + kept.
 */
test('no report is lost uncounted and the bound holds', () => {
  const random = newRandom(11, 'mqttQueue');
  const queue = new MqttQueue(300);
  let pushed = 0;
  for (let turn = 0; turn < 20_000; turn += 1) {
    const choice = Math.floor(random() * 3);
    if (choice === 0) {
      queue.push(report(`t${Math.floor(random() * 5)}`, Math.floor(random() * 320)));
      pushed += 1;
    } else if (choice === 1) queue.take();
    else if (queue.isInFlight) {
      queue.settle((['delivered', 'refused', 'unknown'] as const)[Math.floor(random() * 3)]!);
    }
    expect(queue.bytes).toBeLessThanOrEqual(300);
    expect(queue.delivered + queue.dropped + queue.count).toBe(pushed);
  }
  expect(Math.min(queue.delivered, queue.dropped)).toBeGreaterThan(100);
});

test('a smaller bound drops the oldest and counts them; what is in flight stays', () => {
  const queue = new MqttQueue(200);
  for (const topic of ['a', 'b', 'c']) queue.push(report(topic, 39));
  expect(queue.take()?.topic).toBe('a');
  queue.resize(80);
  expect([queue.count, queue.bytes, queue.dropped]).toEqual([2, 80, 1]);
  queue.resize(10);
  expect([queue.count, queue.bytes, queue.dropped]).toEqual([1, 40, 2]);
  queue.push(report('d', 5));
  expect([queue.bytes, queue.dropped]).toEqual([40, 3]);
  queue.settle('delivered');
  queue.resize(200);
  queue.push(report('d', 99));
  expect(queue.take()?.topic).toBe('d');
});
