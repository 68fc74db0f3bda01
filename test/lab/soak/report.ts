/**
 * A soak as a person reads it. Pure.
 *
 * @module
 */
import type { Slope } from './growth.ts';
import type { Sample } from './sample.ts';
import { type PartyFigures, partyFigures, type Soaked } from './verdict.ts';

export function tableOf(soaked: Soaked): string[] {
  const { logs, verdicts, sessions, policyVersions, tcp, polls, played } = soaked;
  const rows = [
    [
      '',
      'processes',
      'anon MiB/h',
      'rss MiB/h',
      'alive MiB/h',
      'alive max MiB',
      'anon max MiB',
      'descriptors',
      'threads',
      'events',
      'log files',
      'gaps',
    ],
    ...(['device', 'hub'] as const).map((party) => [
      party,
      ...partyCells(partyFigures(soaked, party)),
      String(logs[party].events),
      String(logs[party].files),
      String(logs[party].faults.length),
    ]),
  ];
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  return [
    ...rows.map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at]!))
        .join('  ')
        .trimEnd(),
    ),
    '',
    `session     ${sessions.length === 1 ? `${sessions[0]} throughout` : sessions.join(', ')}, policies ${policyVersions.join(', ')}`,
    `TCP         ${(tcp.bytes / 1e6).toFixed(1)} MB over ${tcp.connections} connection, ${
      tcp.intact ? 'SHA-256 the same at both ends' : 'NOT as it was sent'
    }, longest stall ${tcp.longestStallMs === null ? '?' : Math.round(tcp.longestStallMs)} ms`,
    `operator    ${polls.answered} answers, ${polls.unanswered} while a daemon was down`,
    `disturbed   ${Object.entries(played)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')}`,
    `invariants  ${verdicts
      .map(({ id, checked, violations }) =>
        violations.length === 0 ? `${id} ok (${checked})` : `${id} VIOLATED ${violations.length}×`,
      )
      .join(', ')}`,
  ];
}

function partyCells(figures: PartyFigures) {
  const { processes, anon, rss, alive, aliveMaxMib, anonMaxMib, descriptors, threads } = figures;
  const range = ({ min, max, growth }: PartyFigures['threads']) =>
    `${min}–${max} (${growth === null ? '?' : signed(growth, 0)})`;
  return [
    String(processes),
    slopeText(anon),
    slopeText(rss),
    slopeText(alive),
    aliveMaxMib === null ? '?' : aliveMaxMib.toFixed(1),
    anonMaxMib.toFixed(1),
    range(descriptors),
    range(threads),
  ];
}

const slopeText = (slope: Slope | null) =>
  slope === null
    ? 'too short'
    : `${signed(slope.mibPerHour, 1)} ± ${slope.errorMibPerHour.toFixed(1)}`;

const signed = (value: number, digits: number) => `${value > 0 ? '+' : ''}${value.toFixed(digits)}`;

const SIZE = { width: 900, height: 320, left: 60, right: 20, top: 40, bottom: 40 } as const;
const COLOUR = { device: '#2563a8', hub: '#b4531a' } as const;

/** Anonymous memory over time as an SVG, one line a process. */
export function chartOf({ lives, durationMs }: Soaked): string {
  const samples = lives.flatMap((life) => life.samples);
  const fromMs = Math.min(...samples.map(({ atMs }) => atMs));
  const most = Math.max(...samples.map(({ anonKib }) => anonKib), 1) * 1.1;
  const [plotWidth, plotHeight] = [
    SIZE.width - SIZE.left - SIZE.right,
    SIZE.height - SIZE.top - SIZE.bottom,
  ];
  const place = ({ atMs, anonKib }: Sample) => {
    const x = SIZE.left + ((atMs - fromMs) / durationMs) * plotWidth;
    const y = SIZE.top + plotHeight * (1 - anonKib / most);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  };
  const lines = lives.map(
    ({ party, samples: own }) =>
      `<polyline fill="none" stroke="${COLOUR[party]}" points="${own.map(place).join(' ')}"/>`,
  );
  const marks = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const y = (SIZE.top + plotHeight * (1 - part)).toFixed(1);
    return `<path d="M${SIZE.left} ${y}H${SIZE.width - SIZE.right}" stroke="#d5dae0"/><text x="${SIZE.left - 8}" y="${y}" text-anchor="end">${((most * part) / 1_024).toFixed(0)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" font-family="sans-serif" font-size="12" fill="#1c2733">
<title>Anonymous memory of the daemons over time</title>
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="10" y="22" font-weight="bold">Anonymous memory, MiB, over ${(durationMs / 60_000).toFixed(0)} minutes</text>
<text x="${SIZE.width - 160}" y="22" fill="${COLOUR.device}">device</text><text x="${SIZE.width - 100}" y="22" fill="${COLOUR.hub}">hub</text>
${marks.join('\n')}
${lines.join('\n')}
</svg>
`;
}
