/**
 * What is wrong with a document, where, and what would be right. Never a stack trace.
 *
 * Shown by `formatProblems` wherever a person wrote the document: at daemon start,
 * and by `jvpn policy lint`. Documents come from outside, so nothing of them is repeated
 * at full length; and what looks like a key or a password is not repeated at all, for it
 * may be one that stands in the wrong place, and messages end up in logs.
 *
 * @module
 */

export interface Problem {
  /** Keys from the root, for example `links.wwan0.cost_class`; empty for the document itself. */
  readonly path: string;
  /** What was found, for example `70000 is above 60000`. */
  readonly wrong: string;
  /** What is allowed, for example `an integer from 100 to 60000 ms`; null where `wrong` says it. */
  readonly allowed: string | null;
  /** The known key or word that was probably meant. */
  readonly nearest: string | null;
}

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export function problem(
  path: string,
  wrong: string,
  allowed: string | null = null,
  nearest: string | null = null,
): Problem {
  return { path: hidden(path), wrong: hidden(wrong), allowed, nearest };
}

/** Path of `key` below `path`; keys that TOML would quote are quoted and shortened. */
export function joinPath(path: string, key: string): string {
  const bare = /^[A-Za-z0-9_-]{1,64}$/.test(key) ? key : quoted(key);
  return path === '' ? bare : `${path}.${bare}`;
}

const QUOTED_MAX = 48;

/** What JSON leaves as it is and a terminal obeys or does not show: DEL to 0x9f, and marks of direction. */
const INVISIBLE = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Foreign text for a person's eyes: escaped, at most 48 characters of it. */
export function quoted(text: string): string {
  const shown = hidden(text);
  const short = shown.length > QUOTED_MAX ? `${shown.slice(0, QUOTED_MAX)}…` : shown;
  return JSON.stringify(short).replace(INVISIBLE, escaped);
}

/** A run of base64 or base64url as long as that of 30 bytes, or of hex of 20; a key of 32 has 43 or 64. */
const KEY_RUN = /[A-Za-z0-9+/_-]{40,}={0,2}/g;
const HEX_RUN = /^[0-9a-fA-F]+$/;
/** User and password of a URL. */
const USER_INFO = /\/\/[^/@\s"]+@/g;

/** `text` without what looks like a key, and without the passwords of URLs. */
export function hidden(text: string): string {
  return text
    .replace(USER_INFO, '//…@')
    .replace(KEY_RUN, (run) => (isKeyLike(run) ? `(${run.length} characters like a key)` : run));
}

/** Words and paths are long as well, but not of all kinds of characters at once. */
function isKeyLike(run: string): boolean {
  return HEX_RUN.test(run) || [/[a-z]/, /[A-Z]/, /[0-9]/].every((kind) => kind.test(run));
}

const escaped = (character: string) =>
  Array.from({ length: character.length }, (_, at) => {
    const code = character.charCodeAt(at).toString(16);
    return `\\u${code.padStart(4, '0')}`;
  }).join('');

/** All problems as text, one or two lines each, ending with how many there are. */
export function formatProblems(file: string, problems: readonly Problem[]): string {
  const lines = problems.map(({ path, wrong, allowed, nearest }) => {
    const where = path === '' ? file : `${file}: ${path}`;
    const hint = nearest === null ? '' : `; did you mean "${nearest}"?`;
    const expected = allowed === null ? '' : `\n    allowed: ${allowed}`;
    return `${where}: ${wrong}${hint}${expected}`;
  });
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return [...lines, `${count} in ${file}`].join('\n');
}
