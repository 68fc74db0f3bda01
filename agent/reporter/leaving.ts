/**
 * How a device leaves its broker in order: a last status, its goodbye, and what comes of both. Bounded, whoever does not answer.
 *
 * @module
 */
import type { Broker } from '../broker.ts';
import type { Report } from '../mqttQueue.ts';
import type { TunnelStatus } from '../status.ts';
import { within } from '../within.ts';

/** Of the 500 ms that `stop` may take: for a last status, for the acknowledgements, for the goodbye. */
const LAST_STATUS_MS = 120;
const LAST_ACKNOWLEDGE_MS = 200;
const GOODBYE_MS = 100;

/** The status of a session that may be over; null: nobody says. */
export function lastStatus(ask: () => Promise<TunnelStatus>): Promise<TunnelStatus | null> {
  return within<TunnelStatus>(LAST_STATUS_MS, (done) => {
    ask().then(done, () => done(null));
  });
}

/** Until the broker has all of `reports`, or does not say so. */
export async function publishLast(
  broker: Pick<Broker, 'publish'>,
  reports: readonly Report[],
): Promise<void> {
  await within(LAST_ACKNOWLEDGE_MS, (done) => {
    let pending = reports.length;
    for (const report of reports) {
      broker.publish(report, () => {
        pending -= 1;
        if (pending === 0) done(null);
      });
    }
  });
}

/** @param leave tells when the connection has ended. */
export async function goodbye(leave: (onGone: () => void) => void): Promise<void> {
  await within(GOODBYE_MS, (done) => leave(() => done(null)));
}
