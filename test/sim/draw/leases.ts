/**
 * Draws ends of leases: the hub that serves a device loses its store, or sleeps, while the device asks for another hub.
 *
 * @module
 */
import { type Draw, times } from './draw.ts';

/** Longer than a lease lasts. */
const LONG_MS = 6_500;
const LEASE_MS = 5_200;

export function leaseEnds(draw: Draw): void {
  const { random, options } = draw;
  if (options.hubs.length < 2) return;
  times(draw, 3, () => {
    // The first of a device's endpoints is the one that it mostly begins with.
    const hub = random.chance(70) ? 0 : random.below(options.hubs.length);
    const atMs = draw.sometime();
    const delayMs = random.pick([5, 1_500, 2_500]);
    draw.at(atMs, { kind: 'store', change: { delayMs } });
    const goneAtMs = atMs + random.between(1_000, 5_000);
    const goneMs = LONG_MS + random.below(4_000);
    // Others are quick while it is away: they come in as soon as they may.
    draw.at(goneAtMs, { kind: 'store', change: { delayMs: 5 } });
    if (random.chance(60)) {
      draw.at(goneAtMs, { kind: 'storePartition', hub, isCut: true });
      draw.at(goneAtMs + goneMs, { kind: 'storePartition', hub, isCut: false });
      // Devices look for another hub, and this one goes on sending for as long as it thinks it may.
      const cutAtMs = goneAtMs + random.below(3_000);
      draw.at(cutAtMs, { kind: 'hubUplink', hub, isCut: true });
      draw.at(goneAtMs + goneMs, { kind: 'hubUplink', hub, isCut: false });
      return;
    }
    // Nobody asks it for anything before its lease has ended.
    draw.at(goneAtMs, { kind: 'suspend', machine: { role: 'hub', index: hub }, forMs: goneMs });
    for (const { device: of, link } of everyLink(draw)) {
      const silent = { kind: 'link', device: of, link } as const;
      draw.at(goneAtMs, { ...silent, change: { silent: true } });
      draw.at(goneAtMs + LEASE_MS, { ...silent, change: { silent: false } });
    }
  });
}

function everyLink({ options }: Draw): { device: number; link: number }[] {
  return options.devices.flatMap(({ links }, at) => links.map((_, link) => ({ device: at, link })));
}
