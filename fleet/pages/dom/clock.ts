/**
 * The reader's clock and its zone.
 *
 * @module
 */
import { momentText } from '../format.ts';

/** How far the reader's clock is ahead of UTC at that time. */
export const zoneMs = (atMs: number) => -new Date(atMs).getTimezoneOffset() * 60_000;

/** `Europe/Berlin`. */
export const zoneName = () => new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** A moment in the reader's zone. */
export const localText = (atMs: number | null | undefined) => momentText(atMs, zoneMs(atMs ?? 0));
