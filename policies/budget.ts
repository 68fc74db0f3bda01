/**
 * What an idle device costs under a policy: bytes of LTE a day, wake-ups, and how late silence is noticed.
 *
 * Arithmetic over the policy's intervals and the sizes of what is sent at them. `jvpn policy budget` prints it, a test
 * holds the defaults and the shipped profiles to {@link BUDGETS}, and `scripts/bench idle` measures the same at the
 * interface. It counts what the tunnel, its keys and health reports cost while no application sends anything; the
 * attachment itself, and links that come and go, are not in it. The binding is on the preferred link, or on the only one
 * that answers: an unmetered, preferred link that answers and is not gone back to yet, or not at all (`better`, and it is
 * worse), costs a question a second and two looks beside.
 *
 * @module
 */

import { PROBE_ACK_BYTES, PROBE_BYTES } from '../session/wire/layout.ts';
import { INITIATION_BYTES, RESPONSE_BYTES, TRANSPORT_BYTES_MIN } from '../session/wire/messages.ts';
import type { Policy } from './schema.ts';

/** Of the outer addresses. */
export type Family = 4 | 6;
/** What LTE is: beside an Ethernet that is the binding, or the only link. */
export type Use = 'standby' | 'active';

export interface IdleCost {
  /** IP bytes a day, both ways, over an LTE link beside an active Ethernet. */
  readonly standbyLteBytesPerDay: number;
  /** The same over an LTE link that is the only one. */
  readonly activeLteBytesPerDay: number;
  /** Of all threads, with Ethernet as the binding and LTE beside it. */
  readonly standbyWakeupsPerS: number;
  /** Of all threads, with LTE as the only link. */
  readonly activeWakeupsPerS: number;
  /** From the moment a link falls silent to the verdict, idle: on an unmetered and on a metered binding. */
  readonly idleSilenceMs: number;
  readonly meteredIdleSilenceMs: number;
}

const DAY_MS = 86_400_000;
/** IP without options, and UDP. */
const OUTER_BYTES = { 4: 28, 6: 48 } as const;
/** A frame's head, a session id of 16 bytes and, in ROTATE, a proof of 32, as CBOR. */
const ROTATE_BYTES = 56;
const ROTATED_BYTES = 21;
/** In each new channel both ends say what MTU they have, and how late the device notices silence. */
const MTU_BYTES = 13;
/** Of a channel without data (session/channel/age.ts). */
const IDLE_REKEY_MS = 3_600_000;
/** An inner TCP segment without payload: IPv4, TCP with timestamps, padded to 16. */
const INNER_ACK_BYTES = 64;
/** A health report as MQTT PUBLISH: a document with three links and a screenful of counters (measured: 1.4 to 1.9 KB). */
const REPORT_BYTES = 2_048;
/** Beside a report or a ping and behind it, until one is answered, and the last one: six at a short round trip, ten at 200 ms. */
const TALK_PROBES = 11;
/** … where questions cost money: two were measured at a short round trip; more of it, one more. */
const TALK_PROBES_METERED = 3;
/** Probed silence of this long is death (session/liveness/liveness.ts). */
const SILENCE_MS = 2_000;
/**
 * Of the runtime while nothing happens: its collector, the allocator's thread, a thread that it calls JSCWarmUp (measured
 * on busy cores: what is left of LTE alone, docs/decisions/0025-what-a-metered-day-is-made-of.md).
 */
const RUNTIME_WAKEUPS_PER_S = 0.8;
/** A probe wakes the tunnel thread twice: to send, and by its answer. Looking at the binding wakes nobody: it is done when it is asked. */
const WAKEUPS_OF_PROBE = 2;
/** A handshake and the frames that bind the new channel. */
const WAKEUPS_OF_REKEY = 4;
/** A report or a ping of MQTT: both threads, TCP's acknowledgements, the allocator (measured: what reports add). */
const WAKEUPS_OF_BURST = 34;

export function idleCost(policy: Policy, family: Family): IdleCost {
  const { liveness } = policy;
  const day = (use: Use) => {
    const rows = periodics(policy, family, use);
    const total = (each: (row: Periodic) => number) =>
      rows.reduce((sum, row) => sum + (DAY_MS / row.everyMs) * each(row), 0);
    return { lteBytes: total((row) => row.lteBytes), wakeups: total((row) => row.wakeups) };
  };
  const [standby, active] = [day('standby'), day('active')];
  return {
    standbyLteBytesPerDay: Math.ceil(standby.lteBytes),
    activeLteBytesPerDay: Math.ceil(active.lteBytes),
    standbyWakeupsPerS: perSecond(standby.wakeups),
    activeWakeupsPerS: perSecond(active.wakeups),
    idleSilenceMs: liveness.heartbeatIdleMs + SILENCE_MS,
    meteredIdleSilenceMs: liveness.meteredStandbyProbeMs + SILENCE_MS,
  };
}

/** LTE bytes a day of what happens more rarely than `windowMs`: what a measurement of that length may have missed. */
export function rareBytesPerDay(
  policy: Policy,
  family: Family,
  use: Use,
  windowMs: number,
): number {
  return periodics(policy, family, use)
    .filter(({ everyMs }) => everyMs > windowMs)
    .reduce((sum, { everyMs, lteBytes }) => sum + (DAY_MS / everyMs) * lteBytes, 0);
}

/** Something that an idle device does over and over. */
interface Periodic {
  readonly everyMs: number;
  /** On the LTE link, both ways, each time. */
  readonly lteBytes: number;
  /** Of all threads, each time. */
  readonly wakeups: number;
}

function periodics(policy: Policy, family: Family, use: Use): readonly Periodic[] {
  const { liveness, telemetry } = policy;
  const sizes = sizesOf(family);
  const probe = {
    everyMs: liveness.meteredStandbyProbeMs,
    lteBytes: sizes.probe,
    wakeups: WAKEUPS_OF_PROBE,
  };
  if (use === 'standby') {
    const wakeups = TALK_PROBES * WAKEUPS_OF_PROBE + WAKEUPS_OF_BURST;
    return [
      probe,
      { everyMs: liveness.heartbeatIdleMs, lteBytes: 0, wakeups: WAKEUPS_OF_PROBE },
      { everyMs: telemetry.healthIntervalMs, lteBytes: 0, wakeups },
      // A report puts the next ping off: pings come only where reports are rarer.
      ...pings(telemetry.mqttKeepaliveMs, telemetry.healthIntervalMs, { lteBytes: 0, wakeups }),
    ];
  }
  const wakeups = TALK_PROBES_METERED * WAKEUPS_OF_PROBE + WAKEUPS_OF_BURST;
  // From its first data packet on a channel has two minutes: each burst ends one.
  const burst = (bytes: number) => ({
    lteBytes: bytes + TALK_PROBES_METERED * sizes.probe + sizes.rekey,
    wakeups,
  });
  const { meteredHealthIntervalMs, meteredMqttKeepaliveMs } = telemetry;
  return [
    probe,
    { everyMs: liveness.meteredKeepaliveMs, lteBytes: sizes.keepalive, wakeups: 1 },
    { everyMs: IDLE_REKEY_MS, lteBytes: sizes.rekey, wakeups: WAKEUPS_OF_REKEY },
    { everyMs: meteredHealthIntervalMs, ...burst(sizes.report) },
    ...pings(meteredMqttKeepaliveMs, meteredHealthIntervalMs, burst(sizes.ping)),
  ];
}

function pings(
  keepaliveMs: number,
  reportMs: number,
  each: Omit<Periodic, 'everyMs'>,
): readonly Periodic[] {
  return keepaliveMs < reportMs ? [{ everyMs: keepaliveMs, ...each }] : [];
}

function sizesOf(family: Family) {
  const wire = (bytes: number) => bytes + OUTER_BYTES[family];
  const sealed = (plaintext: number) => wire(TRANSPORT_BYTES_MIN + plaintext);
  const acknowledgement = sealed(INNER_ACK_BYTES);
  return {
    keepalive: sealed(0),
    probe: sealed(PROBE_BYTES) + sealed(PROBE_ACK_BYTES),
    rekey:
      wire(INITIATION_BYTES) +
      wire(RESPONSE_BYTES) +
      sealed(ROTATE_BYTES) +
      sealed(ROTATED_BYTES) +
      2 * sealed(MTU_BYTES),
    /** Two segments out, their acknowledgement, PUBACK, and the acknowledgement of that. */
    report: 2 * sealed(INNER_ACK_BYTES) + REPORT_BYTES + 3 * acknowledgement,
    /** PINGREQ, PINGRESP and their acknowledgements. */
    ping: 4 * acknowledgement,
  };
}

const perSecond = (wakeupsPerDay: number) =>
  RUNTIME_WAKEUPS_PER_S + wakeupsPerDay / (DAY_MS / 1_000);

/**
 * How late silence may be noticed while nothing is sent.
 *
 * Unmetered: what the transport TTL leaves behind the recovery window, 60 s − 30 s by default and 30 s − 15 s in an
 * emergency, or a link that fell silent could end a session that had its whole window to recover in
 * (docs/protocol.md, "Choosing and bounding").
 * Metered: a channel without data is rekeyed every hour, which proves the binding, too. Probes have to be more than
 * that: two in that time, four with `metered-lte`, and ten where neither bytes nor wake-ups are what a profile is
 * about; more than ten a standby of 50,000 bytes a day cannot pay.
 */
const UNMETERED_SILENCE_MS = 30_000;
const EMERGENCY_SILENCE_MS = 15_000;
const meteredSilenceMs = (probesPerRekey: number) => IDLE_REKEY_MS / probesPerRekey + SILENCE_MS;

/** A bound on one figure, and the shipped profiles it binds. */
export interface Budget {
  readonly figure: keyof IdleCost;
  readonly max: number;
  readonly unit: string;
  /** Names of policies; null: every one, shipped or not. */
  readonly profiles: readonly string[] | null;
}

// biome-ignore format: this is a table
export const BUDGETS: readonly Budget[] = [
  { figure: 'standbyLteBytesPerDay', max: 50_000,  unit: 'bytes/day',  profiles: null },
  { figure: 'activeLteBytesPerDay',  max: 600_000, unit: 'bytes/day',  profiles: ['metered-lte'] },
  { figure: 'standbyWakeupsPerS',    max: 2,       unit: 'wake-ups/s', profiles: ['metered-lte', 'low-power'] },
  { figure: 'activeWakeupsPerS',     max: 2,       unit: 'wake-ups/s', profiles: ['metered-lte', 'low-power'] },
  { figure: 'standbyWakeupsPerS',    max: 4,       unit: 'wake-ups/s', profiles: ['balanced'] },
  { figure: 'activeWakeupsPerS',     max: 4,       unit: 'wake-ups/s', profiles: ['balanced'] },
  { figure: 'idleSilenceMs',         max: UNMETERED_SILENCE_MS, unit: 'ms', profiles: null },
  { figure: 'idleSilenceMs',         max: EMERGENCY_SILENCE_MS, unit: 'ms', profiles: ['emergency'] },
  { figure: 'meteredIdleSilenceMs',  max: meteredSilenceMs(2),  unit: 'ms', profiles: null },
  { figure: 'meteredIdleSilenceMs',  max: meteredSilenceMs(4),  unit: 'ms', profiles: ['metered-lte'] },
  { figure: 'meteredIdleSilenceMs',  max: meteredSilenceMs(10), unit: 'ms', profiles: ['balanced', 'vehicle', 'emergency'] },
];

/** One budget that `policy` breaks. */
export interface Excess extends Budget {
  readonly family: Family;
  readonly value: number;
}

/** The budgets that bind `policy` by its name and that it breaks; none for a sane profile. */
export function excesses(policy: Policy): readonly Excess[] {
  return ([4, 6] as const).flatMap((family) => {
    const cost = idleCost(policy, family);
    return budgetsOf(policy).flatMap((budget) => {
      const value = cost[budget.figure];
      return value > budget.max ? [{ ...budget, family, value }] : [];
    });
  });
}

export function budgetsOf({ name }: Policy): readonly Budget[] {
  return BUDGETS.filter(({ profiles }) => profiles === null || profiles.includes(name));
}
