/**
 * Figures as a person reads them. Pure: the time of day takes its zone as an argument.
 *
 * A figure and its unit stay on one line: the space between them is one that does not break.
 * Unknown is always `–`, never 0: a fleet without recoveries has no recovery latency.
 *
 * @module
 */

export const UNKNOWN = '–';

/** `12,345`. */
export function countText(count: number | null | undefined): string {
  return known(count, (value) => Math.round(value).toLocaleString('en'));
}

/** `3.2 %`; whole numbers have no decimals, and what is more than nothing is not shown as 0. */
export function percentText(percent: number | null | undefined): string {
  return known(percent, (value) => {
    if (value > 0 && value < 0.1) return '<\u00a00.1\u00a0%';
    return `${Number(value.toFixed(1))}\u00a0%`;
  });
}

/** `0.25`, `3.4`, `120`: of a rate. */
export function rateText(rate: number | null | undefined): string {
  return known(rate, (value) => {
    if (value > 0 && value < 0.01) return '<\u00a00.01';
    return String(Number(value.toFixed(value < 1 ? 2 : value < 100 ? 1 : 0)));
  });
}

/** `45 ms`, `2.3 s`, `12 min`, `3.5 h`, `4.0 d`, as the review of an incident writes it. */
export function durationText(durationMs: number | null | undefined): string {
  return known(durationMs, (ms) => {
    if (ms < 1_000) return `${Math.round(ms)}\u00a0ms`;
    if (ms < 120_000) return `${(ms / 1_000).toFixed(1)}\u00a0s`;
    if (ms < 7_200_000) return `${Math.round(ms / 60_000)}\u00a0min`;
    if (ms < 172_800_000) return `${(ms / 3_600_000).toFixed(1)}\u00a0h`;
    return `${(ms / 86_400_000).toFixed(1)}\u00a0d`;
  });
}

/** How long ago, in whole units: `now`, `34 s ago`, `5 min ago`, `3 h ago`, `12 d ago`. A clock ahead of ours is `now`. */
export function agoText(atMs: number | null | undefined, nowMs: number): string {
  return known(atMs, (value) => {
    const ageMs = nowMs - value;
    return ageMs < 1_000 ? 'now' : `${spanText(ageMs)} ago`;
  });
}

/** In whole units: `34 s`, `5 min`, `3 h`, `12 d`. */
export function spanText(spanMs: number): string {
  if (spanMs < 120_000) return `${Math.floor(Math.max(0, spanMs) / 1_000)}\u00a0s`;
  if (spanMs < 7_200_000) return `${Math.floor(spanMs / 60_000)}\u00a0min`;
  if (spanMs < 172_800_000) return `${Math.floor(spanMs / 3_600_000)}\u00a0h`;
  return `${Math.floor(spanMs / 86_400_000)}\u00a0d`;
}

/** `34 MB`, in powers of ten. */
export function bytesText(bytes: number | null | undefined): string {
  return known(bytes, (value) => {
    if (value < 1_000) return `${value}\u00a0B`;
    if (value < 1e6) return `${Math.round(value / 1e3)}\u00a0kB`;
    return value < 1e9
      ? `${Math.round(value / 1e6)}\u00a0MB`
      : `${(value / 1e9).toFixed(1)}\u00a0GB`;
  });
}

/**
 * `2026-11-29 16:33:05`, as the audit log orders it.
 *
 * @param zoneMs how far the reader's clock is ahead of UTC at that time.
 */
export function momentText(atMs: number | null | undefined, zoneMs: number): string {
  return known(atMs, (value) => {
    const moment = new Date(value + zoneMs);
    // Some device's clock: what is no date is not known.
    if (Number.isNaN(moment.getTime())) return UNKNOWN;
    return moment.toISOString().slice(0, 19).replace('T', ' ');
  });
}

function known(value: number | null | undefined, text: (value: number) => string): string {
  return value === null || value === undefined || !Number.isFinite(value) ? UNKNOWN : text(value);
}
