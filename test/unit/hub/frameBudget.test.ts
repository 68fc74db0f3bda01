import { expect, test } from 'bun:test';
import {
  FRAMES_AT_ONCE_MAX,
  FRAMES_PER_SECOND_MAX,
  FrameBudget,
} from '../../../hub/frameBudget.ts';
import { RigDevice, SiteRig } from './siteRig.ts';

test('a burst passes, then so many a second, however many come', () => {
  const budget = new FrameBudget(0);
  const taken = (atMs: number) =>
    Array.from({ length: 5_000 }, () => budget.take(atMs)).filter(Boolean).length;
  expect(taken(0)).toBe(FRAMES_AT_ONCE_MAX);
  expect(taken(100)).toBe(FRAMES_PER_SECOND_MAX / 10);
  expect(taken(100_000)).toBe(FRAMES_AT_ONCE_MAX);
});

test('a device with an echo every 5 ms and probes on three more links never runs out', () => {
  const budget = new FrameBudget(0);
  for (let atMs = 0; atMs < 60_000; atMs += 5) {
    expect(budget.take(atMs)).toBe(true);
    if (atMs % 100 === 0) for (let link = 0; link < 3; link++) expect(budget.take(atMs)).toBe(true);
  }
});

test('what a device sends beyond is counted and not answered, and another is served as before', () => {
  const rig: SiteRig = new SiteRig([
    new RigDevice(1, () => rig).enrolled,
    new RigDevice(2, () => rig).enrolled,
  ]);
  const [flooder, other] = [1, 2].map((seed) => RigDevice.on(rig, seed, `198.51.100.${seed}`));
  flooder!.shakeHands();
  other!.shakeHands();
  const probe = { type: 'probe', probeId: 1 } as const;
  for (let sent = 0; sent < 1_000; sent++) flooder!.sendFrame(1, probe);
  expect(rig.counters.rate_limited).toBe(1_000 - FRAMES_AT_ONCE_MAX);
  other!.sendFrame(1, probe);
  expect(other!.frames().map(({ type }) => type)).toContain('probeAck');
});
