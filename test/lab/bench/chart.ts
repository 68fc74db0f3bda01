/**
 * Throughput of one TCP flow as an SVG of bars, with a whisker from the slowest to the fastest round. Pure.
 *
 * @module
 */
import type { Figures } from './figures.ts';
import type { Spread } from './statistics.ts';

const SIZE = { width: 720, name: 130, value: 150, row: 34, bar: 20, top: 40, bottom: 30 } as const;
const COLOURS = { jvpn: '#2563a8', peer: '#8a94a0', whisker: '#1c2733', text: '#1c2733' } as const;

/** The bare cable is left out: beside it, no tunnel has a visible bar. */
export function chartOf(figures: Figures): string {
  const bars = Object.entries(figures.contenders).flatMap(([name, { tcp1_up }]) =>
    name === 'none' || tcp1_up.mbps === null ? [] : [{ name, spread: tcp1_up.mbps }],
  );
  const most = Math.max(1, ...bars.map(({ spread }) => spread.max));
  const scale = (SIZE.width - SIZE.name - SIZE.value) / most;
  const height = SIZE.top + bars.length * SIZE.row + SIZE.bottom;
  const { cpu, cores, commit } = figures.machine;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${height}" font-family="sans-serif" font-size="13" fill="${COLOURS.text}">
<title>One TCP flow through each tunnel, device to hub, in Mbit/s</title>
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="10" y="22" font-weight="bold">One TCP flow, device to hub, Mbit/s</text>
${bars.map(({ name, spread }, index) => barOf(name, spread, scale, SIZE.top + index * SIZE.row)).join('\n')}
<text x="10" y="${height - 10}" font-size="11">median of ${figures.rounds} rounds, whisker: slowest to fastest; ${escaped(`${cpu}, ${cores} cores, ${commit}`)}</text>
</svg>
`;
}

function barOf(name: string, { median, min, max }: Spread, scale: number, y: number): string {
  const colour = name.startsWith('jvpn') ? COLOURS.jvpn : COLOURS.peer;
  const middle = y + SIZE.bar / 2;
  const at = (mbps: number) => (SIZE.name + mbps * scale).toFixed(1);
  return [
    `<text x="10" y="${middle + 5}">${escaped(name)}</text>`,
    `<rect x="${SIZE.name}" y="${y}" width="${(median * scale).toFixed(1)}" height="${SIZE.bar}" fill="${colour}"/>`,
    `<path d="M${at(min)} ${middle}H${at(max)}M${at(min)} ${middle - 5}v10M${at(max)} ${middle - 5}v10" stroke="${COLOURS.whisker}" stroke-width="1.5" fill="none"/>`,
    `<text x="${(SIZE.name + max * scale + 10).toFixed(1)}" y="${middle + 5}">${median.toFixed(0)} (${min.toFixed(0)}–${max.toFixed(0)})</text>`,
  ].join('\n');
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
