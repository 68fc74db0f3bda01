/**
 * Recovery times as an SVG: a dot a round and a box from the first to the third quarter, a panel for each round trip, jvpn
 * beside its peers. Pure: the same figures give the same bytes.
 *
 * @module
 */
import { percentileOf } from '../statistics.ts';
import { CLASSES, RTTS_MS } from './classes.ts';
import type { ByClass, ByRtt, FailoverFigures } from './figures.ts';

const SIZE = {
  label: 215,
  panel: 280,
  gap: 40,
  row: 15,
  head: 64,
  block: 34,
  tail: 18,
  foot: 46,
} as const;
const COLOURS = {
  jvpn: '#2563a8',
  mptcp: '#b4632b',
  wireguard_go: '#77818c',
  text: '#1c2733',
  line: '#dfe4e9',
} as const;
const NAMES = { jvpn: 'jvpn', mptcp: 'MPTCP', wireguard_go: 'wireguard-go' } as const;
type Who = keyof typeof NAMES;
/** Decades of milliseconds. */
const DECADES = [1, 10, 100, 1_000, 10_000] as const;
const BOX_HALF = 4;
const DOT_SPREAD = 3.5;

interface Row {
  readonly label: string;
  readonly who: Who;
  /** One list for each of {@link RTTS_MS}. */
  readonly values: readonly (readonly number[])[];
}

export function plotOf(figures: FailoverFigures): string {
  const blocks = [
    { title: 'longest gap of a 1 kHz UDP flow, ms', rows: rowsOf(figures, 'gap_ms') },
    { title: 'longest stall of a TCP transfer, ms', rows: rowsOf(figures, 'tcp_stall_ms') },
  ].filter(({ rows }) => rows.length > 0);
  const width = SIZE.label + RTTS_MS.length * (SIZE.panel + SIZE.gap);
  let y = SIZE.head;
  const drawn = blocks.map(({ title, rows }) => {
    const top = y + SIZE.block;
    const bottom = top + rows.length * SIZE.row;
    y = bottom + SIZE.tail;
    return [
      `<text x="10" y="${top - 14}" font-weight="bold">${title}</text>`,
      ...RTTS_MS.map((_, panel) => gridOf(panel, top, bottom)),
      ...rows.map((row, index) => rowOf(row, top + index * SIZE.row + SIZE.row / 2)),
    ].join('\n');
  });
  const height = y + SIZE.foot;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11" fill="${COLOURS.text}">
<title>Recovery times by kind of trouble and round trip</title>
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="10" y="22" font-size="14" font-weight="bold">How long traffic stands still, by kind of trouble</text>
${RTTS_MS.map((rttMs, panel) => `<text x="${leftOf(panel)}" y="44" font-weight="bold">round trip ${rttMs} ms</text>`).join('\n')}
${drawn.join('\n')}
${legendOf(height - SIZE.foot + 14)}
<text x="10" y="${height - 10}">a dot a round; box: first to third quarter; line: median. ${escaped(footOf(figures))}</text>
</svg>
`;
}

function rowsOf(figures: FailoverFigures, field: 'gap_ms' | 'tcp_stall_ms'): readonly Row[] {
  const all: readonly (readonly [Who, ByRtt<ByClass>])[] = [
    ['jvpn', figures],
    ['mptcp', figures.peers.mptcp],
    ['wireguard_go', figures.peers.wireguard_go],
  ];
  return CLASSES.flatMap((name) =>
    all.flatMap(([who, by]) => {
      const values = RTTS_MS.map((rttMs) => by[`rtt_${rttMs}`]?.[name]?.[field] ?? []);
      const label = who === 'jvpn' ? name : '';
      return values.every((list) => list.length === 0) ? [] : [{ label, who, values }];
    }),
  );
}

function rowOf({ label, who, values }: Row, y: number): string {
  return [
    `<text x="10" y="${y + 4}">${label}</text>`,
    `<text x="${SIZE.label - 8}" y="${y + 4}" text-anchor="end" fill="${COLOURS[who]}">${NAMES[who]}</text>`,
    ...values.map((list, panel) => stripOf(list, panel, y, COLOURS[who])),
  ].join('\n');
}

function stripOf(values: readonly number[], panel: number, y: number, colour: string): string {
  if (values.length === 0) return '';
  const [low, middle, high] = [25, 50, 75].map((percent) =>
    xOf(percentileOf(values, percent), panel),
  );
  const dots = values.map((value, index) => {
    // Spread by the golden ratio, so that equal values lie beside each other and a picture can be drawn again.
    const off = (((index * 0.618_034) % 1) * 2 - 1) * DOT_SPREAD;
    return `<circle cx="${xOf(value, panel)}" cy="${(y + off).toFixed(1)}" r="1.5"/>`;
  });
  return [
    `<g fill="${colour}" fill-opacity="0.55">${dots.join('')}</g>`,
    `<path d="M${low} ${y - BOX_HALF}H${high}V${y + BOX_HALF}H${low}Z" fill="${colour}" fill-opacity="0.15" stroke="${colour}"/>`,
    `<path d="M${middle} ${y - BOX_HALF}V${y + BOX_HALF}" stroke="${colour}" stroke-width="2.5"/>`,
  ].join('');
}

function gridOf(panel: number, top: number, bottom: number): string {
  return DECADES.map((decade) => {
    const x = xOf(decade, panel);
    return `<path d="M${x} ${top}V${bottom}" stroke="${COLOURS.line}"/><text x="${x}" y="${bottom + 11}" text-anchor="middle" font-size="9">${decade}</text>`;
  }).join('');
}

function legendOf(y: number): string {
  return (Object.keys(NAMES) as Who[])
    .map((who, index) => {
      const x = 10 + index * 130;
      return `<circle cx="${x + 4}" cy="${y - 4}" r="4" fill="${COLOURS[who]}"/><text x="${x + 14}" y="${y}">${NAMES[who]}</text>`;
    })
    .join('');
}

const footOf = ({ rounds, peer_rounds, machine, publishable }: FailoverFigures) =>
  `${rounds} rounds, peers ${peer_rounds}; ${machine.cpu}, ${machine.cores} cores, ${machine.commit}${
    publishable ? '' : '; not publishable'
  }`;

const leftOf = (panel: number) => SIZE.label + panel * (SIZE.panel + SIZE.gap);

/** Logarithmic; what lies outside is drawn at the edge. */
function xOf(ms: number, panel: number): string {
  const [least, most] = [DECADES[0], DECADES.at(-1)!];
  const share = Math.log10(Math.min(most, Math.max(least, ms)) / least) / Math.log10(most / least);
  return (leftOf(panel) + share * SIZE.panel).toFixed(1);
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
