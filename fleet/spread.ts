/**
 * How one figure spreads over the devices of a fleet: half of them have at most `p50`, 95 % at most `p95`.
 *
 * Of the newest report of each device that is there; of no device anything is kept.
 *
 * @module
 */
import type { Device } from './device.ts';
import { isAway } from './presence.ts';
import type { Figures } from './report.ts';

export interface Spread {
  /** Devices that say it. */
  readonly count: number;
  readonly p50: number | null;
  readonly p95: number | null;
}

/** The words are those of `/api/overview`; their order is that of the rows in the history. */
const READ = {
  rtt_ms: ({ rttMs }: Figures) => rttMs,
  jitter_ms: ({ jitterMs }: Figures) => jitterMs,
  loss_percent: ({ lossPercent }: Figures) => lossPercent,
  memory_bytes: ({ memoryBytes }: Figures) => memoryBytes,
} as const;
export type Figure = keyof typeof READ;
export const FIGURES = Object.keys(READ) as readonly Figure[];

export type Spreads = Readonly<Record<Figure, Spread>>;

const byFigure = (of: (figure: Figure) => Spread): Spreads => ({
  ...{ rtt_ms: of('rtt_ms'), jitter_ms: of('jitter_ms') },
  ...{ loss_percent: of('loss_percent'), memory_bytes: of('memory_bytes') },
});

/** Asked each second: what it sorts in is made once, or ten thousand devices would leave a megabyte behind each time. */
export class Spreader {
  #values = new Float64Array(1_024);

  of(devices: ReadonlyMap<string, Device>): Spreads {
    if (devices.size > this.#values.length) this.#values = new Float64Array(2 * devices.size);
    return byFigure((figure) => this.#spreadOf(devices, READ[figure]));
  }

  #spreadOf(
    devices: ReadonlyMap<string, Device>,
    read: (figures: Figures) => number | null,
  ): Spread {
    let count = 0;
    for (const { report, presence } of devices.values()) {
      const figures = report?.figures ?? null;
      if (figures === null || isAway(presence)) continue;
      const value = read(figures);
      if (value !== null) this.#values[count++] = value;
    }
    const sorted = this.#values.subarray(0, count).sort();
    // A hair less: 0.95 of twenty must not be more than nineteen.
    const at = (share: number) => sorted[Math.ceil(share * count - 1e-9) - 1] ?? null;
    return { count, p50: at(0.5), p95: at(0.95) };
  }
}

/** Of two moments the worse of each: what was bad for a minute is seen in a step of an hour, too. */
export function worseOf(a: Spreads | null, b: Spreads | null): Spreads | null {
  if (a === null || b === null) return a ?? b;
  const most = (x: number | null, y: number | null) =>
    x === null || y === null ? (x ?? y) : Math.max(x, y);
  return byFigure((figure) => {
    const [one, other] = [a[figure], b[figure]];
    return {
      count: Math.max(one.count, other.count),
      ...{ p50: most(one.p50, other.p50), p95: most(one.p95, other.p95) },
    };
  });
}

/** For a row of the history, as short as it gets. */
export const spreadsRow = (spreads: Spreads | null): unknown =>
  spreads &&
  FIGURES.map((figure) => [spreads[figure].count, spreads[figure].p50, spreads[figure].p95]);

/** What {@link spreadsRow} made; null: none, or a row that is broken. */
export function spreadsOf(row: unknown): Spreads | null {
  if (!Array.isArray(row) || row.length !== FIGURES.length) return null;
  const amount = (value: unknown) => (typeof value === 'number' && value >= 0 ? value : null);
  return byFigure((figure) => {
    const told: unknown = row[FIGURES.indexOf(figure)];
    const [count, p50, p95]: unknown[] = Array.isArray(told) ? told : [];
    return { count: amount(count) ?? 0, p50: amount(p50), p95: amount(p95) };
  });
}
