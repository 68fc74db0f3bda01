/**
 * Secrets are compared in constant time: by `equalBytes`, and by nothing that stops at the first difference.
 *
 * Reads names: what is called a secret, a key that is one, a proof, a mac, a cookie, a token or a password is one. To ask
 * whether there is one (`=== null`) or how long it is says nothing about it.
 *
 * @module
 */
import type { Token } from './scan.ts';
import type { SourceFile, Tree } from './tree.ts';

const PRODUCT = /^(session|policies|hal|agent|hub|fleet)\/.*\.ts$/;

const SECRET =
  /(secret|psk|proof|cookie|token|password|memoryKey|privateKey|chainingKey|sealKey|^mac[12]?)$/i;

/** Each stops at the first difference, or may. */
const SEARCHES = new Set(
  'every some equals indexOf includes find findIndex localeCompare startsWith endsWith'.split(' '),
);
const COMPARERS = new Set('compare deepEquals deepStrictEqual isDeepStrictEqual'.split(' '));

/** Why these are none: `file operand`. */
const INNOCENT: Readonly<Record<string, string>> = {
  'session/device/save.ts secret': 'the very same object, not its bytes',
};

export function secretComparisons(tree: Tree): string[] {
  return tree.files
    .filter(({ path }) => PRODUCT.test(path))
    .flatMap((file) => file.tokens.flatMap((_, at) => judge(file, at)));
}

function judge(file: SourceFile, at: number): string[] {
  const { tokens } = file;
  const token = tokens[at]!;
  const operand = isEquality(tokens, at) ? comparedBy(tokens, at) : searchedBy(tokens, at);
  if (operand === null || INNOCENT[`${file.path} ${operand}`] !== undefined) return [];
  return [`${file.path}:${token.line} compares ${operand} other than by equalBytes`];
}

/** At the first mark of `==`, `!=`, `===` or `!==`. */
function isEquality(tokens: readonly Token[], at: number): boolean {
  const [before, first, second] = [tokens[at - 1], tokens[at], tokens[at + 1]];
  if (first?.kind !== 'mark' || second?.kind !== 'mark' || second.text !== '=') return false;
  if (first.text !== '=' && first.text !== '!') return false;
  return !(before?.kind === 'mark' && '=!<>'.includes(before.text));
}

/** The operand of an equality that is a secret, if the other one is something to compare it with. */
function comparedBy(tokens: readonly Token[], at: number): string | null {
  const operatorMarks = tokens[at + 2]?.text === '=' ? 3 : 2;
  const left = nameBefore(tokens, at);
  const right = nameAfter(tokens, at + operatorMarks);
  if (left === null || right === null) return null;
  return [left, right].find((name) => SECRET.test(name)) ?? null;
}

/** The last word of the operand that ends before `at`; null for a literal. */
function nameBefore(tokens: readonly Token[], at: number): string | null {
  let index = at - 1;
  for (let depth = 0; index >= 0; index--) {
    const { text, kind } = tokens[index]!;
    if (kind !== 'mark') {
      if (depth === 0) break;
    } else if (text === ')' || text === ']') depth += 1;
    else if (text === '(' || text === '[') depth -= 1;
    else if (depth === 0 && text !== '!') return null;
    if (depth < 0) return null;
  }
  return nameOf(tokens[index]);
}

/** The last word of the operand that begins at `at`: `a.b?.c` is `c`. */
function nameAfter(tokens: readonly Token[], at: number): string | null {
  let name = nameOf(tokens[at]);
  let index = at;
  for (;;) {
    const link = tokens[index + 1]?.text === '.' ? 1 : 2;
    const isLink =
      link === 1 ||
      ('?!'.includes(tokens[index + 1]?.text ?? '') && tokens[index + 2]?.text === '.');
    if (!isLink || tokens[index + link + 1]?.kind !== 'word') return name;
    index += link + 1;
    name = nameOf(tokens[index]);
  }
}

const LITERALS = new Set(['null', 'undefined', 'true', 'false', 'void']);

function nameOf(token: Token | undefined): string | null {
  if (token?.kind !== 'word' || LITERALS.has(token.text) || /^[0-9]/.test(token.text)) return null;
  return token.text;
}

/** What a searching or comparing call is made on, or with, if that is a secret. */
function searchedBy(tokens: readonly Token[], at: number): string | null {
  const token = tokens[at]!;
  if (token.kind !== 'word' || tokens[at + 1]?.text !== '(') return null;
  if (SEARCHES.has(token.text) && tokens[at - 1]?.text === '.') {
    const receiver = nameBefore(tokens, tokens[at - 2]?.text === '?' ? at - 2 : at - 1);
    return receiver !== null && SECRET.test(receiver) ? receiver : null;
  }
  if (!COMPARERS.has(token.text)) return null;
  const first = nameAfter(tokens, at + 2);
  return first !== null && SECRET.test(first) ? first : null;
}
