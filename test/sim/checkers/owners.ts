/**
 * All hubs together at one moment: I6 one serves a device, I1 one has a route to it.
 *
 * Looks into the seats of hubs that are awake whenever one of them commits, whenever data leaves one, and now and
 * then. One that sleeps is not judged: before it does anything it finds that its lease is over.
 *
 * @module
 */
import { type HubMoment, manyOwners } from '../../../session/invariants/oneOwner.ts';
import { type HubRoute, manyBindings } from '../../../session/invariants/singleBinding.ts';
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import type { Commit, Report, Sent, Watch } from './watch.ts';

export type SeatMoment = HubMoment & HubRoute;

export interface Hubs {
  /** The seats of all hubs that are awake, for one device or for all of them. */
  readonly seats: (device: string | null) => readonly SeatMoment[];
  /** The public key of the device that runs on this machine. */
  readonly deviceOf: (machine: string) => string | null;
}

export class Owners implements Watch {
  readonly #report: Report;
  readonly #hubs: Hubs;

  constructor(report: Report, hubs: Hubs) {
    this.#report = report;
    this.#hubs = hubs;
  }

  onSent({ from, to, isUp, bytes }: Sent): void {
    if (isUp || to === null || bytes[0] !== MESSAGE_TYPE.data) return;
    const device = this.#hubs.deviceOf(to);
    if (device !== null) this.#look(from, device);
  }

  onCommit({ hub, after }: Commit): void {
    this.#look(hub, after.device);
  }

  onSweep(): void {
    this.#look('hubs', null);
  }

  #look(who: string, device: string | null): void {
    const seats = this.#hubs.seats(device);
    this.#report('manyOwners', who, manyOwners(seats));
    this.#report('manyBindings', who, manyBindings(seats));
  }
}
