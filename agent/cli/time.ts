/**
 * A moment as people write it on a command line.
 *
 * @module
 */

export type ReadTime =
  /** ms since 1970; null: the flag was not given. */
  | { readonly ok: true; readonly atMs: number | null }
  | { readonly ok: false; readonly message: string };

export function readTime(flag: string, text: string | undefined): ReadTime {
  if (text === undefined) return { ok: true, atMs: null };
  const atMs = Date.parse(text);
  if (Number.isFinite(atMs)) return { ok: true, atMs };
  const message = `${flag} ${JSON.stringify(text)} is no time; write 2026-11-29T14:00Z`;
  return { ok: false, message };
}
