/**
 * The event store where the configuration says, or none.
 *
 * Opened before there is a session: it is the only time that it makes anybody wait.
 *
 * @module
 */
import { join } from 'node:path';
import { explain } from '../../hal/capabilities.ts';
import { openSegments } from '../../hal/linux/segments.ts';
import { bytesToHex } from '../../session/bytes.ts';
import type { Start } from '../start.ts';
import { EventStore } from './store.ts';

/** A name that nobody else has: of a process, or of a stream of numbers. */
export const newName = () => bytesToHex(crypto.getRandomValues(new Uint8Array(8)));

/** @param say told why there is none although the configuration wants one. */
export function openEventStore(
  { config, path }: Pick<Start, 'config' | 'path'>,
  say: (message: string) => void,
): EventStore | null {
  const { enabled, url, eventStoreBytes } = config.telemetry;
  if (!enabled || url === null || eventStoreBytes === 0) return null;
  const files = openSegments(join(path(config.state.directory), 'events'));
  const store = files.ok ? new EventStore(files.value, eventStoreBytes, newName) : null;
  if (store?.isUsable === true) return store;
  say(`events wait in memory alone: ${files.ok ? store?.lastError : explain(files)}`);
  return null;
}
