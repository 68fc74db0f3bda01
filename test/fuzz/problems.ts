/**
 * What every refusal of a document has to look like: said in full, at bounded length, safe to print.
 *
 * @module
 */
import { formatProblems, type Problem } from '../../policies/problem.ts';
import { demand } from './target.ts';

const PROBLEMS_MAX = 200;
const PROBLEM_CHARS_MAX = 4_096;

export function judgeProblems(problems: readonly Problem[]): void {
  demand(problems.length > 0, 'a refusal has a reason');
  demand(problems.length <= PROBLEMS_MAX, `at most ${PROBLEMS_MAX} problems`);
  for (const { path, wrong, allowed, nearest } of problems) {
    demand(wrong.length > 0, 'a problem says what is wrong');
    const chars = path.length + wrong.length + (allowed?.length ?? 0) + (nearest?.length ?? 0);
    demand(chars <= PROBLEM_CHARS_MAX, 'a problem repeats nothing at length');
  }
  const text = formatProblems('file', problems);
  demand(!isObeyed(text), 'nothing that a terminal would obey');
}

/** Control characters, the eight-bit ones included, and those that turn the direction of writing. */
function isObeyed(text: string): boolean {
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code < 0x20 && character !== '\n') return true;
    if (code >= 0x7f && code <= 0x9f) return true;
    if ((code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069)) return true;
  }
  return false;
}
