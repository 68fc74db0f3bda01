/**
 * Draws ends of leases: the hub that serves a device loses its store, or sleeps, while the device asks for another hub.
 *
 * @module
 */
import { type Draw, device, times } from './draw.ts';

/** Longer than a lease lasts. */
const LONG_MS = 6_000;

export function leaseEnds(draw: Draw): void {
  const { random, options } = draw;
  if (options.hubs.length < 2) return;
  times(draw, 3, () => {
    const at = device(draw);
    // The first of a device's endpoints is the one that it mostly begins with.
    const hub = random.chance(70) ? 0 : random.below(options.hubs.length);
    const atMs = draw.sometime();
    const delayMs = random.pick([5, 400, 1_500, 2_500]);
    draw.at(atMs, { kind: 'store', change: { delayMs } });
    const goneAtMs = atMs + random.between(1_000, 5_000);
    const goneMs = LONG_MS + random.below(4_000);
    if (random.chance(50)) {
      draw.at(goneAtMs, { kind: 'storePartition', hub, isCut: true });
      draw.at(goneAtMs + goneMs, { kind: 'storePartition', hub, isCut: false });
    } else {
      draw.at(goneAtMs, { kind: 'suspend', machine: { role: 'hub', index: hub }, forMs: goneMs });
    }
    const link = random.below(options.devices[at]!.links.length);
    for (let afterMs = random.below(1_000); afterMs < goneMs; afterMs += 1_200) {
      draw.at(goneAtMs + afterMs, { kind: 'switchRequest', device: at, link });
    }
    draw.at(goneAtMs + goneMs + 1_000, { kind: 'store', change: { delayMs: 5 } });
  });
}
