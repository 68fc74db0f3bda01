/**
 * TOML text to a document, with the line of a syntax error.
 *
 * The parser is given by the caller (`Bun.TOML.parse`), because this folder is pure. Bun's error
 * carries the position of the calling JavaScript instead of the position in the TOML text, so the
 * line is found here: a parser reads from left to right, and therefore the statement that fails
 * begins right after the longest run of whole lines that still parses.
 *
 * @module
 */
import { type Checked, problem } from './problem.ts';

export type ParseToml = (text: string) => unknown;

/** A document above this is no configuration. */
const TEXT_MAX = 1_048_576;
/** Finding the line parses the text once a line; beyond this the message has no line. */
const LINES_SEARCHED_MAX = 2_000;

/** A value that the parser repeats may be a part of a key, up to its first `+` or `/`. The line says where it is. */
const REPEATED = /: "[^"]{4,}"$/;

/** Never throws, whatever the text and whatever the parser throws. */
export function documentOfToml(text: string, parse: ParseToml): Checked<unknown> {
  if (text.length > TEXT_MAX) {
    return { ok: false, problems: [problem('', 'the file is too long', `${TEXT_MAX} characters`)] };
  }
  try {
    return { ok: true, value: parse(text) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const line = failingLine(text, parse);
    const where = line === null ? '' : `line ${line}`;
    const wrong = message.replace(/^TOML Parse error: /, '').replace(REPEATED, ': some text');
    return { ok: false, problems: [problem(where, wrong)] };
  }
}

/** 1-based line at which the failing statement begins. */
function failingLine(text: string, parse: ParseToml): number | null {
  const lines = text.split('\n');
  if (lines.length > LINES_SEARCHED_MAX) return null;
  let parsedCount = 0;
  for (let count = 1; count < lines.length; count++) {
    if (doesParse(lines.slice(0, count).join('\n'), parse)) parsedCount = count;
  }
  return parsedCount + 1;
}

function doesParse(text: string, parse: ParseToml): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}
