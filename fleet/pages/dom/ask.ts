/**
 * Questions to the server, and what is said when one fails.
 *
 * @module
 */
import { named, say } from './element.ts';

/** A server that takes longer is as good as gone. Chosen. */
const LIMIT_MS = 15_000;

/** The answer. @throws Error with a sentence for a person. Without a login the reader is sent to it. */
export async function ask<Answer>(path: string): Promise<Answer> {
  const response = await fetch(path, {
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  if (response.status === 401) {
    leave();
    throw new Error('You are not signed in.');
  }
  const answer: unknown = await response.json().catch(() => null);
  if (!response.ok)
    throw new Error(sentenceOf(answer) ?? `The server answered ${response.status}.`);
  if (answer === null) throw new Error('The server’s answer is not readable.');
  return answer as Answer;
}

let leftAtMs = Number.NEGATIVE_INFINITY;

/** Once, however many questions fail together: each further one would end the way of the one before. */
function leave(): void {
  if (Date.now() - leftAtMs < LIMIT_MS) return;
  leftAtMs = Date.now();
  location.assign('/login');
}

function sentenceOf(answer: unknown): string | null {
  if (typeof answer !== 'object' || answer === null || !('error' in answer)) return null;
  return typeof answer.error === 'string' ? answer.error : null;
}

/** Runs `work`; when it fails the page says what is missing, and why, until the same work succeeds. */
export async function attempt(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    troubles.delete(what);
  } catch (error) {
    troubles.set(what, error instanceof Error ? error.message : String(error));
  }
  showTroubles();
}

/** What was missing has come another way. */
export function mended(what: string): void {
  if (troubles.delete(what)) showTroubles();
}

const troubles = new Map<string, string>();

function showTroubles(): void {
  const place = named('trouble', HTMLElement);
  const text = Array.from(troubles, ([what, why]) => `Could not load ${what}: ${why}`).join(' ');
  say(place, text);
  place.hidden = text === '';
}
