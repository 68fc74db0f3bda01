/**
 * Whether the figures on the page are live, and how old they are. Pure.
 *
 * A stream that is open and silent is no better than a broken one: a lost route leaves a connection open for minutes.
 * The server sends an overview at least every 10 s, so three of them missing are a verdict.
 *
 * @module
 */
import { spanText } from './format.ts';

export const SILENCE_MAX_MS = 30_000;

/** Waits between tries, doubling; the browser's own tries have theirs. */
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 30_000;

export interface Stream {
  readonly phase: 'connecting' | 'live' | 'broken';
  readonly sinceMs: number;
  /** When the newest figures arrived; `null` before the first. */
  readonly newestAtMs: number | null;
  /** Tries that failed since the stream was live. */
  readonly failures: number;
}

export function newStream(nowMs: number): Stream {
  return { phase: 'connecting', sinceMs: nowMs, newestAtMs: null, failures: 0 };
}

/** Figures have arrived over the stream: it is live, whatever it was. */
export function onFigures(stream: Stream, nowMs: number): Stream {
  const sinceMs = stream.phase === 'live' ? stream.sinceMs : nowMs;
  return { phase: 'live', sinceMs, newestAtMs: nowMs, failures: 0 };
}

/** Figures have arrived by asking: they are new, and say nothing of the stream. */
export function onAnswer(stream: Stream, nowMs: number): Stream {
  return { ...stream, newestAtMs: nowMs };
}

export function onBroken(stream: Stream, nowMs: number): Stream {
  const sinceMs = stream.phase === 'broken' ? stream.sinceMs : nowMs;
  return { ...stream, phase: 'broken', sinceMs, failures: stream.failures + 1 };
}

export function isSilent(stream: Stream, nowMs: number): boolean {
  return nowMs - (stream.newestAtMs ?? stream.sinceMs) > SILENCE_MAX_MS;
}

export function retryAfterMs({ failures }: Stream): number {
  return Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.max(0, failures - 1));
}

/** What a screen reader is told: it changes with the phase alone, and so is said once. */
export function noteOf({ phase }: Stream): string {
  if (phase === 'live') return 'Live';
  return phase === 'connecting'
    ? 'Connecting'
    : 'Not live: the connection to the server is broken, trying again';
}

/** Beside the note: how old the figures are. */
export function ageOf({ newestAtMs }: Stream, nowMs: number): string {
  if (newestAtMs === null) return 'no figures yet';
  return nowMs - newestAtMs < 2_000
    ? 'figures are current'
    : `figures are ${spanText(nowMs - newestAtMs)} old`;
}
