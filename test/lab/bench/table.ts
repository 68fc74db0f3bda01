/**
 * The figures as a person reads them. Pure.
 *
 * @module
 */
import type { ContenderFigures, Figures } from './figures.ts';
import type { Round } from './measure.ts';
import type { Spread } from './statistics.ts';

const NONE = '–';

interface Column {
  readonly title: string;
  readonly cell: (figures: ContenderFigures) => string;
}

const COLUMNS: readonly Column[] = [
  { title: 'TCP 1 up', cell: ({ tcp1_up }) => spreadText(tcp1_up.mbps) },
  { title: 'TCP 1 down', cell: ({ tcp1_down }) => spreadText(tcp1_down.mbps) },
  { title: 'TCP 4 up', cell: ({ tcp4_up }) => spreadText(tcp4_up.mbps) },
  { title: 'TCP 4 down', cell: ({ tcp4_down }) => spreadText(tcp4_down.mbps) },
  { title: 'CPU s/GB', cell: ({ tcp1_up }) => pairText(tcp1_up.cpu_s_per_gb, 1) },
  { title: 'udp64 kpps', cell: ({ udp64_pps }) => thousands(udp64_pps) },
  { title: 'udp200 kpps', cell: ({ udp200_pps }) => thousands(udp200_pps) },
  { title: 'ping ms', cell: ({ ping_idle_ms }) => decimal(ping_idle_ms?.median, 2) },
  {
    title: 'loaded p50/p99/max',
    cell: ({ ping_loaded_ms: { p50, p99, max } }) =>
      [p50?.median, p99?.median, max].map((value) => decimal(value, 1)).join('/'),
  },
  {
    title: 'RSS MiB',
    cell: ({ peak_rss_kib: { device, hub } }) =>
      pairText({ device: mebi(device), hub: mebi(hub) }, 0),
  },
  {
    title: 'anon MiB',
    cell: ({ peak_anon_kib: { device, hub } }) =>
      pairText({ device: mebi(device), hub: mebi(hub) }, 0),
  },
  { title: 'GC max ms', cell: ({ gc_pause_max_ms }) => pairText(gc_pause_max_ms, 1) },
  { title: 'MTU', cell: ({ mtu }) => String(mtu) },
];

/** One line for each contender, the ratios, and what has to be read with it. */
export function tableOf(figures: Figures): readonly string[] {
  const rows = [
    ['Mbit/s: median (min–max)', ...COLUMNS.map(({ title }) => title)],
    ...Object.entries(figures.contenders).map(([name, each]) => [
      name,
      ...COLUMNS.map(({ cell }) => cell(each)),
    ]),
  ];
  return [
    ...aligned(rows),
    '',
    `jvpn is ${times(figures.ratio_wireguard_go)} wireguard-go, ${times(figures.ratio_openvpn)} OpenVPN, ${times(
      figures.ratio_nocipher,
    )} itself without a cipher (one TCP flow up, median of the rounds' ratios)`,
    'CPU, RSS, anon and GC: device + hub. CPU s/GB: of the tunnel processes during TCP 1 up. GC: longest pause of any thread.',
    ...Object.entries(figures.contenders).map(
      ([name, { about, cipher }]) => `${name}: ${cipher}; ${about}`,
    ),
    ...Object.entries(figures.absent).map(([name, why]) => `${name}: absent, ${why}`),
    `${figures.rounds} rounds of ${figures.seconds} s flows; ${Object.entries(figures.machine)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}`,
    ...(figures.publishable
      ? []
      : [`NOT PUBLISHABLE: ${figures.publishable_obstacles.join('; ')}`]),
  ];
}

/** A round of one contender on one line, while it runs. */
export function roundText({ tcp, udp64Pps, udp200Pps, pingLoaded }: Round): string {
  const rates = [tcp.tcp1_up, tcp.tcp1_down, tcp.tcp4_up, tcp.tcp4_down].map(({ mbps }) =>
    mbps.toFixed(0).padStart(6),
  );
  const packets =
    udp64Pps === null || udp200Pps === null
      ? ''
      : `, ${(udp64Pps / 1000).toFixed(1)} and ${(udp200Pps / 1000).toFixed(1)} kpps`;
  return `${rates.join('')} Mbit/s${packets}, loaded p99 ${pingLoaded.p99} ms`;
}

function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  return rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)))
      .join('  '),
  );
}

const decimal = (value: number | null | undefined, digits: number) =>
  value === null || value === undefined ? NONE : value.toFixed(digits);

const times = (ratio: number | null) => (ratio === null ? NONE : `${ratio.toFixed(2)}×`);

function spreadText(spread: Spread | null): string {
  if (spread === null) return NONE;
  const { median, min, max } = spread;
  return `${median.toFixed(0)} (${min.toFixed(0)}–${max.toFixed(0)})`;
}

const thousands = (spread: Spread | null) =>
  spread === null ? NONE : (spread.median / 1000).toFixed(1);

const mebi = (spread: Spread | undefined) =>
  spread === undefined ? undefined : { ...spread, median: spread.median / 1024 };

function pairText(
  { device, hub }: { readonly device?: Spread | undefined; readonly hub?: Spread | undefined },
  digits: number,
): string {
  if (device === undefined || hub === undefined) return NONE;
  return `${device.median.toFixed(digits)}+${hub.median.toFixed(digits)}`;
}
