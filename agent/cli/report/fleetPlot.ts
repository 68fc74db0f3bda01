/**
 * The states of a fleet over time as SVG inside the page. Pure.
 *
 * One column for each moment that is told, as high as the fleet is then, in the colours of the page (`html.ts`).
 *
 * @module
 */
import { STATES } from '../../../session/transitions.ts';

export interface StatesAt {
  readonly atMs: number;
  readonly states: Readonly<Record<string, number>>;
}

const WIDTH = 900;
const HEIGHT = 160;
const AXIS = 24;

/** Empty where nothing is told. Each column reaches to the next one. */
export function statesOverTime(series: readonly StatesAt[]): string {
  const [first, last] = [series[0], series.at(-1)];
  if (first === undefined || last === undefined) return '';
  const totalOf = ({ states }: StatesAt) =>
    STATES.reduce((sum, state) => sum + (states[state] ?? 0), 0);
  const most = Math.max(1, ...series.map(totalOf));
  const spanMs = Math.max(1, last.atMs - first.atMs);
  const widthOf = (fromMs: number, toMs: number) =>
    Math.max(1, (WIDTH * (toMs - fromMs)) / spanMs).toFixed(1);
  const columns = series.map((point, at) => {
    const x = ((WIDTH * (point.atMs - first.atMs)) / spanMs).toFixed(1);
    const width = widthOf(point.atMs, series[at + 1]?.atMs ?? point.atMs);
    let top = HEIGHT;
    return STATES.map((state) => {
      const height = (HEIGHT * (point.states[state] ?? 0)) / most;
      top -= height;
      return height === 0
        ? ''
        : `<rect class="${state}" x="${x}" y="${top.toFixed(1)}" width="${width}" height="${height.toFixed(1)}"/>`;
    }).join('');
  });
  const axisY = HEIGHT + 16;
  const axis =
    `<text x="0" y="${axisY}">${new Date(first.atMs).toISOString()}</text>` +
    `<text x="${WIDTH}" y="${axisY}" text-anchor="end">${new Date(last.atMs).toISOString()}</text>`;
  const label = `Devices by state over ${series.length} moments, at most ${most}`;
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT + AXIS}" role="img" aria-label="${label}">${columns.join('')}${axis}</svg>`;
}
