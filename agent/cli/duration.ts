/**
 * A length of time on the command line: `90s`, `10m`, `1h`, `7d`.
 *
 * @module
 */

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds, from one second to a year; null for anything else. */
export function durationMs(text: string): number | null {
  const [, digits, unit] = /^([1-9][0-9]{0,7})([smhd])$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined) return null;
  const lengthMs = Number(digits) * UNIT_MS[unit as keyof typeof UNIT_MS];
  return lengthMs <= 366 * UNIT_MS.d ? lengthMs : null;
}

export const DURATION_WORDS = 'a number with s, m, h or d, like 90s or 10m, at most a year';
