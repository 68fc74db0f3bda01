/**
 * Goal: floods and recordings change nothing, are counted, and cost the attached device none of its traffic.
 *
 * Method: the cases of `test/lab/hostile` in short, against the compiled binary in namespaces of their own, while echoes
 * and a TCP transfer run through the tunnel. Bounds are in `test/lab/hostile/outcome.ts`.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { Arena } from '../lab/hostile/arena.ts';
import { calmOf } from '../lab/hostile/calm.ts';
import { allowedOf, growthFaults } from '../lab/hostile/flat.ts';
import { stormUnknown } from '../lab/hostile/storm.ts';
import { HostileBinary } from './hostileCases.ts';

/** Of one of four waves: 10,000 datagrams in the second half. */
const FLAT_LOAD = { perSecond: 10_000, seconds: 0.5 };

const binary = new HostileBinary();
beforeAll(() => binary.build(), 60_000);
afterAll(() => binary[Symbol.dispose]());

test('replay: what was recorded counts for nothing, at once, later, and in another channel', async () => {
  const { faults, of } = await binary.play('replay');
  expect(faults).toEqual([]);
  expect(of('replay, at once').countedAs['replayed_datagram']).toBeGreaterThan(10);
  expect(of('replay, at once').countedAs['agent duplicate']).toBeGreaterThan(10);
  expect(of('replay, other channel').countedAs['wrong_key_datagram']).toBeGreaterThan(10);
}, 60_000);

test('a storm of control messages from unknown sources is counted to the last datagram', async () => {
  const { faults, of } = await binary.play('storm');
  expect(faults).toEqual([]);
  expect(of('reattach storm, random index').countedAs['wrong_key_datagram']).toBeGreaterThan(1_000);
  expect(of('reattach storm, real index').countedAs['wrong_key_datagram']).toBeGreaterThan(1_000);
  expect(of('storm of empty datagrams').countedAs['malformed_datagram']).toBeGreaterThan(1_000);
}, 60_000);

test('a flood of handshakes draws cookies, within bounds, and a new device attaches meanwhile', async () => {
  const { faults, of } = await binary.play('handshakes');
  expect(faults).toEqual([]);
  const { countedAs } = of('handshake flood, valid mac1');
  expect(countedAs['cookie_sent']).toBeGreaterThan(100);
  expect(countedAs['rate_limited']).toBeGreaterThan(countedAs['cookie_sent']!);
  expect(of('handshake flood, wrong mac1').answered).toBe(0);
}, 80_000);

test('a flood that goes on adds nothing to memory', async () => {
  await using arena = await Arena.create(binary.path, { waves: 4 });
  const calm = await calmOf(arena, FLAT_LOAD.seconds);
  const { memory, countedAs, faults } = await stormUnknown(arena, FLAT_LOAD);
  expect(faults).toEqual([]);
  expect(countedAs['wrong_key_datagram']).toBeGreaterThan(10_000);
  expect(growthFaults(memory?.series ?? [], allowedOf(calm))).toEqual([]);
}, 60_000);
