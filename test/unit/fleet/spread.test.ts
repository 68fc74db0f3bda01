/**
 * Goal: round trip, loss, jitter and memory of the fleet are those of the bindings and agents that are there, each device once.
 * Method: reports made and written by the agent's own code, handed to the registry as a broker would.
 */
import { expect, test } from 'bun:test';
import { encodePayload } from '../../../agent/payload.ts';
import type { Figure } from '../../../fleet/spread.ts';
import { statusOn } from '../../lab/reporting.ts';
import { BOOT, Scene } from './sample.ts';

/** A binding with that round trip, and a better link beside it. */
const links = (rttMs: number | null, lossPercent = 0) =>
  statusOn('wwan0').links.map((link) => ({
    ...link,
    rtt_ms: link.is_binding ? rttMs : 1,
    loss_percent: link.is_binding ? lossPercent : 99,
  }));

function say(scene: Scene, name: string, rttMs: number | null, lossPercent = 0, seq = 1): void {
  scene.health({ seq, link: 'wwan0', status: { links: links(rttMs, lossPercent) } }, name);
}

const spread = (scene: Scene, figure: Figure) => {
  const { count, p50, p95 } = scene.registry.spreads()[figure];
  return [count, p50, p95];
};

test('half of the devices have at most p50, 95 % at most p95, and of the binding alone', () => {
  const scene = new Scene();
  expect(spread(scene, 'rtt_ms')).toEqual([0, null, null]);
  for (let at = 1; at <= 40; at++) say(scene, `gw-${at}`, at * 10, at / 10);
  expect(spread(scene, 'rtt_ms')).toEqual([40, 200, 380]);
  expect(spread(scene, 'loss_percent')).toEqual([40, 2, 3.8]);
  expect(spread(scene, 'jitter_ms')).toEqual([40, 1.2, 1.2]);
  expect(spread(scene, 'memory_bytes')).toEqual([40, 60_000_000, 60_000_000]);
});

test('a device counts with its newest report, and not while it is away, has no binding or does not say it', () => {
  const scene = new Scene();
  for (const [at, rttMs] of [10, 20, 900].entries()) say(scene, `gw-${at}`, rttMs);
  say(scene, 'gw-2', 30, 0, 2);
  expect(spread(scene, 'rtt_ms')).toEqual([3, 20, 30]);
  scene.presence('online', BOOT, 1, 'gw-2');
  scene.presence('lost', BOOT, 1, 'gw-2');
  expect(spread(scene, 'rtt_ms')).toEqual([2, 10, 20]);
  say(scene, 'gw-1', null, 0, 2);
  expect(spread(scene, 'rtt_ms')).toEqual([1, 10, 10]);
  expect(spread(scene, 'loss_percent')).toEqual([2, 0, 0]);
  const unbound = links(5).map((link) => ({ ...link, is_binding: false }));
  scene.health({ seq: 2, status: { links: unbound } }, 'gw-0');
  expect(spread(scene, 'rtt_ms')).toEqual([0, null, null]);
});

test('what cannot be is no figure', () => {
  const scene = new Scene();
  const rows = [{ bound: true, rtt_ms: -4, jitter_ms: '3', loss_percent: 101 }];
  const health = { v: 1, boot: BOOT, seq: 1, state: 'ATTACHED', links: rows };
  scene.say('gw-7/health', encodePayload({ ...health, memory_rss_bytes: 1.5 }, 'cbor'));
  for (const figure of ['rtt_ms', 'jitter_ms', 'loss_percent', 'memory_bytes'] as const)
    expect(spread(scene, figure)).toEqual([0, null, null]);
});
