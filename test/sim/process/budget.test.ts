/**
 * Goal: what a device says a link cost is what passed over it; a spent budget is a reason to leave, once a day, whatever
 * crashes and clocks do; and with nowhere else to go it is none.
 * Method: the real shells over memory, with the network as the witness of every byte.
 */
import { expect, test } from 'bun:test';
import { loadPolicy } from '../../../policies/load.ts';
import type { Policy } from '../../../policies/schema.ts';
import { SpendingStore } from '../../../session/flash/spending.ts';
import { formatAddress } from '../../../session/wire/address.ts';
import { fastPrimitives } from './primitives.ts';
import { DEVICE_INNER, HUB_INNER, packet, Rig } from './rig.ts';

const DAY_MS = 86_400_000;
/** IPv4 and UDP. */
const HEADER_BYTES = 28;
const BUDGET = 40_000;
const ADDRESS = { eth0: '198.51.100.1', wlan0: '198.51.100.2' } as const;
type Link = keyof typeof ADDRESS;

/** Ethernet is preferred, and metered. */
function metered(budget = BUDGET): Policy {
  const loaded = loadPolicy({
    switching: { failback: 'always', failback_stable_ms: 5_000 },
    links: { ethernet: { cost_class: 'metered', daily_bytes_max: budget } },
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.policy;
}

/** A rig with a device that has attached, and what the network saw of each of its links since. */
function attached(policy = metered()) {
  const rig = new Rig(fastPrimitives);
  const seen: Record<Link, number> = { eth0: 0, wlan0: 0 };
  rig.onDatagram = ({ from, to, bytes }) => {
    for (const link of ['eth0', 'wlan0'] as const) {
      const isIts = [from, to].some((end) => formatAddress(end).startsWith(`${ADDRESS[link]}:`));
      // What the hub still says to a device that stopped meets a closed port.
      if (isIts && rig.agent.isRunning) seen[link] += bytes.length + HEADER_BYTES;
    }
  };
  rig.devicePolicy = policy;
  rig.boot();
  expect(rig.runUntil(() => rig.isAttached, 5_000)).toBe(true);
  return { rig, seen };
}

const rowOf = (rig: Rig, link: Link) => rig.agent.status()!.links.find((row) => row.link === link)!;
const binding = (rig: Rig) => rig.agent.status()?.binding?.split('→')[0];

/** Send until the budget of Ethernet is spent. */
function spend(rig: Rig): void {
  for (let round = 0; round < 2_000 && !rowOf(rig, 'eth0').is_spent; round++) {
    rig.fromAgent(packet(DEVICE_INNER, HUB_INNER, 1));
    rig.run(10);
  }
  expect(rowOf(rig, 'eth0').is_spent).toBe(true);
}

const leftFor = (rig: Rig) =>
  rig.audit
    .filter(({ event, to }) => event === 'transition' && to === 'VOLATILE')
    .map(({ reasonCode }) => reasonCode);

test('what is counted is every IP byte that passed, both ways', () => {
  const { rig, seen } = attached(metered(10_000_000));
  for (let mark = 1; mark <= 20; mark++) {
    rig.fromAgent(packet(DEVICE_INNER, HUB_INNER, mark));
    rig.fromHub(packet(HUB_INNER, DEVICE_INNER, mark + 100));
    rig.run(200);
  }
  // What was sent 10 ms ago is there; nothing is under way while the device waits for its next probe.
  rig.run(4_000);
  for (const link of ['eth0', 'wlan0'] as const) {
    expect([link, rowOf(rig, link).day_bytes]).toEqual([link, seen[link]]);
    expect(seen[link]).toBeGreaterThan(200);
  }
});

test('spent, the link is left with its reason and not gone back to before the next UTC day', () => {
  const { rig } = attached();
  expect(binding(rig)).toBe('eth0');
  spend(rig);
  expect(rig.runUntil(() => binding(rig) === 'wlan0', 10_000)).toBe(true);
  expect(leftFor(rig)).toEqual(['budget_spent']);
  rig.run(120_000);
  expect(binding(rig)).toBe('wlan0');
  rig.clock.setWall(rig.clock.wallMs() + DAY_MS);
  expect(rig.runUntil(() => binding(rig) === 'eth0', 60_000)).toBe(true);
  expect(leftFor(rig)).toEqual(['budget_spent', 'failback']);
  expect(rig.violations).toEqual([]);
});

test('a crash, and a clock that goes back, give nothing back', () => {
  const { rig } = attached();
  spend(rig);
  expect(rig.runUntil(() => binding(rig) === 'wlan0', 10_000)).toBe(true);
  for (const jumpMs of [-DAY_MS, DAY_MS, -3 * DAY_MS, 3 * DAY_MS]) {
    rig.agent.crash();
    rig.clock.setWall(rig.clock.wallMs() + jumpMs);
    rig.agent.boot();
    expect(rig.runUntil(() => rig.isAttached && binding(rig) === 'wlan0', 30_000)).toBe(true);
    expect([jumpMs, rowOf(rig, 'eth0').is_spent]).toEqual([jumpMs, true]);
    rig.run(60_000);
    expect([jumpMs, binding(rig)]).toEqual([jumpMs, 'wlan0']);
  }
  expect(rig.violations).toEqual([]);
});

test('a crash in the middle charges a sixteenth at most', () => {
  const { rig } = attached();
  for (let round = 0; round < 40; round++) {
    rig.fromAgent(packet(DEVICE_INNER, HUB_INNER, 1));
    rig.run(10);
  }
  const before = rowOf(rig, 'eth0').day_bytes;
  expect(before).toBeLessThan(BUDGET / 2);
  rig.agent.crash();
  rig.agent.boot();
  const after = rowOf(rig, 'eth0').day_bytes;
  expect(after).toBeGreaterThanOrEqual(before);
  // The boot itself has sent a handshake by now.
  expect(after - before).toBeLessThanOrEqual(BUDGET / 16 + 500);
});

test('with nowhere else to go a spent budget changes nothing', () => {
  const { rig } = attached();
  rig.setCarrier('wlan0', false);
  rig.run(1_000);
  const { stateVersion } = rig.agent.device!;
  spend(rig);
  rig.run(300_000);
  expect([binding(rig), rig.agent.device!.state]).toEqual(['eth0', 'ATTACHED']);
  expect(rig.agent.device!.stateVersion).toBe(stateVersion);
  rig.setCarrier('wlan0', true);
  expect(rig.runUntil(() => binding(rig) === 'wlan0', 30_000)).toBe(true);
});

test('a stop in order charges exactly what passed, however often', () => {
  const { rig, seen } = attached();
  for (let round = 0; round < 8; round++) {
    for (let mark = 0; mark < 5; mark++) {
      rig.fromAgent(packet(DEVICE_INNER, HUB_INNER, mark));
      rig.run(50);
    }
    rig.agent.sigterm();
    expect(rig.runUntil(() => !rig.agent.isRunning, 2_000)).toBe(true);
    const kept = new SpendingStore(rig.spendingFlash).links.find(({ link }) => link === 'eth0')!;
    expect([round, rig.exits.at(-1), kept.bytes]).toEqual([round, 'stopped', seen.eth0]);
    rig.run(1_000);
    rig.agent.boot();
    expect(rig.runUntil(() => rig.isAttached, 10_000)).toBe(true);
  }
  expect(rowOf(rig, 'eth0').is_spent).toBe(false);
  expect(rig.violations).toEqual([]);
});
