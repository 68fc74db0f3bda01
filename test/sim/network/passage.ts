/**
 * What happens to a datagram on its way: lost, late, twice, overtaken, too long, swallowed.
 *
 * Draws from a stream of its own. Knows conditions, not addresses.
 *
 * @module
 */
import type { PacketFate } from '../outcome.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import type { Datagram } from './datagram.ts';
import { garbage } from './garbage.ts';
import type { Lane, SimLink } from './simLink.ts';

/** Of an access network. Chosen: of two seconds at 64 kbit/s. */
const QUEUE_BYTES_MAX = 16_384;
/** IPv4 and UDP; IPv6 and UDP. */
const OUTER_BYTES = { 4: 28, 6: 48 } as const;
/** A copy that waited long: what a replay window has to know. */
const LATE_COPY_MS = 3_000;

/** A hub's side of the internet. */
export interface Site {
  readonly name: string;
  readonly isCut: boolean;
}

export interface Arrival {
  readonly datagram: Datagram;
  /** False: nobody was there, or no room. */
  readonly arrive: () => boolean;
  readonly answer: (bytes: Uint8Array<ArrayBuffer>) => void;
  /** An ICMP error about it comes back. Left out: nobody would hear of it. */
  readonly refuse?: () => void;
}

/** Told of every datagram when its fate is known. */
export type Observer = (
  bytes: Uint8Array,
  sentAtMs: number,
  arrivedAtMs: number | null,
  way: readonly [from: string, to: string, link: string],
  fate: PacketFate,
) => void;

interface Trip {
  readonly link: SimLink;
  readonly lane: Lane;
  readonly isUp: boolean;
  readonly hub: Site | null;
  readonly way: readonly [from: string, to: string, link: string];
  readonly arrival: Arrival;
}

export class Passage {
  readonly #world: World;
  readonly #random: Random;
  readonly #observe: Observer;

  constructor(world: World, random: Random, observe: Observer) {
    this.#world = world;
    this.#random = random;
    this.#observe = observe;
  }

  /** From a device. False: the device's own queue is full, nothing was sent. */
  up(from: string, hub: Site | null, link: SimLink, dies: boolean, arrival: Arrival): boolean {
    const way = [from, hub?.name ?? 'nobody', link.plan.name] as const;
    const trip = { link, lane: link.up, isUp: true, hub, way, arrival };
    if (dies) this.#end(trip, 'nobody');
    else if (!this.#go(trip)) {
      this.#end(trip, 'queueFull');
      return false;
    }
    return true;
  }

  /** From a hub; what does not fit is dropped. */
  down(hub: Site, to: string, link: SimLink, arrival: Arrival): void {
    const way = [hub.name, to, link.plan.name] as const;
    const trip = { link, lane: link.down, isUp: false, hub, way, arrival };
    if (!this.#go(trip)) this.#end(trip, 'queueFull');
  }

  /** To an address that the NAT does not know. */
  stale(from: string, to: string, bytes: Uint8Array): void {
    this.#observe(bytes, this.#world.nowMs, null, [from, to, ''], 'stale');
  }

  /** False: no room in the queue. */
  #go(trip: Trip): boolean {
    const random = this.#random;
    const { conditions } = trip.link;
    const stopped = this.#stopped(trip);
    if (stopped !== null) {
      this.#end(trip, stopped);
      if (stopped === 'captive' && random.chance(30)) this.#mock(trip);
      if (conditions.icmp === 'genuine') this.#refuse(trip);
      return true;
    }
    const { from, bytes } = trip.arrival.datagram;
    const outerBytes = bytes.length + OUTER_BYTES[from.family];
    if (outerBytes > conditions.pathMtuBytes) {
      this.#end(trip, 'tooLong');
      return true;
    }
    const waitMs = this.#queue(trip.lane, conditions.kbitPerSecond, outerBytes);
    if (waitMs === null) return false;
    if (random.chance(conditions.lossPercent)) this.#end(trip, 'lost');
    else this.#schedule(trip, waitMs + this.#flightMs(conditions), false);
    if (random.chance(conditions.duplicatePercent)) {
      const lateMs = random.chance(20) ? random.below(LATE_COPY_MS) : random.below(5);
      this.#schedule(trip, waitMs + this.#flightMs(conditions) + lateMs, true);
    }
    return true;
  }

  #flightMs({ delayMs, jitterMs }: SimLink['conditions']): number {
    return delayMs + (jitterMs > 0 ? this.#random.below(jitterMs * 8 + 1) / 8 : 0);
  }

  /** Until it is on the wire, or null where the queue has no room for it. */
  #queue(lane: Lane, kbitPerSecond: number, bytes: number): number | null {
    if (kbitPerSecond === 0) return 0;
    const { nowMs } = this.#world;
    const backlogMs = Math.max(0, lane.busyUntilMs - nowMs);
    if ((backlogMs * kbitPerSecond) / 8 + bytes > QUEUE_BYTES_MAX) return null;
    const takesMs = Math.ceil(((bytes * 8) / kbitPerSecond) * 8) / 8;
    lane.busyUntilMs = nowMs + backlogMs + takesMs;
    return backlogMs + takesMs;
  }

  #schedule(trip: Trip, afterMs: number, isCopy: boolean): void {
    const { nowMs } = this.#world;
    const { lane, link } = trip;
    const mayOvertake = isCopy || this.#random.chance(link.conditions.reorderPercent);
    const arriveAtMs = mayOvertake
      ? nowMs + afterMs
      : Math.max(nowMs + afterMs, lane.lastArrivalMs);
    if (!mayOvertake) lane.lastArrivalMs = arriveAtMs;
    this.#world.after(arriveAtMs - nowMs, () => {
      const stopped = this.#stopped(trip);
      const has = stopped === null && trip.arrival.arrive();
      const fate = stopped ?? (has ? (isCopy ? 'copy' : 'delivered') : 'nobody');
      this.#end(trip, fate, nowMs, has ? arriveAtMs : null);
    });
  }

  /** Why nothing gets through, or null. */
  #stopped({ link, isUp, hub }: Trip): PacketFate | null {
    const { silent, captive, outCut, inCut, carrier, intruder, radio } = link.conditions;
    if (hub === null) return 'nobody';
    if (hub.isCut || !carrier || radio === 'disconnected') return 'cut';
    if (silent) return 'silent';
    if (captive) return 'captive';
    if (!isUp && intruder === 'swallows') return 'cut';
    return (isUp ? outCut : inCut) ? 'cut' : null;
  }

  /** A captive portal's answer. */
  #mock({ arrival, link }: Trip): void {
    const bytes = garbage(this.#random, arrival.datagram.bytes);
    this.#world.after(link.conditions.delayMs, () => arrival.answer(bytes));
  }

  /** The network says that it cannot forward it. */
  #refuse({ arrival, link }: Trip): void {
    this.#world.after(link.conditions.delayMs, () => arrival.refuse?.());
  }

  get nowMs(): number {
    return this.#world.nowMs;
  }

  /** Not the network's doing: nothing is lost of it, and it takes half as long. */
  beside(
    from: string,
    hub: Site,
    to: string,
    link: SimLink,
    isUp: boolean,
    arrival: Arrival,
  ): void {
    const lane = isUp ? link.up : link.down;
    const trip = { link, lane, isUp, hub, way: [from, to, link.plan.name] as const, arrival };
    const { nowMs } = this.#world;
    this.#world.after(link.conditions.delayMs / 2, () => {
      const has = !hub.isCut && arrival.arrive();
      this.#end(trip, has ? 'copy' : 'nobody', nowMs, has ? this.#world.nowMs : null);
    });
  }

  #end(
    trip: Trip,
    fate: PacketFate,
    sentAtMs = this.#world.nowMs,
    arrivedAtMs: number | null = null,
  ) {
    this.#observe(trip.arrival.datagram.bytes, sentAtMs, arrivedAtMs, trip.way, fate);
  }
}
