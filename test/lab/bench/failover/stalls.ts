/**
 * What one cut did to the flows, from the records of both ends. Pure.
 *
 * @module
 */
import { cutFigures } from '../../flows/gaps.ts';
import type { Pause, Record } from './record.ts';

/** From the cut to when the flows had settled again, CLOCK_MONOTONIC. */
export interface Window {
  readonly fromAtMs: number;
  readonly toAtMs: number;
}

export interface Damage {
  /** Longest time without a datagram that overlaps the window, of the worse direction; null without a UDP flow. */
  readonly gapMs: number | null;
  readonly gapUpMs: number | null;
  readonly gapDownMs: number | null;
  /** Longest time without a byte of the TCP transfer. */
  readonly tcpStallMs: number;
  /** Datagrams of both directions that were sent around the window and never arrived, or arrived more than once. */
  readonly lost: number;
  readonly duplicated: number;
  readonly sent: number;
  /** Longest time within the window in which one of the two programs that send and receive did not run. */
  readonly pauseMs: number;
}

/** The device's record holds what came down, the far end's what went up, TCP included. */
export function damageOf(device: Record, far: Record, window: Window, hasUdp: boolean): Damage {
  const { fromAtMs, toAtMs } = window;
  const up = hasUdp ? cutFigures(far.arrivals, fromAtMs, toAtMs) : null;
  const down = hasUdp ? cutFigures(device.arrivals, fromAtMs, toAtMs) : null;
  if (hasUdp && (up === null || down === null)) {
    throw new Error(`no datagram had arrived ${up === null ? 'up' : 'down'} before the cut`);
  }
  const tcpStallMs = longestStallMs(far.tcpAtMs, window);
  if (tcpStallMs === null)
    throw new Error('no byte of the TCP transfer had arrived before the cut');
  return {
    gapMs: up === null || down === null ? null : Math.max(up.gapMs, down.gapMs),
    gapUpMs: up?.gapMs ?? null,
    gapDownMs: down?.gapMs ?? null,
    tcpStallMs,
    lost: (up?.lost ?? 0) + (down?.lost ?? 0),
    duplicated: (up?.duplicated ?? 0) + (down?.duplicated ?? 0),
    sent: (up?.total ?? 0) + (down?.total ?? 0),
    pauseMs: longestPauseMs([...device.pauses, ...far.pauses], window),
  };
}

/**
 * Longest time between consecutive arrivals, of the intervals that overlap the window; without an arrival after the
 * last one, the silence up to the end of the window. Null if nothing had arrived when the window began.
 */
export function longestStallMs(atMs: readonly number[], window: Window): number | null {
  const before = atMs.findLastIndex((at) => at <= window.fromAtMs);
  if (before < 0) return null;
  let longestMs = 0;
  for (let index = before; index < atMs.length; index += 1) {
    const fromAtMs = atMs[index]!;
    if (fromAtMs > window.toAtMs) break;
    const toAtMs = atMs[index + 1] ?? Math.max(window.toAtMs, fromAtMs);
    longestMs = Math.max(longestMs, toAtMs - fromAtMs);
  }
  return longestMs;
}

/** 0 if there was none. */
export function longestPauseMs(pauses: readonly Pause[], { fromAtMs, toAtMs }: Window): number {
  const within = pauses.filter((pause) => {
    return pause.fromAtMs <= toAtMs && pause.fromAtMs + pause.ms >= fromAtMs;
  });
  return Math.max(0, ...within.map(({ ms }) => ms));
}
