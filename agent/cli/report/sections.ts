/**
 * The review as sections of sentences and tables, whatever they are written as. Pure.
 *
 * The order is that of the operational playbook's review after an incident.
 *
 * @module
 */
import { STATES } from '../../../session/transitions.ts';
import { type Counts, type Facts, percentileOf } from './facts.ts';

export interface Section {
  readonly title: string;
  readonly sentences: readonly string[];
  /** The first row is the head; none where there is nothing to tell. */
  readonly rows: readonly (readonly string[])[];
  /** Drawn above the table where something can draw. */
  readonly plot: 'timeline' | 'recoveries' | null;
}

/** More would not be looked at row by row. */
export const DEVICES_SHOWN = 50;

export function sectionsOf(facts: Facts): readonly Section[] {
  return [
    summary(facts),
    states(facts),
    recoveries(facts),
    switches(facts),
    section(
      'Replays, copies and refusals',
      facts.abuse,
      'None: no claim was refused as stale or repeated, and nobody claimed in another’s name.',
      'Replayed datagrams are counted, not logged: see jvpn_hub_refused_total{code="replayed_datagram"} of the hub and ' +
        'jvpn_refused_total{code=~"duplicate|tooOld"} of a device.',
    ),
    section('Ended sessions', facts.ended, 'No session ended.'),
    invariants(facts),
    {
      title: 'Resources',
      sentences: [
        'CPU and memory are not in audit logs: the health reports and metrics of the time have them.',
      ],
      ...{ rows: [], plot: null },
    },
  ];
}

function summary({ fromMs, toMs, events, devices, sessions, gaps, unreadable }: Facts): Section {
  const lost = gaps + unreadable;
  return {
    title: 'What was looked at',
    sentences: [
      `From ${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()}, ${duration(toMs - fromMs)}: ` +
        `${events} events of ${devices.length} ${devices.length === 1 ? 'device' : 'devices'} and ` +
        `${sessions} ${sessions === 1 ? 'session' : 'sessions'}.`,
      lost === 0
        ? 'No event is missing between two others, and each line is one.'
        : `${gaps} gaps between events, ${unreadable} lines that are none: what follows may be incomplete.`,
    ],
    ...{ rows: [], plot: null },
  };
}

function states({ inStateMs }: Facts): Section {
  const total = Object.values(inStateMs).reduce((sum, ms) => sum + ms, 0);
  const rows = STATES.flatMap((state) => {
    const ms = inStateMs[state];
    return ms === undefined ? [] : [[state, duration(ms), percent(ms / Math.max(1, total))]];
  });
  return {
    title: 'States',
    sentences: rows.length === 0 ? ['No change of state is in the logs.'] : [],
    rows: rows.length === 0 ? [] : [['state', 'time', 'share'], ...rows],
    plot: rows.length === 0 ? null : 'timeline',
  };
}

function recoveries({ recoveriesMs, lost }: Facts): Section {
  const count = recoveriesMs.length;
  const at = (share: number) => duration(percentileOf(recoveriesMs, share) ?? 0);
  return {
    title: 'Recovery latency',
    sentences:
      count === 0
        ? ['No binding was lost and found again.']
        : [
            `${count} ${count === 1 ? 'recovery' : 'recoveries'}: ${at(50)} (median), ${at(95)} (p95), ${at(99)} (p99), ${at(100)} (longest).`,
          ],
    rows: tableOf('lost for', lost),
    plot: count === 0 ? null : 'recoveries',
  };
}

function switches({ devices, switches: back, denied }: Facts): Section {
  const total = devices.reduce((sum, device) => sum + device.switches, 0);
  const most = devices.toSorted((a, b) => b.switchesInAMinuteMax - a.switchesInAMinuteMax)[0];
  const rows = [
    ...Object.entries(back).map(([reason, count]) => ['back by', reason, String(count)]),
    ...Object.entries(denied).map(([reason, count]) => ['denied', reason, String(count)]),
  ];
  return {
    title: 'Switches',
    sentences: [
      `${total} committed; at most ${most?.switchesInAMinuteMax ?? 0} of one device in a minute.`,
    ],
    rows: rows.length === 0 ? [] : [['', 'reason', 'times'], ...rows],
    plot: null,
  };
}

function invariants({ invariants: verdicts, alarms }: Facts): Section {
  const broken = verdicts.filter(({ violations }) => violations.length > 0);
  return {
    title: 'Invariants',
    sentences: [
      broken.length === 0
        ? 'None that logs can show was broken.'
        : `Broken: ${broken.map(({ id, name }) => `${id} ${name}`).join(', ')}. Stop the deployment; jvpn audit names the events.`,
      ...Object.entries(alarms).map(([reason, count]) => `Alarm: ${reason}, ${count} times.`),
    ],
    rows: [
      ['invariant', 'checked', 'broken'],
      ...verdicts.map(({ id, name, checked, violations }) => [
        ...[`${id} ${name}`, String(checked), String(violations.length)],
      ]),
    ],
    plot: null,
  };
}

/** @param always what has to be known of the figures, whatever they are. */
function section(title: string, counts: Counts, none: string, ...always: string[]): Section {
  const rows = tableOf('reason', counts);
  return { title, sentences: [...(rows.length === 0 ? [none] : []), ...always], rows, plot: null };
}

const tableOf = (head: string, counts: Counts): (readonly string[])[] => {
  const rows = Object.entries(counts).toSorted(([, a], [, b]) => b - a);
  if (rows.length === 0) return [];
  return [[head, 'times'], ...rows.map(([reason, count]) => [reason, String(count)])];
};

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** `45 ms`, `2.3 s`, `12 min`, `3.5 h`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}
