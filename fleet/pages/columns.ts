/**
 * What the charts draw, made of what the server answers. Pure.
 *
 * @module
 */
import type { Columns, Series } from './answers.ts';
import { OTHER } from './states.ts';

type Column = readonly (number | null)[];

/**
 * Layers on top of each other: the first reaches as high as all together, the last as high as itself. Drawn in that
 * order each is painted over by the next. A moment of which nothing is known is a gap in all of them.
 */
export function stacked(layers: readonly Column[], length: number): (number | null)[][] {
  const sums = Array.from(layers, () => new Array<number | null>(length).fill(null));
  for (let row = 0; row < length; row++) {
    if (layers.every((layer) => (layer[row] ?? null) === null)) continue;
    let sum = 0;
    for (let at = layers.length - 1; at >= 0; at--) {
      sum += layers[at]![row] ?? 0;
      sums[at]![row] = sum;
    }
  }
  return sums;
}

/** Not a session that lives: one that ended, and what has none. */
const NOT_LIVING = ['TERMINATED', OTHER];

/**
 * Switches per living session and hour; `null` where no session lived or nothing is known, and of a step of which less than a
 * half is over: one switch in its first second would be thousands an hour.
 */
export function switchRates(series: Series): (number | null)[] {
  const stepMs = stepMsOf(series.at_ms);
  return series.at_ms.map((_, row) => {
    const count = series.switches[row] ?? null;
    let sessions = 0;
    for (const [state, column] of Object.entries(series.states)) {
      if (!NOT_LIVING.includes(state)) sessions += column[row] ?? 0;
    }
    if (count === null || sessions === 0 || stepMs === null) return null;
    const partMs = partMsOf(series, row, stepMs);
    return partMs < stepMs / 2 ? null : (count / sessions) * (3_600_000 / partMs);
  });
}

/** How much of a step is over. */
function partMsOf({ at_ms, until_ms }: Series, row: number, stepMs: number): number {
  return Math.min(stepMs, (until_ms ?? Number.POSITIVE_INFINITY) - at_ms[row]!);
}

/** Whether the last step goes on: what is counted in it will be more. */
export function isGoingOn(series: Series): boolean {
  const stepMs = stepMsOf(series.at_ms);
  const last = series.at_ms.length - 1;
  return stepMs !== null && partMsOf(series, last, stepMs) < stepMs;
}

const stepMsOf = (atMs: readonly number[]): number | null => {
  const [first, second] = atMs;
  return first === undefined || second === undefined || second <= first ? null : second - first;
};

export interface NamedColumn {
  readonly name: string;
  readonly values: Column;
}

/** The columns with the greatest sums by name, and the others as one column `others`. */
export function greatest(columns: Columns, countMax: number, length: number): NamedColumn[] {
  const sumOf = (column: Column) => column.reduce<number>((sum, value) => sum + (value ?? 0), 0);
  const named = Object.entries(columns)
    .map(([name, values]) => ({ name, values, sum: sumOf(values) }))
    .filter(({ sum }) => sum > 0)
    .sort((a, b) => b.sum - a.sum || (a.name < b.name ? -1 : 1));
  const kept = named.slice(0, countMax).map(({ name, values }) => ({ name, values }));
  const rest = named.slice(countMax).map(({ values }) => values);
  if (rest.length === 0) return kept;
  return [...kept, { name: 'others', values: stacked(rest, length)[0]! }];
}

/** The newest value of a column that is known, and the greatest; for a sentence about a chart. */
export function summaryOf(values: Column): { newest: number | null; greatest: number | null } {
  let newest: number | null = null;
  let most: number | null = null;
  for (const value of values) {
    if (value === null || value === undefined) continue;
    newest = value;
    if (most === null || value > most) most = value;
  }
  return { newest, greatest: most };
}

/** Values with nothing known on either side: no line shows them, so each needs a point. */
export function alone(values: Column): number[] {
  const isKnown = (at: number) => (values[at] ?? null) !== null;
  return Array.from(values, (_, at) => at).filter(
    (at) => isKnown(at) && !isKnown(at - 1) && !isKnown(at + 1),
  );
}
