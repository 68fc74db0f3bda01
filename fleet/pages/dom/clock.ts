/**
 * The server's clock, and the reader's zone.
 *
 * What is shown has times of the server. A reader's clock may be wrong, and would make ages and ranges so.
 *
 * @module
 */
import { momentText } from '../format.ts';

/** Chosen: longer than news are on their way. */
const MOVED_MS = 2_000;

let aheadMs = 0;

/** As far as it is known: until the server has told, the reader's clock is believed. */
export const serverMs = () => Date.now() + aheadMs;

/** The server has told its time. True: what was reckoned by another has to be reckoned anew. */
export function setClock(toldMs: number): boolean {
  const movedMs = Math.abs(toldMs - serverMs());
  aheadMs = toldMs - Date.now();
  return movedMs > MOVED_MS;
}

/** How far the reader's clock is ahead of UTC at that time. */
export const zoneMs = (atMs: number) => -new Date(atMs).getTimezoneOffset() * 60_000;

/** `Europe/Berlin`. */
export const zoneName = () => new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** A moment in the reader's zone. */
export const localText = (atMs: number | null | undefined) => momentText(atMs, zoneMs(atMs ?? 0));
