/**
 * A process that does nothing but report: what the telemetry tests kill.
 *
 * Usage: bun test/lab/publisher.ts URL [FORMAT]
 */
import { startTelemetry } from '../../agent/telemetry.ts';
import { DEVICE, startFor, statusOn } from './reporting.ts';

const [url = '', format = 'cbor'] = process.argv.slice(2);
startTelemetry({
  start: startFor({ url, format }),
  device: DEVICE,
  status: async () => statusOn('eth0'),
});
console.log('reporting');
