/**
 * What is said, or not said, of whether a device is there. Pure.
 *
 * @module
 */
import type { Change } from '../change.ts';
import type { Device, Heard } from '../device.ts';
import {
  isAway,
  type Presence,
  type PresenceNews,
  presenceAfter,
  presenceDoubted,
} from '../presence.ts';

/** The longest interval of reports that a policy allows (docs/policy.md), and an hour to be late in. */
const SILENT_MS = 25 * 3_600_000;
export const REPLACED_MAX = 8;

/** Takes what is said of presence into `device`, unless it is known or of an earlier life. One change at most: when whether it is there, or why not, is another. */
export function takePresence(
  device: Device,
  news: PresenceNews,
  heard: Heard,
): { readonly outcome: 'taken' | 'duplicate' | 'oldNews'; readonly changes: readonly Change[] } {
  const { presence } = device;
  if (isOldBirth(device, news, heard)) return { outcome: 'duplicate', changes: [] };
  const after = presenceAfter(presence, news, device.replaced, heard);
  if (typeof after === 'string') return { outcome: after, changes: [] };
  if (presence.boot !== null && presence.boot !== after.boot) {
    replace(device, presence.boot, heard);
  }
  if (!heard.isRetained && after.online) device.liveBoot = after.boot;
  device.presence = after;
  const isSame = presence.online === after.online && presence.why === after.why;
  if (isSame) return { outcome: 'taken', changes: [] };
  device.lastChangeAtMs = heard.atMs;
  return { outcome: 'taken', changes: [presenceChange(presenceWord(presence), after, heard)] };
}

/**
 * What it means that nothing came on `connection`, on which the broker has told what it keeps: a device that was said to be
 * there may have gone while the broker forgot, or, where it has kept what is older than any interval, while the broker was
 * down. Null: it was heard, or is known to be gone.
 */
export function doubtPresence(device: Device, connection: number, atMs: number): Change | null {
  const { presence, report } = device;
  if (presence.online === false || isAway(presence)) return null;
  const isSilent = device.heardLiveOn !== connection && isStale(device, atMs);
  const isGone = presence.online === true && device.heardOn !== connection;
  if (!isSilent && !isGone) return null;
  const boot = presence.boot ?? report?.boot ?? null;
  device.presence = presenceDoubted({ ...presence, boot }, atMs);
  device.lastChangeAtMs = atMs;
  const [from, to] = [presenceWord(presence), 'unknown'];
  return { kind: 'presence', atMs, reason: null, from, to, count: 1, isLate: false };
}

/** A birth that the broker keeps of a device that died while the broker was down stays for ever; its reports do not get newer. */
function isStale({ lastSeenMs, presence }: Device, atMs: number): boolean {
  const newestMs = lastSeenMs ?? presence.sinceMs;
  return newestMs !== null && atMs - newestMs > SILENT_MS;
}

/** Doubted once already: the broker says it again on each connection. */
function isOldBirth(device: Device, news: PresenceNews, { atMs, isRetained }: Heard): boolean {
  const { online, boot, connection } = device.presence;
  if (online !== null || boot !== news.boot || connection !== news.connection) return false;
  return isRetained && news.online && isStale(device, atMs);
}

/** `online`, `stopped` or `lost`; null: not known. */
export function presenceWord({ online, why }: Presence): string | null {
  return online === null ? null : online ? 'online' : why;
}

export function presenceChange(from: string | null, after: Presence, heard: Heard): Change {
  return {
    kind: 'presence',
    ...{ atMs: heard.atMs, isLate: heard.isRetained },
    ...{ reason: null, from, to: presenceWord(after), count: 1 },
  };
}

/** What the broker had kept may be older than a process that spoke. */
export function replace(device: Device, boot: string, { isRetained }: Heard): void {
  if (device.replaced.includes(boot) || (isRetained && device.liveBoot === boot)) return;
  device.replaced = [...device.replaced, boot].slice(-REPLACED_MAX);
}
