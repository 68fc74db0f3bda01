/**
 * The outcomes as a person reads them. Pure.
 *
 * @module
 */
import type { Outcome } from './outcome.ts';

const NONE = '–';
const CODES_SHOWN = 4;

const HEAD = [
  'case',
  'sent',
  'rate/s',
  'answered',
  'counted as',
  'memory MiB hub+agent',
  'CPU % hub+agent',
  'echoes lost',
  'TCP',
  'stall ms',
];

/** One line for each outcome under a head, then what has to be read with it. */
export function tableOf(outcomes: readonly Outcome[]): readonly string[] {
  const rows = [HEAD, ...outcomes.map(cellsOf)];
  const widths = HEAD.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)))
      .join('  '),
  );
  return [
    ...lines,
    '',
    ...outcomes.flatMap(({ name, notes }) => notes.map((note) => `${name}: ${note}`)),
    ...outcomes.flatMap(({ name, faults }) => faults.map((fault) => `FAULT ${name}: ${fault}`)),
  ];
}

function cellsOf(outcome: Outcome): string[] {
  const { memoryMiB, cpuPercent, legit, answered, answeredBytes } = outcome;
  return [
    outcome.name,
    String(outcome.sent),
    outcome.rate === null ? NONE : String(outcome.rate),
    answered === 0
      ? '0'
      : answeredBytes === 0
        ? String(answered)
        : `${answered} (${answeredBytes} B)`,
    codesOf(outcome.countedAs),
    `${signed(memoryMiB.hub)} ${signed(memoryMiB.agent)}`,
    `${cpuPercent.hub} ${cpuPercent.agent}`,
    legit === null ? NONE : `${legit.pingsLost}/${legit.pingsSent}`,
    legit === null ? NONE : legit.isTcpIntact ? 'intact' : 'BROKEN',
    legit === null ? NONE : String(legit.longestStallMs),
  ];
}

function codesOf(counted: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(counted).sort(([, a], [, b]) => b - a);
  const shown = sorted.slice(0, CODES_SHOWN).map(([code, count]) => `${code} ${count}`);
  return [...shown, ...(sorted.length > CODES_SHOWN ? ['…'] : [])].join(', ') || NONE;
}

const signed = (value: number) => (value >= 0 ? `+${value.toFixed(1)}` : value.toFixed(1));
