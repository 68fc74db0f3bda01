/**
 * The review of a fleet as sections of sentences and tables, whatever they are written as. Pure.
 *
 * The order is that of a rollout and of an incident: what was looked at, where the fleet is, what happened, what came of documents.
 *
 * @module
 */
import { STATES } from '../session/transitions.ts';
import type { Counts, ReviewFacts } from './review.ts';

/** As `agent/cli/report/` writes them. */
export interface ReviewSection {
  readonly title: string;
  readonly sentences: readonly string[];
  /** The first row is the head; none where there is nothing to tell. */
  readonly rows: readonly (readonly string[])[];
  readonly plot: null;
}

/** Of the section that the states are drawn in. */
export const STATES_TITLE = 'States';

export function reviewSections(facts: ReviewFacts): readonly ReviewSection[] {
  return [
    looked(facts),
    states(facts),
    happened(facts),
    section(
      'Dead transports',
      tableOf('reason', facts.deadTransports),
      'No transport died under a session.',
    ),
    section('Denied switches', tableOf('reason', facts.deniedSwitches), 'No switch was denied.'),
    bindings(facts),
    section('Ended sessions', tableOf('reason', facts.ended), 'No session ended.'),
    policies(facts),
    documents(facts),
    section(
      'Devices that switched most',
      facts.busiest.length === 0
        ? []
        : [['device', 'switches'], ...facts.busiest.map((row) => [row.device, `${row.switches}`])],
      'No device switched.',
    ),
  ];
}

function looked({ fromMs, toMs, devices, changed, lost }: ReviewFacts): ReviewSection {
  const sentences = [
    `From ${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()}: ${devices} devices are known, ` +
      `and something happened on ${changed} of them.`,
    lost.times === 0
      ? 'No device was lost.'
      : `${lost.devices} devices were lost, ${lost.times} times together.`,
  ];
  return { title: 'What was looked at', sentences, rows: [], plot: null };
}

function states({ states: now, statesMax }: ReviewFacts): ReviewSection {
  const rows = [...STATES, 'OTHER'].flatMap((state) => {
    const most = statesMax[state] ?? 0;
    return most === 0 ? [] : [[state, `${now[state] ?? 0}`, `${most}`]];
  });
  const head = ['state', 'devices at the end', 'most at the end of a minute'];
  return section(STATES_TITLE, rows.length === 0 ? [] : [head, ...rows], 'No state is known.');
}

function happened(facts: ReviewFacts): ReviewSection {
  const { recoveryMs, switches, replaySigns, hijackSigns } = facts;
  const { count, p50, p95, p99 } = recoveryMs;
  const ms = (value: number | null) => (value === null ? 'unknown' : `${value} ms`);
  return {
    title: 'What happened',
    sentences: [
      count === 0
        ? 'No device recovered from anything.'
        : `${count} recoveries: ${ms(p50)} (median), ${ms(p95)} (p95), ${ms(p99)} (p99), rounded up.`,
      `${switches} switches; ${replaySigns} signs of replay, ${hijackSigns} of a stolen identity.`,
    ],
    rows: tableOf('a state changed for', facts.reasons),
    plot: null,
  };
}

function bindings({ spreads }: ReviewFacts): ReviewSection {
  const rows = SPREADS.flatMap(({ figure, words, unit, scale }) => {
    const { p50 = null, p95 = null } = spreads?.[figure] ?? {};
    const text = (value: number) => `${(value / scale).toFixed(1)} ${unit}`;
    return p50 === null || p95 === null ? [] : [[words, text(p50), text(p95)]];
  });
  const head = ['at the worst minute', 'p50', 'p95'];
  return section(
    'Bindings and agents',
    rows.length === 0 ? [] : [head, ...rows],
    'No device said how its binding was.',
  );
}

const SPREADS = [
  { figure: 'rtt_ms', words: 'round trip of bindings', unit: 'ms', scale: 1 },
  { figure: 'jitter_ms', words: 'jitter of bindings', unit: 'ms', scale: 1 },
  { figure: 'loss_percent', words: 'loss of bindings', unit: '%', scale: 1 },
  { figure: 'memory_bytes', words: 'memory of agents', unit: 'MB', scale: 1e6 },
] as const;

function policies({ verdicts, emergencies }: ReviewFacts): ReviewSection {
  const rows = Object.entries(verdicts)
    .map(([key, count]) => [...key.split(' '), `${count}`])
    .sort(([a], [b]) => Number(b) - Number(a))
    .map(([version = '', word = '', count = '']) => [version, word.replaceAll('_', ' '), count]);
  return {
    title: 'Policies, as each device says last',
    sentences: [
      ...(rows.length === 0 ? ['No device takes signed documents.'] : []),
      emergencies === 0
        ? 'No device says that an emergency holds.'
        : `${emergencies} devices say that an emergency holds.`,
    ],
    rows: rows.length === 0 ? [] : [['version', 'is', 'devices'], ...rows],
    plot: null,
  };
}

function documents({ documents: all }: ReviewFacts): ReviewSection {
  const rows = all.map(({ code, version, devices, spreadMs }) => [
    ...[code, version ?? '', `${devices}`, `${(spreadMs / 1_000).toFixed(1)} s`],
  ]);
  const head = ['what came of it', 'version', 'devices', 'from the first to the last'];
  return section(
    'Signed documents',
    rows.length === 0 ? [] : [head, ...rows],
    'No document reached a device.',
  );
}

const section = (title: string, rows: ReviewSection['rows'], none: string): ReviewSection => ({
  ...{ title, sentences: rows.length === 0 ? [none] : [], rows, plot: null },
});

function tableOf(head: string, counts: Counts): (readonly string[])[] {
  const rows = Object.entries(counts).toSorted(([, a], [, b]) => b - a);
  if (rows.length === 0) return [];
  return [[head, 'times'], ...rows.map(([name, count]) => [name, `${count}`])];
}
