/**
 * One emulated link: the tap that the device sees, the tap of its router, and a lane for each direction between them.
 *
 * @module
 */
import { newRandom } from '../random.ts';
import type { Arena } from './arena.ts';
import { type Command, directionsOf, type LinkCounters } from './control.ts';
import { changeImpairment } from './impairment.ts';
import { type Direction, Lane } from './lane.ts';
import { Tap } from './tap.ts';

/** Where a link is to be made. */
export interface LinkPlace {
  /** What commands call it; also the name of the interface at the device. */
  readonly name: string;
  readonly deviceNamespace: string;
  readonly routerNamespace: string;
  readonly routerInterface: string;
  /** Let the kernel merge what arrives, at both ends; it does for as long as their `gro_flush_timeout` says. */
  readonly isMerging?: boolean;
}

export class EmulatedLink {
  readonly name: string;
  readonly device: Tap;
  readonly router: Tap;
  readonly lanes: Readonly<Record<Direction, Lane>>;
  #hasCarrier = true;
  #cut: Record<Direction, boolean> = { out: false, in: false };

  constructor(place: LinkPlace, seed: number, arena: Arena, slots: number) {
    this.name = place.name;
    this.device = new Tap(place.deviceNamespace, place.name, place.isMerging);
    this.router = new Tap(place.routerNamespace, place.routerInterface, place.isMerging);
    const out = { from: this.device.fd, to: this.router.fd };
    const back = { from: this.router.fd, to: this.device.fd };
    this.lanes = {
      out: new Lane('out', out, arena, slots, newRandom(seed, `${place.name} out`)),
      in: new Lane('in', back, arena, slots, newRandom(seed, `${place.name} in`)),
    };
  }

  get counters(): LinkCounters {
    return { out: this.lanes.out.counters, in: this.lanes.in.counters };
  }

  obey(command: Exclude<Command, { op: 'counters' }>): void {
    switch (command.op) {
      case 'impair':
        for (const direction of directionsOf(command.direction)) {
          const { shaper } = this.lanes[direction];
          shaper.impairment = changeImpairment(shaper.impairment, command.changes);
        }
        return;
      case 'cut':
        for (const direction of directionsOf(command.direction)) this.#cut[direction] = command.on;
        break;
      case 'carrier':
        this.#hasCarrier = command.up;
        this.device.setCarrier(command.up);
        break;
      default:
        throw new Error(`no command ${JSON.stringify(command)}`);
    }
    // A tap without carrier still accepts frames from us: a pulled cable has to stop them here.
    for (const direction of ['out', 'in'] as const) {
      this.lanes[direction].isCut = this.#cut[direction] || !this.#hasCarrier;
    }
  }
}
