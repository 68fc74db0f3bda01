/**
 * Which charts the dashboard has, and what each says in a sentence. Pure.
 *
 * @module
 */
import type { State } from '../../session/transitions.ts';
import type { Columns, Series, SpreadColumns } from './answers.ts';
import { greatest, isGoingOn, stacked, summaryOf, switchRates } from './columns.ts';
import { bytesText, countText, durationText, percentText, rateText } from './format.ts';
import { STATES_SHOWN } from './states.ts';

type Column = readonly (number | null)[];

export interface ChartLine {
  readonly name: string;
  readonly values: Column;
  /** As drawn, where that differs: stacked. */
  readonly drawn?: Column;
  readonly area?: State;
}

export interface ChartFacts {
  readonly title: string;
  readonly sentence: string;
  readonly lines: readonly ChartLine[];
  readonly valueText: (value: number | null) => string;
  /** What the scale reaches at least. */
  readonly topMin: number;
  /** Counts: there is nothing between 1 and 2. */
  readonly isWhole: boolean;
}

/** Reasons with a line of their own. Chosen: as many as there are dashes, less one for the others. */
const REASONS_DRAWN = 3;

export function chartsOf(series: Series): readonly ChartFacts[] {
  return [
    states(series),
    recoveries(series),
    rates(series),
    degraded(series),
    spread(series.rtt_ms, { title: 'Round trip of bindings', text: durationText, topMin: 10 }),
    spread(series.loss_percent, { title: 'Loss of bindings', text: percentText, topMin: 1 }),
    spread(series.jitter_ms, { title: 'Jitter of bindings', text: durationText, topMin: 10 }),
    byReason(series, series.dead_transports ?? {}, {
      title: 'Dead transports by reason',
      none: 'No transport is recorded as dead in that time.',
    }),
    byReason(series, series.denied_switches ?? {}, {
      title: 'Denied switches by reason',
      none: 'No switch is recorded as denied in that time.',
    }),
    byReason(series, series.terminated, {
      title: 'Ended sessions by reason',
      none: 'No session is recorded as ended in that time.',
    }),
    signs(series),
    spread(series.memory_bytes, { title: 'Memory of agents', text: bytesText, topMin: 1e6 }),
  ];
}

interface SpreadFacts {
  readonly title: string;
  readonly text: (value: number | null) => string;
  readonly topMin: number;
}

/** Half of the devices have at most p50, 95 % at most p95. */
function spread(columns: SpreadColumns | undefined, facts: SpreadFacts): ChartFacts {
  const { title, text: valueText, topMin } = facts;
  const { p50 = [], p95 = [] } = columns ?? {};
  const { newest, greatest: most } = summaryOf(p95);
  return {
    title,
    sentence:
      most === null
        ? NOTHING
        : `p95 is ${valueText(newest)} at the end, at most ${valueText(most)}.`,
    lines: [
      { name: 'p50', values: p50 },
      { name: 'p95', values: p95 },
    ],
    ...{ valueText, topMin, isWhole: false },
  };
}

/** The worst on top: a layer that grows pushes no other up. */
function states({ at_ms, states: columns }: Series): ChartFacts {
  const order = [...STATES_SHOWN].reverse();
  const layers = order.map((state) => columns[state] ?? new Array<null>(at_ms.length).fill(null));
  const drawn = stacked(layers, at_ms.length);
  const lines = order.map((state, at) => ({
    name: state,
    values: layers[at]!,
    drawn: drawn[at]!,
    area: state,
  }));
  const newest = lines.flatMap(({ name, values }) => {
    const count = summaryOf(values).newest;
    return count === null || count === 0 ? [] : [`${countText(count)} ${name}`];
  });
  return {
    title: 'States over time',
    sentence: newest.length === 0 ? NOTHING : `At the end: ${newest.reverse().join(', ')}.`,
    lines,
    valueText: countText,
    topMin: 1,
    isWhole: true,
  };
}

function recoveries({ recovery_ms: { p50, p95, p99 } }: Series): ChartFacts {
  const lines = [
    { name: 'p50', values: p50 },
    { name: 'p95', values: p95 },
    { name: 'p99', values: p99 },
  ];
  const most = summaryOf(p99).greatest;
  return {
    title: 'Recovery latency',
    sentence:
      most === null
        ? 'No recovery is recorded for that time.'
        : `p99 was at most ${durationText(most)}.`,
    lines,
    valueText: durationText,
    topMin: 100,
    isWhole: false,
  };
}

function rates(series: Series): ChartFacts {
  const values = switchRates(series);
  const { newest, greatest: most } = summaryOf(values);
  return {
    title: 'Switches per session and hour',
    sentence:
      most === null ? NOTHING : `${rateText(newest)} at the end, at most ${rateText(most)}.`,
    lines: [{ name: 'switches per session and hour', values }],
    valueText: rateText,
    topMin: 1,
    isWhole: false,
  };
}

function degraded({ degraded_percent: values }: Series): ChartFacts {
  const { newest, greatest: most } = summaryOf(values);
  return {
    title: 'Share of DEGRADED sessions',
    sentence:
      most === null ? NOTHING : `${percentText(newest)} at the end, at most ${percentText(most)}.`,
    lines: [{ name: 'DEGRADED', values }],
    valueText: percentText,
    topMin: 1,
    isWhole: false,
  };
}

function byReason(
  series: Series,
  columns: Columns,
  { title, none }: { readonly title: string; readonly none: string },
): ChartFacts {
  const { at_ms } = series;
  const lines = greatest(columns, REASONS_DRAWN, at_ms.length);
  return {
    title,
    sentence:
      lines.length === 0
        ? none
        : `${lines.map(({ name, values }) => `${countText(sumOf(values))} ${name}`).join(', ')}.${goingOn(series)}`,
    lines: lines.length === 0 ? [{ name: 'none', values: at_ms.map(() => 0) }] : lines,
    valueText: countText,
    topMin: 1,
    isWhole: true,
  };
}

function signs(series: Series): ChartFacts {
  const { replay_signs, hijack_signs } = series;
  const told = `${countText(sumOf(replay_signs))} signs of replay, ${countText(sumOf(hijack_signs))} of hijacking.`;
  return {
    title: 'Signs of replay and hijacking',
    sentence: `${told}${goingOn(series)}`,
    lines: [
      { name: 'replay', values: replay_signs },
      { name: 'hijacking', values: hijack_signs },
    ],
    valueText: countText,
    topMin: 1,
    isWhole: true,
  };
}

const goingOn = (series: Series) => (isGoingOn(series) ? ' The last step is not over yet.' : '');

const NOTHING = 'Nothing is recorded for that time.';

const sumOf = (values: Column) => values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
