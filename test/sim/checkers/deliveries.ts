/**
 * I9: a session is one device's for ever, and what comes out of a tunnel came out of a session of the device that it
 * came from, or was meant for.
 *
 * @module
 */
import { DeliveryWatch } from '../../../session/invariants/failClosed.ts';
import type { Commit, Delivered, Report, Watch } from './watch.ts';

export class Deliveries implements Watch {
  readonly #report: Report;
  readonly #sessions = new DeliveryWatch();

  constructor(report: Report) {
    this.#report = report;
  }

  onCommit({ hub, after: { sessionId, device } }: Commit): void {
    this.#report('sessionOwner', hub, this.#sessions.belongs(sessionId, device));
  }

  onDelivered({ who, ...delivery }: Delivered): void {
    this.#report('delivered', who, this.#sessions.delivered(delivery));
  }
}
