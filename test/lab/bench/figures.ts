/**
 * The document that `--json` writes. Pure: rounds in, figures out.
 *
 * @module
 */
import type { Contender } from './contender.ts';
import { type PerProcess, type Round, TCP_NAMES, type TcpFlow } from './measure.ts';
import type { Pauses } from './pauses.ts';
import { ratioOf, round, type Spread, spreadOf } from './statistics.ts';

export interface Run {
  readonly machine: Readonly<Record<string, string | number>>;
  readonly rounds: number;
  readonly seconds: number;
  /** Why the figures are not to be published; none: they may be. */
  readonly obstacles: readonly string[];
  /** In order: the first of each is of the same round of the bench, and so on. */
  readonly measured: Readonly<Partial<Record<Contender, readonly Round[]>>>;
  /** Contenders that could not run here, and why. */
  readonly absent: Readonly<Partial<Record<Contender, string>>>;
}

export type Figures = ReturnType<typeof figuresOf>;
export type ContenderFigures = NonNullable<ReturnType<typeof contenderFigures>>;

export function figuresOf(run: Run) {
  const { measured } = run;
  const mbps = (name: Contender) => (measured[name] ?? []).map((each) => each.tcp.tcp1_up.mbps);
  const median = (name: Contender) => spreadOf(mbps(name))?.median ?? null;
  const loadedP99 = (measured.jvpn ?? []).map((each) => each.pingLoaded.p99);
  const contenders: Partial<Record<Contender, ContenderFigures>> = {};
  for (const [name, rounds] of Object.entries(measured) as [Contender, Round[]][]) {
    const figures = contenderFigures(rounds);
    if (figures !== null) contenders[name] = figures;
  }
  return {
    jvpn_mbps: median('jvpn'),
    jvpn_chacha_mbps: median('jvpn_chacha'),
    jvpn_nocipher_mbps: median('jvpn_nocipher'),
    wireguard_go_mbps: median('wireguard_go'),
    openvpn_mbps: median('openvpn'),
    ratio_wireguard_go: ratioOf(mbps('jvpn'), mbps('wireguard_go')),
    ratio_openvpn: ratioOf(mbps('jvpn'), mbps('openvpn')),
    ratio_nocipher: ratioOf(mbps('jvpn'), mbps('jvpn_nocipher')),
    ratio_chacha_nocipher: ratioOf(mbps('jvpn_chacha'), mbps('jvpn_nocipher')),
    ping_loaded_ms_p99: spreadOf(loadedP99)?.median ?? null,
    rounds: run.rounds,
    seconds: run.seconds,
    publishable: run.obstacles.length === 0,
    publishable_obstacles: run.obstacles,
    machine: run.machine,
    absent: run.absent,
    contenders,
  };
}

function contenderFigures(rounds: readonly Round[]) {
  const [first] = rounds;
  if (first === undefined) return null;
  const spread = (pick: (each: Round) => number | null) =>
    spreadOf(rounds.map(pick).filter(isNumber));
  const tcp = (flow: TcpFlow) => ({
    mbps: spread((each) => each.tcp[flow].mbps),
    cpu_s_per_gb: endsOf(rounds.map((each) => each.tcp[flow].cpuPerGb)),
  });
  const flows = Object.fromEntries(TCP_NAMES.map((flow) => [flow, tcp(flow)]));
  return {
    about: first.about,
    cipher: first.cipher,
    mtu: first.mtuBytes,
    rounds: rounds.length,
    ...(flows as Record<TcpFlow, ReturnType<typeof tcp>>),
    udp64_pps: spread((each) => each.udp64Pps),
    udp200_pps: spread((each) => each.udp200Pps),
    ping_idle_ms: spread((each) => each.pingIdle.p50),
    ping_loaded_ms: {
      p50: spread((each) => each.pingLoaded.p50),
      p99: spread((each) => each.pingLoaded.p99),
      max: round(Math.max(...rounds.map((each) => each.pingLoaded.max))),
      lost: rounds.reduce((total, each) => total + each.pingLoaded.lost, 0),
    },
    peak_rss_kib: endsOf(rounds.map((each) => each.peakKib)),
    peak_anon_kib: endsOf(rounds.map((each) => each.peakAnonKib)),
    gc_pauses: endsOf(rounds.map((each) => picked(each.pauses, ({ count }) => count))),
    gc_pause_max_ms: endsOf(rounds.map((each) => picked(each.pauses, ({ maxMs }) => maxMs))),
  };
}

function picked({ device, hub }: Round['pauses'], pick: (pauses: Pauses) => number): PerProcess {
  return {
    ...(device === undefined ? {} : { device: pick(device) }),
    ...(hub === undefined ? {} : { hub: pick(hub) }),
  };
}

/** The spread of each process; nothing for the bare cable. */
function endsOf(values: readonly PerProcess[]) {
  const of = (end: 'device' | 'hub') => spreadOf(values.map((each) => each[end]).filter(isNumber));
  const found: Partial<Record<'device' | 'hub', Spread>> = {};
  for (const end of ['device', 'hub'] as const) {
    const spread = of(end);
    if (spread !== null) found[end] = spread;
  }
  return found;
}

const isNumber = (value: number | null | undefined): value is number =>
  typeof value === 'number' && !Number.isNaN(value);
