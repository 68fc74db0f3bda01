/**
 * Draws what is said of links: ICMP errors, genuine or forged, and what modems and drivers know of their radio.
 *
 * @module
 */
import type { LinkChange } from '../fault.ts';
import { type Draw, device, times } from './draw.ts';

/** Genuine errors come with a link that swallows; forged ones alone, long enough that a binding is idle meanwhile. */
export function icmpErrors(draw: Draw): void {
  const { random } = draw;
  times(draw, 4, () => {
    const lastsMs = random.between(500, 15_000);
    if (random.chance(50)) return forgeries(draw, lastsMs * 3);
    const swallows = random.pick(['silent', 'outCut', 'captive'] as const);
    const change = { icmp: 'genuine', [swallows]: true } as const;
    lasting(draw, change, { icmp: 'none', [swallows]: false }, lastsMs);
  });
}

/** Whoever is after a device forges them about all its links. */
function forgeries(draw: Draw, lastsMs: number): void {
  const at = device(draw);
  const atMs = draw.sometime();
  for (const link of draw.options.devices[at]!.links.keys()) {
    const of = { kind: 'link', device: at, link } as const;
    draw.at(atMs, { ...of, change: { icmp: 'forged' } });
    draw.at(atMs + lastsMs, { ...of, change: { icmp: 'none' } });
  }
}

/** The radio goes, and the carrier says nothing of it; or it only comes to say that all is well. */
export function radios(draw: Draw): void {
  const { random } = draw;
  times(draw, 4, () => {
    const lastsMs = random.chance(60) ? random.between(50, 4_000) : random.between(4_000, 25_000);
    const radio = random.chance(85) ? 'disconnected' : 'connected';
    lasting(draw, { radio }, { radio: random.chance(80) ? 'connected' : 'unsaid' }, lastsMs);
  });
}

function lasting(draw: Draw, change: LinkChange, end: LinkChange, lastsMs: number): void {
  const at = device(draw);
  const link = draw.random.below(draw.options.devices[at]!.links.length);
  const of = { kind: 'link', device: at, link } as const;
  const atMs = draw.sometime();
  draw.at(atMs, { ...of, change });
  draw.at(atMs + lastsMs, { ...of, change: end });
}
