/**
 * Somebody who sends a device ICMP errors about a link on which nothing is wrong, again and again.
 *
 * Knows the ports, as whoever listens on the access network does. Draws nothing.
 *
 * @module
 */
import type { World } from '../world.ts';
import type { SimLink } from './simLink.ts';

/** Chosen: several a second, so that whoever asked at each of them would be seen to. */
const EVERY_MS = 150;

export class Forger {
  readonly #world: World;
  readonly #refuseAll: (link: SimLink) => void;
  readonly #at = new Set<SimLink>();

  constructor(world: World, refuseAll: (link: SimLink) => void) {
    this.#world = world;
    this.#refuseAll = refuseAll;
  }

  /** Begins where the link says so, and ends by itself. */
  look(link: SimLink): void {
    if (link.conditions.icmp !== 'forged' || this.#at.has(link)) return;
    this.#at.add(link);
    this.#forge(link);
  }

  #forge(link: SimLink): void {
    if (link.conditions.icmp !== 'forged') {
      this.#at.delete(link);
      return;
    }
    this.#refuseAll(link);
    this.#world.after(EVERY_MS, () => this.#forge(link));
  }
}
