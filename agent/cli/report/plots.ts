/**
 * The plots of a review as SVG inside the page. Pure.
 *
 * Colours are the page's (`html.ts`), so that they follow light and dark; each plot says in words what it shows.
 *
 * @module
 */
import type { Facts } from './facts.ts';
import { DEVICES_SHOWN, duration } from './sections.ts';

const WIDTH = 900;
const ROW = 22;
const LEFT = 130;

/** States as coloured bands, a row for each device. */
export function timelineOf({ devices, fromMs, toMs }: Facts): string {
  const shown = devices.slice(0, DEVICES_SHOWN);
  const x = (atMs: number) =>
    LEFT + ((WIDTH - LEFT - 10) * (atMs - fromMs)) / Math.max(1, toMs - fromMs);
  const rows = shown.map(({ device, bands }, at) => {
    const y = 8 + at * ROW;
    const rectangles = bands.map(({ state, fromMs: bandFromMs, toMs: bandToMs }) => {
      const width = Math.max(1, x(bandToMs) - x(bandFromMs)).toFixed(1);
      const told = `${state} ${duration(bandToMs - bandFromMs)} from ${new Date(bandFromMs).toISOString()}`;
      return `<rect class="${state}" x="${x(bandFromMs).toFixed(1)}" y="${y}" width="${width}" height="${ROW - 6}"><title>${told}</title></rect>`;
    });
    return `<text x="${LEFT - 8}" y="${y + 12}" text-anchor="end">${escaped(device.slice(0, 14))}</text>${rectangles.join('')}`;
  });
  const axisY = 22 + shown.length * ROW;
  const axis =
    `<text x="${LEFT}" y="${axisY}">${new Date(fromMs).toISOString()}</text>` +
    `<text x="${WIDTH - 10}" y="${axisY}" text-anchor="end">${new Date(toMs).toISOString()}</text>`;
  const label = `States of ${shown.length} devices over ${duration(toMs - fromMs)}`;
  const more = devices.length - shown.length;
  return (
    `<svg viewBox="0 0 ${WIDTH} ${axisY + 8}" role="img" aria-label="${label}">${rows.join('')}${axis}</svg>` +
    (more > 0 ? `<p>${more} devices more are in the figures and not drawn.</p>` : '')
  );
}

const EDGES_MS = [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 60_000];

/** How many recoveries took how long, in steps of 1, 2 and 5. */
export function recoveriesOf({ recoveriesMs }: Facts): string {
  const bars = [...EDGES_MS, Number.POSITIVE_INFINITY].map((edgeMs, at) => {
    const fromMs = EDGES_MS[at - 1] ?? 0;
    const count = recoveriesMs.filter((ms) => ms >= fromMs && ms < edgeMs).length;
    return {
      name: edgeMs === Number.POSITIVE_INFINITY ? 'longer' : `< ${duration(edgeMs)}`,
      count,
    };
  });
  const most = Math.max(1, ...bars.map(({ count }) => count));
  const step = (WIDTH - 20) / bars.length;
  const drawn = bars.map(({ name, count }, at) => {
    const height = (140 * count) / most;
    const [left, middle] = [10 + at * step, 10 + (at + 0.5) * step];
    return (
      `<rect class="bar" x="${(left + 4).toFixed(1)}" y="${(160 - height).toFixed(1)}" width="${(step - 8).toFixed(1)}" height="${height.toFixed(1)}"/>` +
      `<text x="${middle.toFixed(1)}" y="${(154 - height).toFixed(1)}" text-anchor="middle">${count === 0 ? '' : count}</text>` +
      `<text x="${middle.toFixed(1)}" y="178" text-anchor="middle">${escaped(name)}</text>`
    );
  });
  const label = `How long ${recoveriesMs.length} recoveries took`;
  return `<svg viewBox="0 0 ${WIDTH} 190" role="img" aria-label="${label}">${drawn.join('')}</svg>`;
}

export const escaped = (text: string) =>
  text.replace(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`);
