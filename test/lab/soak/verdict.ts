/**
 * The figures of a soak, and what is wrong with them. Pure.
 *
 * @module
 */
import type { InvariantVerdict } from '../../../session/invariants/stream/auditor.ts';
import { aliveSlopeOf, growthOf, type Slope, slopeOf } from './growth.ts';
import type { TcpOutcome } from './parties.ts';
import type { Life } from './sample.ts';

export interface LogFigures {
  readonly files: number;
  readonly events: number;
  readonly faults: readonly string[];
}

export interface Soaked {
  readonly lives: readonly Life[];
  readonly logs: Readonly<Record<'device' | 'hub', LogFigures>>;
  readonly verdicts: readonly InvariantVerdict[];
  /** Every session of the device, in order. */
  readonly sessions: readonly string[];
  readonly policyVersions: readonly number[];
  readonly tcp: TcpOutcome;
  readonly polls: { readonly answered: number; readonly unanswered: number };
  readonly played: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
  readonly durationMs: number;
  readonly warmUpMs: number;
}

export interface SoakBounds {
  /** Of anonymous memory. Null: the run is too short for a slope to mean anything. */
  readonly mibPerHour: number | null;
  /** Of what is alive in a JavaScript heap. */
  readonly aliveMibPerHour: number | null;
  /** Sockets follow links that come and go, so a few more at the end are no leak. */
  readonly descriptors: number;
  readonly threads: number;
}

const PARTIES = ['device', 'hub'] as const;

export interface PartyFigures {
  readonly processes: number;
  readonly samples: number;
  readonly anon: Slope | null;
  readonly rss: Slope | null;
  /** Of the JavaScript heap that grows fastest, after full collections. */
  readonly alive: Slope | null;
  readonly aliveMaxMib: number | null;
  readonly anonMaxMib: number;
  readonly descriptors: {
    readonly min: number;
    readonly max: number;
    readonly growth: number | null;
  };
  readonly threads: { readonly min: number; readonly max: number; readonly growth: number | null };
}

export function partyFigures({ lives, warmUpMs }: Soaked, party: Life['party']): PartyFigures {
  const own = lives.filter((life) => life.party === party);
  const samples = own.flatMap((life) => life.samples);
  const alive = own.flatMap((life) => life.alive.map(({ aliveKib }) => aliveKib));
  const range = (quantity: 'descriptors' | 'threads') => {
    const values = samples.map((sample) => sample[quantity]);
    const growths = own.flatMap((life) => growthOf(life, quantity, warmUpMs) ?? []);
    return {
      min: Math.min(...values),
      max: Math.max(...values),
      growth: growths.length === 0 ? null : Math.max(...growths),
    };
  };
  return {
    processes: own.length,
    samples: samples.length,
    anon: slopeOf(own, 'anonKib', warmUpMs),
    rss: slopeOf(own, 'rssKib', warmUpMs),
    alive: aliveSlopeOf(own, warmUpMs),
    aliveMaxMib: alive.length === 0 ? null : Math.max(...alive) / 1_024,
    anonMaxMib: Math.max(...samples.map(({ anonKib }) => anonKib)) / 1_024,
    descriptors: range('descriptors'),
    threads: range('threads'),
  };
}

/** What is not as it should be, one sentence each; none means that all is. */
export function faultsOf(soaked: Soaked, bounds: SoakBounds): string[] {
  const { logs, verdicts, sessions, tcp, polls } = soaked;
  const faults = [...soaked.faults];
  for (const party of PARTIES) {
    faults.push(...growthFaults(party, partyFigures(soaked, party), bounds));
    faults.push(...logs[party].faults.map((fault) => `log of the ${party}: ${fault}`));
  }
  for (const { id, checked, violations } of verdicts) {
    // A check that never looked has shown nothing.
    if (checked === 0) faults.push(`${id} was not checked: the logs hold nothing to check it by`);
    for (const { sentence, writer, seq } of violations) {
      faults.push(`${id}: ${sentence} (${writer} log, ${seq})`);
    }
  }
  if (sessions.length !== 1) faults.push(`${sessions.length} sessions instead of one`);
  if (!tcp.intact) faults.push('the TCP transfer did not arrive as it was sent');
  if (tcp.connections !== 1) faults.push(`the TCP transfer took ${tcp.connections} connections`);
  if (polls.answered === 0) faults.push('no daemon ever answered the operator');
  return faults;
}

function growthFaults(party: string, figures: PartyFigures, bounds: SoakBounds): string[] {
  const faults: string[] = [];
  const { anon, alive, descriptors, threads } = figures;
  const memory = [
    { what: 'memory', slope: anon, most: bounds.mibPerHour },
    { what: 'what is alive in a heap', slope: alive, most: bounds.aliveMibPerHour },
  ] as const;
  for (const { what, slope, most } of memory) {
    if (most === null) continue;
    if (slope === null) faults.push(`${party}: too few samples for a slope of ${what}`);
    // Beyond doubt: the whole of twice the standard error has to lie above the bound.
    else if (slope.mibPerHour - 2 * slope.errorMibPerHour > most) {
      const mib = slope.mibPerHour.toFixed(1);
      faults.push(`${party}: ${what} grows by ${mib} MiB an hour, at most ${most}`);
    }
  }
  if (descriptors.growth === null) faults.push(`${party}: lived too short to be watched`);
  if ((descriptors.growth ?? 0) > bounds.descriptors) {
    faults.push(
      `${party}: ${descriptors.growth} descriptors more at the end than at the beginning`,
    );
  }
  if ((threads.growth ?? 0) > bounds.threads) {
    faults.push(`${party}: ${threads.growth} threads more at the end than at the beginning`);
  }
  return faults;
}

/** The document that `--json` writes. */
export function figuresOf(soaked: Soaked, faults: readonly string[]) {
  const { logs, verdicts, sessions, policyVersions, tcp, polls, played, durationMs } = soaked;
  return {
    seconds: Math.round(durationMs / 1_000),
    warm_up_seconds: Math.round(soaked.warmUpMs / 1_000),
    device: partyFigures(soaked, 'device'),
    hub: partyFigures(soaked, 'hub'),
    logs,
    sessions: sessions.length,
    policy_versions: policyVersions,
    invariants: {
      checked: verdicts.reduce((total, { checked }) => total + checked, 0),
      violated: verdicts.reduce((total, { violations }) => total + violations.length, 0),
      by_id: Object.fromEntries(verdicts.map(({ id, checked }) => [id, checked])),
    },
    tcp,
    polls,
    played,
    faults,
  };
}
