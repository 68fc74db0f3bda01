/**
 * What a case found, in one row, and whether it is as it should be.
 *
 * A fault is a sentence; no fault is a passed case. Bounds are stated here and nowhere else.
 *
 * @module
 */
import type { Arena } from './arena.ts';
import { growthFaults, growthOf, type Point, type Series } from './flat.ts';
import { grown, type Reading, sumOf } from './gauge.ts';
import type { LegitFigures } from './legit.ts';
import { pointOf } from './memory.ts';

/**
 * Anonymous memory of a daemon after an attack, whatever came before it; that it does not go on growing is `flat.ts`. A
 * hub that collects as shipped starts with 33 MiB; under 10,000 datagrams
 * a second its collector lets garbage grow to about 150 MiB and no further (measured over 600,000 datagrams). Chosen:
 * half as much again, less than half a KiB kept of each datagram would show.
 */
export const MEMORY_MAX_MIB = 224;
/** Times that the device may find its way dead or slow for a moment, on a machine with too little to share. Chosen. */
const RECOVERIES_MAX = 2;
/** Verdicts of its own measurements: no attacker can make them but by being slow. */
const MEASURED = new Set([
  'heartbeat_timeout',
  'one_way_out',
  'quality_loss',
  'quality_rtt',
  'quality_jitter',
  'quality_restored',
  'volatility_persisted',
  'reattach_same_transport',
]);
/** Data that came early waits for a commit and is not counted until it is dropped (`hub/sessionData.ts`). */
export const HELD_EARLY_MAX = 64;

export interface Outcome {
  readonly name: string;
  /** Datagrams (or connections, where a case says so). */
  readonly sent: number;
  /** Reached, where a rate was asked for. */
  readonly rate: number | null;
  /** What the attacker got back: datagrams and bytes of them. */
  readonly answered: number;
  readonly answeredBytes: number;
  readonly sentBytes: number;
  readonly countedAs: Readonly<Record<string, number>>;
  /** Reason codes of the audit lines that the attack caused. */
  readonly audited: readonly string[];
  readonly memoryMiB: { readonly hub: number; readonly agent: number };
  /** At rest, before the first wave and after each; what the second half of the waves added. Null where not measured. */
  readonly memory: { readonly series: Series; readonly growth: Point } | null;
  readonly cpuPercent: { readonly hub: number; readonly agent: number };
  readonly legit: LegitFigures | null;
  readonly notes: readonly string[];
  readonly faults: readonly string[];
}

export interface Attack {
  readonly sent: number;
  readonly sentBytes?: number;
  readonly rate?: number;
  readonly answered?: number;
  readonly answeredBytes?: number;
  /** Added to what the daemons counted. */
  readonly countedAs?: Readonly<Record<string, number>>;
  readonly notes?: readonly string[];
  readonly faults?: readonly string[];
  /** Where the case measured it itself. */
  readonly series?: Series;
}

export interface Bounds {
  /** The device's session, version, binding and record are the same afterwards. True if left out. */
  readonly isUntouched?: boolean;
  /** Every datagram sent is in a counter of the hub or of the agent. True if left out. */
  readonly isAllCounted?: boolean;
  /** Pings that may be lost; 0 if left out. */
  readonly pingsLostMax?: number;
  /** In how many waves; those of the arena if left out. */
  readonly waves?: number;
}

/**
 * Run `attack`, once for each wave, while the device's traffic runs, and judge what is the same for all cases.
 *
 * @param attack what it tells is of its own wave alone; waves count from 0.
 */
export async function during(
  arena: Arena,
  name: string,
  attack: (wave: number) => Promise<Attack>,
  bounds: Bounds = {},
): Promise<Outcome> {
  const legit = await arena.legit();
  const before = await arena.read();
  const audited = { hub: arena.hubAudit().length, agent: arena.agentAudit().length };
  const { attack: result, series } = await inWaves(arena, bounds.waves ?? arena.waves, attack);
  await arena.settled();
  const after = await arena.read();
  const figures = await legit.stop();
  const lines = [...arena.hubAudit(audited.hub), ...arena.agentAudit(audited.agent)];
  const counted = { ...countedBetween(before, after), ...result.countedAs };
  const wallSeconds = (after.atMs - before.atMs) / 1_000;
  const cpu = (end: 'hubUse' | 'agentUse') =>
    Math.round(((after[end].cpuSeconds - before[end].cpuSeconds) / wallSeconds) * 100);
  const memory = (end: 'hubUse' | 'agentUse') =>
    Math.round((after[end].anonymousMiB - before[end].anonymousMiB) * 10) / 10;
  const memoryMiB = { hub: memory('hubUse'), agent: memory('agentUse') };
  const moves = arena
    .agentAudit(audited.agent)
    // After a silence of its only link a device claims that link without a transition: a recovery, as this counts them.
    .filter(({ event, detail }) => event === 'transition' || detail['purpose'] === 'stay')
    .map((line) => line.reason_code);
  const faults = [
    ...(result.faults ?? []),
    ...(bounds.isUntouched === false ? [] : changesOf(before, after, moves)),
    ...(bounds.isAllCounted === false ? [] : uncountedOf(result.sent, counted)),
    ...legitFaults(figures, bounds.pingsLostMax ?? 0),
    ...memoryFaults(after),
    ...(series === null || arena.allowed === null ? [] : growthFaults(series, arena.allowed)),
  ];
  return {
    name,
    sent: result.sent,
    sentBytes: result.sentBytes ?? 0,
    rate: result.rate ?? null,
    answered: result.answered ?? 0,
    answeredBytes: result.answeredBytes ?? 0,
    countedAs: counted,
    audited: [...new Set(lines.map((line) => line.reason_code))].sort(),
    memoryMiB,
    memory: memoryOf(series),
    cpuPercent: { hub: cpu('hubUse'), agent: cpu('agentUse') },
    legit: figures,
    notes: [...(result.notes ?? []), ...(moves.length > 0 ? [`moves: ${moves.join(', ')}`] : [])],
    faults,
  };
}

async function inWaves(
  arena: Arena,
  waves: number,
  attack: (wave: number) => Promise<Attack>,
): Promise<{ readonly attack: Attack; readonly series: Series | null }> {
  if (waves === 1) {
    const only = await attack(0);
    return { attack: only, series: only.series ?? null };
  }
  const attacks: Attack[] = [];
  const series: Point[] = [await pointOf(arena)];
  for (let wave = 0; wave < waves; wave += 1) {
    attacks.push(await attack(wave));
    await arena.settled();
    series.push(await pointOf(arena));
  }
  return { attack: together(attacks), series };
}

/** Several waves as one attack; the rate is that of the slowest. */
export function together(attacks: readonly Attack[]): Attack {
  const total = (value: (attack: Attack) => number | undefined) =>
    attacks.reduce((sum, attack) => sum + (value(attack) ?? 0), 0);
  const rates = attacks.flatMap(({ rate }) => rate ?? []);
  const countedAs: Record<string, number> = {};
  for (const [code, count] of attacks.flatMap((each) => Object.entries(each.countedAs ?? {}))) {
    countedAs[code] = (countedAs[code] ?? 0) + count;
  }
  return {
    sent: total(({ sent }) => sent),
    sentBytes: total(({ sentBytes }) => sentBytes),
    answered: total(({ answered }) => answered),
    answeredBytes: total(({ answeredBytes }) => answeredBytes),
    ...(rates.length > 0 ? { rate: Math.min(...rates) } : {}),
    countedAs,
    notes: [...new Set(attacks.flatMap(({ notes }) => notes ?? []))],
    faults: attacks.flatMap(({ faults }, wave) =>
      (faults ?? []).map((fault) => `wave ${wave + 1}: ${fault}`),
    ),
  };
}

function memoryOf(series: Series | null): Outcome['memory'] {
  const growth = series === null ? null : growthOf(series);
  return series === null || growth === null ? null : { series, growth };
}

/** Refusals at both ends; those of the agent carry its name. */
export function countedBetween(before: Reading, after: Reading): Record<string, number> {
  const counted = grown(before.hub.counters, after.hub.counters);
  const overflow = after.hub.overflow - before.hub.overflow;
  if (overflow > 0) counted['hub overflow'] = overflow;
  const refused = grown(before.agent.packets.refused, after.agent.packets.refused);
  for (const [code, count] of Object.entries(refused)) counted[`agent ${code}`] = count;
  const lost = after.agent.packets.overflow - before.agent.packets.overflow;
  if (lost > 0) counted['agent overflow'] = lost;
  return counted;
}

/** What both ends hold of a session. */
export interface Held {
  readonly seat: Pick<
    Reading['seat'],
    'session_id' | 'binding' | 'cipher' | 'is_source_validated' | 'state_version' | 'state'
  >;
  readonly agent: Pick<Reading['agent'], 'session_id' | 'binding' | 'state_version' | 'state'>;
  readonly revision: number;
}

/**
 * What is another than before, a sentence each. What the device's own measurements explain, within bounds, is no change by
 * the attack.
 *
 * @param moves reason codes of the device's transitions and of its claims to stay.
 */
export function changesOf(before: Held, after: Held, moves: readonly string[]): string[] {
  const kept = ({ seat, agent }: Held) => ({
    'session id at the hub': seat.session_id,
    'session id at the device': agent.session_id,
    binding: seat.binding,
    'where it is bound at the device': agent.binding,
    cipher: seat.cipher,
    'whether the binding is proven': seat.is_source_validated,
  });
  const counted = ({ seat, agent, revision }: Held) => ({
    'version at the hub': seat.state_version,
    'version at the device': agent.state_version,
    'state at the hub': seat.state,
    'state at the device': agent.state,
    'revision of the record': revision,
  });
  const recoveries = moves.filter((code) => code === 'reattach_same_transport').length;
  const isExplained =
    moves.length > 0 && moves.every((code) => MEASURED.has(code)) && recoveries <= RECOVERIES_MAX;
  return [
    ...differences(kept(before), kept(after)),
    ...(isExplained ? [] : differences(counted(before), counted(after))),
  ];
}

function differences(was: Record<string, unknown>, is: Record<string, unknown>): string[] {
  return Object.entries(is)
    .filter(([fact, value]) => was[fact] !== value)
    .map(([fact, value]) => `${fact} changed: ${was[fact]} → ${value}`);
}

function memoryFaults({ hubUse, agentUse }: Reading): string[] {
  return Object.entries({ hub: hubUse, agent: agentUse })
    .filter(([, { anonymousMiB }]) => anonymousMiB > MEMORY_MAX_MIB)
    .map(([end, { anonymousMiB }]) => `the ${end} has ${Math.round(anonymousMiB)} MiB of memory`);
}

/** How many of `sent` datagrams are in no counter; below 0 where others' are counted as well. */
export function uncountedCount(sent: number, counted: Readonly<Record<string, number>>): number {
  // Both are counted beside what drew them.
  const { clock_hint_sent: _, unknown_channel_sent: __, ...once } = counted;
  return sent - sumOf(once);
}

function uncountedOf(sent: number, counted: Readonly<Record<string, number>>): string[] {
  const missing = uncountedCount(sent, counted);
  return missing > HELD_EARLY_MAX ? [`${missing} of ${sent} datagrams are in no counter`] : [];
}

function legitFaults(figures: LegitFigures, pingsLostMax: number): string[] {
  const { pingsSent, pingsLost, isTcpIntact, tcpBytes } = figures;
  return [
    ...(pingsLost > pingsLostMax ? [`${pingsLost} of ${pingsSent} echoes were lost`] : []),
    ...(isTcpIntact && tcpBytes > 0 ? [] : ['the TCP transfer did not arrive as sent']),
  ];
}
