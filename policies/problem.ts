/**
 * What is wrong with a document, where, and what would be right. Never a stack trace.
 *
 * Shown by `formatProblems` wherever a person wrote the document: at daemon start,
 * and by `jvpn policy lint`. Documents come from outside, so nothing of them is repeated
 * at full length.
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
  return { path, wrong, allowed, nearest };
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
  const short = text.length > QUOTED_MAX ? `${text.slice(0, QUOTED_MAX)}…` : text;
  return JSON.stringify(short).replace(INVISIBLE, escaped);
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
