/**
 * Goal: a switch that the operator asks for, and one for a link's quality, is made before the old binding is broken: no
 * gap, nothing lost, nothing twice.
 *
 * Method: real daemons in the lab network and a numbered flow of 1,000 datagrams a second each way, all before other work
 * of the machine where this is root. `jvpn rebind` moves the session to the slower link and back, twice; then the way of
 * the faster link gets so long that the other one is better. Unswitched stretches in between say what the machine adds.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { LinkName } from '../lab/plan.ts';
import { type Move, RATE, SwitchScene } from './switchScene.ts';

/** Each way. */
const DELAY_MS = { eth0: 10, wlan0: 40, wwan0: 10 } as const;
/** A round trip above `rtt_enter_ms`, and more than the other link's. */
const WORSE_MS = 70;
/** Of each stretch; all together five times the moments of the switches. */
const UNSWITCHED = RATE;
/** As in plannedSwitch.test.ts. */
const SCHEDULER_MS = 20;
const POLICY = `[switching]
failback = "on_failure"
cooldown_ms = 0
[quality]
rtt_enter_ms = 100
rtt_leave_ms = 90
window_ms = 500
`;

let scene: SwitchScene;

beforeAll(async () => {
  scene = await SwitchScene.start(DELAY_MS, ['wwan0'], 'eth0', POLICY);
}, 30_000);
afterAll(() => scene?.[Symbol.asyncDispose]());

async function rebound(link: LinkName): Promise<Move> {
  const { site } = scene;
  const asked = ['rebind', link, '--socket', site.path('gw1.sock')];
  const move = await scene.moves(link, () => site.jvpn('device', asked));
  await scene.unswitched(UNSWITCHED);
  return move;
}

test('make before break for an operator and for quality: zero gap, zero loss', async () => {
  await scene.unswitched(UNSWITCHED);
  const slower = [await rebound('wlan0')];
  const faster = [await rebound('eth0')];
  slower.push(await rebound('wlan0'));
  faster.push(await rebound('eth0'));
  const better = await scene.moves('wlan0', () => scene.net.impair('eth0', { delayMs: WORSE_MS }));
  await scene.unswitched(UNSWITCHED);

  for (const { name, sent, lost, duplicated, reordered } of await scene.end()) {
    expect([name, lost, duplicated]).toEqual([name, 0, 0]);
    expect(sent).toBeGreaterThan(5 * RATE);
    // Faster ways have overtaken slower ones: both had packets under way.
    expect(reordered).toBeGreaterThan(0);
  }
  const boundMs = scene.unswitchedMs + SCHEDULER_MS;
  const laterMs = DELAY_MS.wlan0 - DELAY_MS.eth0;
  expect(Math.max(...slower.map(({ holdUpMs }) => holdUpMs))).toBeLessThan(boundMs + laterMs);
  expect(Math.max(...faster.map(({ holdUpMs }) => holdUpMs))).toBeLessThan(boundMs);
  expect(better.holdUpMs).toBeLessThan(boundMs);
  const byOperator = ['operator_rebind', 'operator_rebind'];
  expect([...slower, ...faster].map(({ reasons }) => reasons)).toEqual(
    Array.from({ length: 4 }, () => byOperator),
  );
  expect(better.reasons).toEqual(['quality_rtt', 'quality_rtt']);
}, 60_000);
