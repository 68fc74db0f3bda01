/**
 * The outcomes as a person reads them. Pure.
 *
 * @module
 */
import type { Point } from './flat.ts';
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
  'alive, 2nd half',
  'anonymous, 2nd half',
  'CPU % hub+agent',
  'echoes lost',
  'TCP',
  'stall ms',
];

/** One line for each outcome under a head, then what has to be read with it. */
export function tableOf(outcomes: readonly Outcome[], allowed?: Point): readonly string[] {
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
    ...(allowed === undefined
      ? []
      : [
          `growth allowed: ${pair(allowed, 'aliveMiB')} alive, ${pair(allowed, 'anonymousMiB')} anonymous`,
        ]),
    ...outcomes.flatMap(({ name, notes }) => notes.map((note) => `${name}: ${note}`)),
    ...outcomes.flatMap(({ name, faults }) => faults.map((fault) => `FAULT ${name}: ${fault}`)),
  ];
}

function cellsOf(outcome: Outcome): string[] {
  const { memoryMiB, cpuPercent, legit, answered, answeredBytes } = outcome;
  const growth = outcome.memory?.growth ?? null;
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
    growth === null ? NONE : pair(growth, 'aliveMiB'),
    growth === null ? NONE : pair(growth, 'anonymousMiB'),
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

const pair = ({ hub, agent }: Point, quantity: keyof Point['hub']) =>
  `${fine(hub[quantity])} ${fine(agent[quantity])}`;

const fine = (value: number) => `${value >= 0 ? '+' : ''}${value.toFixed(2)}`;

const signed = (value: number) => (value >= 0 ? `+${value.toFixed(1)}` : value.toFixed(1));
