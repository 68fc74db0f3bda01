/**
 * Whether a device is at the broker, as far as what was heard can tell (docs/mqtt.md, "Presence"). Pure.
 *
 * A will may come late, after the device is back: one of an older process or of an earlier connection is old news and
 * changes nothing. A live report says that the device is there, too, whatever a will said before it.
 *
 * @module
 */
import { fail, ok, type Result } from '../session/result.ts';
import type { Document } from './document.ts';
import { BOOT, countAt, textAt } from './report.ts';

export interface Presence {
  /** Null: nothing was heard yet, or not where it should have been; then `boot` says of whom. */
  readonly online: boolean | null;
  readonly why: 'lost' | 'stopped' | null;
  readonly boot: string | null;
  /** 0: not known. */
  readonly connection: number;
  /** When the fleet learned of it, wall clock. */
  readonly sinceMs: number | null;
}

export const NO_PRESENCE: Presence = {
  ...{ online: null, why: null, boot: null },
  ...{ connection: 0, sinceMs: null },
};

export interface PresenceNews {
  readonly online: boolean;
  readonly why: 'lost' | 'stopped' | null;
  readonly boot: string;
  readonly connection: number;
}

export function readPresence(
  document: Document,
): Result<PresenceNews, 'versionUnknown' | 'fieldWrong'> {
  if (document['v'] !== 1) return fail('versionUnknown');
  const boot = textAt(document, 'boot');
  const connection = countAt(document, 'connection');
  const { online } = document;
  const why = textAt(document, 'why');
  if (boot === null || !BOOT.test(boot) || connection === null) return fail('fieldWrong');
  if (typeof online !== 'boolean') return fail('fieldWrong');
  if (online) return ok({ online, why: null, boot, connection });
  return why === 'lost' || why === 'stopped'
    ? ok({ online, why, boot, connection })
    : fail('fieldWrong');
}

/**
 * What `news` makes of `known`, or `oldNews`.
 *
 * @param replaced processes of the device that a later one has followed.
 * @param isRetained the broker kept it: the last that it was told, so that an unknown process is a new one.
 */
export function presenceAfter(
  known: Presence,
  news: PresenceNews,
  replaced: readonly string[],
  heard: { readonly atMs: number; readonly isRetained: boolean },
): Presence | 'oldNews' | 'duplicate' {
  if (replaced.includes(news.boot)) return 'oldNews';
  if (known.boot === news.boot) {
    if (news.connection < known.connection) return 'oldNews';
    if (news.connection === known.connection && known.online !== null) {
      if (news.online === known.online && news.why === known.why) return 'duplicate';
      // The birth of a connection that has ended since: the end is the later one.
      if (news.online) return 'oldNews';
    }
  } else if (known.boot !== null && !news.online && !heard.isRetained) return 'oldNews';
  return { ...news, sinceMs: heard.atMs };
}

/**
 * After a report that the broker had not kept: its process is there. One that is said to be lost is on a later connection;
 * one of which no birth was heard has followed the known one, on a connection that nobody knows.
 */
export function presenceSeen(known: Presence, boot: string, atMs: number): Presence {
  if (known.boot === null) return known;
  const isSame = known.boot === boot;
  if (isSame && (known.online === true || known.why === 'stopped')) return known;
  const sinceMs = known.online === true ? known.sinceMs : atMs;
  const connection = isSame ? known.connection : 0;
  return { online: true, why: null, boot, connection, sinceMs };
}

/** Nothing was heard where the broker would have said it: it may be there or not. */
export function presenceDoubted(known: Presence, atMs: number): Presence {
  return { ...known, online: null, why: null, sinceMs: atMs };
}

/** Known to be gone, or known once and not any more. */
export function isAway({ online, boot }: Presence): boolean {
  return online === false || (online === null && boot !== null);
}
