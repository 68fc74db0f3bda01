/**
 * The charts over time, and the choice of how far back they reach.
 *
 * @module
 */
import type { Series } from '../answers.ts';
import { chartsOf } from '../charts.ts';
import { SPANS, spanOf, stepOf } from '../timeScale.ts';
import { ask, attempt } from './ask.ts';
import { Chart } from './chart.ts';
import { serverMs } from './clock.ts';
import { element, named } from './element.ts';

/** Chosen: more points than pixels of a phone say nothing more. */
const POINTS_MAX = 300;

/** A step of a short range is shorter than anybody looks. */
const REFRESH_MIN_MS = 60_000;

const charts = new Map<string, Chart>();
let refresh: ReturnType<typeof setTimeout> | undefined;
/** Nobody looked when it was time, and a step of a long range is an hour. */
let isOwed = false;

/** Until they are drawn, or it is told why not. */
export function startSeries(): Promise<void> {
  const choice = named('span', HTMLSelectElement);
  choice.replaceChildren(...spanOptions());
  choice.addEventListener('change', () => void reloadSeries());
  document.addEventListener('visibilitychange', () => {
    if (isOwed && !document.hidden) void reloadSeries();
  });
  return reloadSeries();
}

/** Asks for the charts, and again after each step of them. */
export async function reloadSeries(): Promise<void> {
  clearTimeout(refresh);
  const { spanMs } = spanOf(named('span', HTMLSelectElement).value);
  const stepMs = stepOf(spanMs, POINTS_MAX);
  refresh = setTimeout(() => void reloadSeries(), Math.max(stepMs, REFRESH_MIN_MS));
  isOwed = document.hidden;
  if (!isOwed) await attempt('the charts', () => loadSeries(spanMs, stepMs));
}

/** The choices of how far back, 24 hours chosen. */
export function spanOptions(): readonly HTMLElement[] {
  return SPANS.map(({ id, words }) =>
    element('option', { value: id, selected: id === spanOf(null).id ? '' : null }, words),
  );
}

async function loadSeries(spanMs: number, stepMs: number): Promise<void> {
  const toMs = serverMs();
  const range = `from_ms=${toMs - spanMs}&to_ms=${toMs}&step_ms=${stepMs}`;
  const series = await ask<Series>(`/api/series?${range}`);
  // Another range was chosen meanwhile, and has its own answer.
  if (spanOf(named('span', HTMLSelectElement).value).spanMs !== spanMs) return;
  for (const { title, ...facts } of chartsOf(series)) {
    let chart = charts.get(title);
    if (chart === undefined) {
      chart = new Chart(title);
      charts.set(title, chart);
      named('charts', HTMLElement).append(chart.figure);
    }
    chart.show({ ...facts, atMs: series.at_ms });
  }
}
