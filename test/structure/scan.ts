/**
 * Splits TypeScript into the tokens that matter for structure: words, strings, punctuation. Comments vanish,
 * text inside strings, templates and regular expressions never becomes a word.
 *
 * Not a parser: it knows no grammar beyond what tells a division from a regular expression.
 *
 * @module
 */

export interface Token {
  readonly kind: 'word' | 'string' | 'mark' | 'regex';
  /** The word, the contents of the string, the single character; `${` where an interpolation begins. */
  readonly text: string;
  readonly line: number;
}

/** After these a `/` begins a regular expression; after any other word it divides. */
const BEFORE_REGEX = new Set([
  'return',
  'typeof',
  'case',
  'in',
  'of',
  'do',
  'else',
  'void',
  'delete',
  'throw',
]);

const WORD = /[\p{ID_Start}$_][\p{ID_Continue}$]*|[0-9][\w.]*/uy;
const LINE_COMMENT = /\/\/[^\n]*/y;
const BLOCK_COMMENT = /\/\*[\s\S]*?\*\//y;
const QUOTED = /'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"/y;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y;
const TEMPLATE_TEXT = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/y;

export function scan(source: string): Token[] {
  const tokens: Token[] = [];
  /** For each open `${`: how many braces are open inside it. */
  const templates: number[] = [];
  let at = source.startsWith('#!') ? source.indexOf('\n') : 0;
  let line = 1;

  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(source)?.[0] ?? null;
    if (found === null) return null;
    at += found.length;
    return found;
  };
  const push = (kind: Token['kind'], text: string, whole: string) => {
    tokens.push({ kind, text, line });
    line += whole.split('\n').length - 1;
  };
  const template = () => {
    const text = take(TEMPLATE_TEXT) ?? '';
    push('string', text, text);
    if (source[at] === '`') at += 1;
    else {
      at += 2;
      templates.push(0);
      push('mark', '${', '');
    }
  };

  while (at < source.length) {
    const character = source[at]!;
    const comment = take(LINE_COMMENT) ?? take(BLOCK_COMMENT);
    if (comment !== null) {
      line += comment.split('\n').length - 1;
      continue;
    }
    const quoted = take(QUOTED);
    if (quoted !== null) push('string', quoted.slice(1, -1), quoted);
    else if (character === '`') {
      at += 1;
      template();
    } else if (character === '/' && regexMayStart(tokens.at(-1)) && regex(take, push)) {
      // taken
    } else if (character === '}' && templates.at(-1) === 0) {
      templates.pop();
      at += 1;
      push('mark', '}', '');
      template();
    } else {
      const word = take(WORD);
      if (word !== null) push('word', word, word);
      else {
        if (character === '{' && templates.length > 0) templates[templates.length - 1]! += 1;
        if (character === '}' && templates.length > 0) templates[templates.length - 1]! -= 1;
        if (character === '\n') line += 1;
        else if (character.trim() !== '') push('mark', character, character);
        at += 1;
      }
    }
  }
  return tokens;
}

function regex(
  take: (pattern: RegExp) => string | null,
  push: (kind: Token['kind'], text: string, whole: string) => void,
): boolean {
  const found = take(REGEX);
  if (found === null) return false;
  push('regex', found, found);
  return true;
}

function regexMayStart(before: Token | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === 'word') return BEFORE_REGEX.has(before.text);
  return before.kind === 'mark' && !')]}'.includes(before.text);
}
