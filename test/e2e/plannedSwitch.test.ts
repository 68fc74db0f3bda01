/**
 * Goal: a planned switch is made before the old binding is broken: no gap, nothing lost, nothing twice, also while packets
 * are under way over both transports.
 *
 * Method: real daemons in the lab network and a numbered flow of 1,000 datagrams a second each way, all before other work
 * of the machine where this is root. Better links return one after the other: first a slower one, then a faster one, which
 * overtakes what is still under way over the slower. Unswitched stretches in between say what the machine adds.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { LinkName } from '../lab/plan.ts';
import { type Move, RATE, SwitchScene } from './switchScene.ts';

/** Each way. */
const DELAY_MS = { eth0: 10, wlan0: 40, wwan0: 10 } as const;
/** As short as the policy allows. */
const FAILBACK_STABLE_MS = 1_000;
/** An unswitched stretch takes at least as long as a link must be stable. */
const UNSWITCHED = 2 * RATE;
/** Chosen: what a machine with other work adds to the longest hold-up; the fastest round trip takes as long. */
const SCHEDULER_MS = 20;

let scene: SwitchScene;

beforeAll(async () => {
  const policy = `[switching]\nfailback_stable_ms = ${FAILBACK_STABLE_MS}\n`;
  scene = await SwitchScene.start(DELAY_MS, ['eth0', 'wlan0'], 'wwan0', policy);
}, 30_000);
afterAll(() => scene?.[Symbol.asyncDispose]());

/** The link gets its carrier, and the session goes over to it by itself. */
const returned = (link: LinkName): Promise<Move> =>
  scene.moves(link, () => scene.net.carrier(link, 'up'));

test('make before break for planned switches: zero gap, zero loss, also while two transports have packets in flight', async () => {
  await scene.unswitched(UNSWITCHED);
  const slower = await returned('wlan0');
  const faster = await returned('eth0');
  await scene.unswitched(RATE / 2);

  for (const { name, sent, lost, duplicated, reordered } of await scene.end()) {
    expect([name, lost, duplicated]).toEqual([name, 0, 0]);
    expect(sent).toBeGreaterThan(4 * RATE);
    // The faster link has overtaken the slower one: both had packets under way.
    expect(reordered).toBeGreaterThan(0);
  }
  // The first packet over the slower link is as much later; those over the faster one only come sooner.
  const laterMs = DELAY_MS.wlan0 - DELAY_MS.wwan0;
  expect(slower.holdUpMs).toBeLessThan(scene.unswitchedMs + laterMs + SCHEDULER_MS);
  expect(faster.holdUpMs).toBeLessThan(scene.unswitchedMs + SCHEDULER_MS);
  expect([slower.reasons, faster.reasons]).toEqual([
    ['failback', 'failback'],
    ['failback', 'failback'],
  ]);
}, 60_000);
