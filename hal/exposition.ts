/**
 * Metrics in the text format of Prometheus (version 0.0.4). Pure.
 *
 * ```text
 * # HELP jvpn_switches_total Committed changes of transport.
 * # TYPE jvpn_switches_total counter
 * jvpn_switches_total 3
 * ```
 *
 * @module
 */

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Metric {
  /** Base units, and `_total` behind a counter (Prometheus, "Metric and label naming"). */
  readonly name: string;
  readonly kind: 'counter' | 'gauge';
  readonly help: string;
  /** What is not known has none. */
  readonly samples: readonly Sample[];
}

export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** A metric without samples is left out. */
export function expositionOf(metrics: readonly Metric[]): string {
  return metrics
    .filter(({ samples }) => samples.length > 0)
    .flatMap(({ name, kind, help, samples }) => [
      `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`,
      `# TYPE ${name} ${kind}\n`,
      ...samples.map(({ labels, value }) => `${name}${labelsOf(labels)} ${value}\n`),
    ])
    .join('');
}

function labelsOf(labels: Sample['labels']): string {
  const pairs = Object.entries(labels ?? {}).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const escaped = (value: string) =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

export const gauge = (name: string, help: string, samples: readonly Sample[]): Metric => {
  return { name, kind: 'gauge', help, samples };
};

/** What only grows while the process lives; the name ends in `_total`. */
export const counter = (name: string, help: string, samples: readonly Sample[]): Metric => {
  return { name, kind: 'counter', help, samples };
};

/** A sample, or none where nothing is known. */
export const known = (value: number | null, labels?: Sample['labels']): readonly Sample[] =>
  value === null ? [] : [labels === undefined ? { value } : { labels, value }];

/** One sample for each entry of `counts`, its key as the label `label`. */
export const byLabel = (label: string, counts: Readonly<Record<string, number>>): Sample[] =>
  Object.entries(counts).map(([key, value]) => ({ labels: { [label]: key }, value }));

/** One sample for each of `states`: 1 for the one that is, 0 for all others. */
export const stateSet = (states: readonly string[], current: string): Sample[] =>
  states.map((state) => ({ labels: { state }, value: state === current ? 1 : 0 }));

/** What was sent and what was received of one thing. */
export const bothWays = (sent: number, received: number): Sample[] =>
  byLabel('direction', { sent, received });
