/**
 * A process that does nothing but report: what the telemetry tests kill.
 *
 * Usage: bun test/lab/publisher.ts URL [FORMAT [DIRECTORY]]; with a directory an event each 20 ms, whose store is there.
 */
import { openEventStore } from '../../agent/events/openStore.ts';
import { startTelemetry } from '../../agent/telemetry.ts';
import { newClock } from '../../hal/linux/clock.ts';
import { DEVICE, eventRow, startFor, statusOn } from './reporting.ts';

const [url = '', format = 'cbor', directory = null] = process.argv.slice(2);
const start = startFor({ url, format });
const { config } = start;
const stored = directory === null ? null : { ...config, state: { directory } };
const telemetry = startTelemetry({
  start,
  device: DEVICE,
  status: async () => statusOn('eth0'),
  eventStore:
    stored === null ? null : openEventStore({ config: stored, path: start.path }, console.error),
});
if (stored !== null) {
  const clock = newClock();
  setInterval(() => telemetry.noteEvent(eventRow('transition', clock.monotonicMs())), 20);
}
console.log('reporting');
