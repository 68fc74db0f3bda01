/**
 * What happened, counted: audit records in, the figures of a review out. Pure.
 *
 * Times are those of the wall clock in the lines. How long something lasted is taken from the monotonic clock of the same
 * daemon, which no correction of the wall clock moves, unless the machine was started again in between.
 *
 * @module
 */
import { stateAfter } from '../../../session/invariants/explicit.ts';
import type { InvariantVerdict } from '../../../session/invariants/stream/auditor.ts';
import type { AuditRecord } from '../../../session/invariants/stream/record.ts';
import type { State } from '../../../session/transitions.ts';
import { lastedMs, type Moment } from './lasted.ts';

export interface Timed {
  readonly record: AuditRecord;
  /** Null: the line has no time, and is in no range. */
  readonly wallMs: number | null;
}

/** What one daemon says of one device, oldest first. */
export interface Story {
  readonly device: string;
  readonly writer: 'device' | 'hub';
  readonly events: readonly Timed[];
}

export interface Band {
  readonly state: State;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface DeviceFacts {
  readonly device: string;
  readonly writer: 'device' | 'hub';
  readonly bands: readonly Band[];
  readonly recoveriesMs: readonly number[];
  readonly switches: number;
  readonly switchesInAMinuteMax: number;
}

export type Counts = Readonly<Record<string, number>>;

export interface Facts {
  readonly fromMs: number;
  readonly toMs: number;
  readonly events: number;
  readonly devices: readonly DeviceFacts[];
  readonly sessions: number;
  /** Ended sessions by reason. */
  readonly ended: Counts;
  /** What a binding was lost for. */
  readonly lost: Counts;
  readonly switches: Counts;
  /** Switches that were not allowed, by what was in the way. */
  readonly denied: Counts;
  /** Refusals that are signs of a claim played again or of a copy. Datagrams played again are in no log: they are counted. */
  readonly abuse: Counts;
  readonly alarms: Counts;
  /** Of all devices, ascending. */
  readonly recoveriesMs: readonly number[];
  /** Milliseconds that all devices together were in it. */
  readonly inStateMs: Readonly<Partial<Record<State, number>>>;
  readonly invariants: readonly Pick<InvariantVerdict, 'id' | 'name' | 'checked' | 'violations'>[];
  readonly gaps: number;
  readonly unreadable: number;
}

const MINUTE_MS = 60_000;
const ABUSE = [
  ...['replay_detected', 'stale_state_version', 'bad_proof', 'identity_conflict'],
  ...['ownership_conflict', 'reattach_rate_limited', 'redirect_refused'],
];
const DENIALS = ['switch_denied', 'switch_rate_limited', 'cooldown_active'];

/** @param told at least one event with a time: without one there is no range to tell. */
export function factsOf(
  told: { readonly stories: readonly Story[]; readonly besides: readonly Timed[] },
  more: Pick<Facts, 'invariants' | 'gaps' | 'unreadable'>,
): Facts {
  const { stories, besides } = told;
  const own = stories.flatMap(({ events }) => events);
  const all = [...own, ...besides];
  const devices = stories.map(deviceFacts);
  const records = own.map(({ record }) => record);
  const everything = all.map(({ record }) => record);
  const transitions = records.filter(({ event }) => event === 'transition');
  return {
    ...rangeOf(all),
    events: all.length,
    devices,
    sessions: new Set(records.flatMap(({ sessionId }) => sessionId ?? [])).size,
    ended: countsOf(transitions.filter(({ to }) => to === 'TERMINATED')),
    lost: countsOf(transitions.filter(({ to }) => to === 'RECOVERING')),
    switches: countsOf(
      transitions.filter(
        ({ to, from }) => to === 'ATTACHED' && from !== 'BIRTH' && from !== 'DEGRADED',
      ),
    ),
    denied: countsOf(records.filter(isDenial), inTheWay),
    abuse: countsOf(everything.filter(({ reasonCode }) => ABUSE.includes(reasonCode))),
    alarms: countsOf(everything.filter(({ event }) => event === 'alarm')),
    recoveriesMs: devices.flatMap((device) => device.recoveriesMs).toSorted((a, b) => a - b),
    inStateMs: inStateOf(devices),
    ...more,
  };
}

/** Not by spreading: there may be more events than a call takes arguments. */
function rangeOf(all: readonly Timed[]): Pick<Facts, 'fromMs' | 'toMs'> {
  let [fromMs, toMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { wallMs } of all) {
    if (wallMs === null) continue;
    fromMs = Math.min(fromMs, wallMs);
    toMs = Math.max(toMs, wallMs);
  }
  return { fromMs, toMs };
}

function deviceFacts({ device, writer, events }: Story): DeviceFacts {
  const bands: Band[] = [];
  const recoveriesMs: number[] = [];
  let state: State | null = null;
  let [fromMs, sinceMs] = [0, 0];
  let before: Moment | null = null;
  for (const { record, wallMs } of events) {
    if (wallMs === null) continue;
    const at = { record, wallMs };
    // Event by event: the machine may have been started again within a state.
    if (before !== null) sinceMs += lastedMs(before, at);
    before = at;
    const next = stateAfter(state, record);
    if (next === state) continue;
    if (state !== null) bands.push({ state, fromMs, toMs: fromMs + sinceMs });
    if (state === 'RECOVERING' && next === 'ATTACHED') recoveriesMs.push(sinceMs);
    state = next;
    [fromMs, sinceMs] = [wallMs, 0];
  }
  if (state !== null) bands.push({ state, fromMs, toMs: fromMs + sinceMs });
  const switchedAtMs = events.flatMap(({ record, wallMs }) =>
    record.event === 'switch' && wallMs !== null ? [wallMs] : [],
  );
  return {
    ...{ device, writer, bands, recoveriesMs, switches: switchedAtMs.length },
    switchesInAMinuteMax: mostInAMinute(switchedAtMs),
  };
}

function mostInAMinute(atMs: readonly number[]): number {
  let most = 0;
  for (const [first, fromMs] of atMs.entries()) {
    let after = first;
    while (after < atMs.length && atMs[after]! - fromMs < MINUTE_MS) after += 1;
    most = Math.max(most, after - first);
  }
  return most;
}

/** A transition for `switch_denied` has its own event beside it, which is counted. */
const isDenial = ({ event, reasonCode }: AuditRecord) =>
  event !== 'transition' && DENIALS.includes(reasonCode);

/** The governor's reason, or what else was in the way of an operator's wish; a refusal of the hub is its reason itself. */
function inTheWay({ reasonCode, detail }: AuditRecord): string {
  const said = detail['denied'] ?? detail['why'];
  return typeof said === 'string' ? said : reasonCode;
}

/** A burst is one record that says how many it stands for. */
function countsOf(records: readonly AuditRecord[], by = reasonOf): Counts {
  const counts = new Map<string, number>();
  for (const record of records) {
    const { count } = record.detail;
    const key = by(record);
    counts.set(key, (counts.get(key) ?? 0) + (typeof count === 'number' ? count : 1));
  }
  return Object.fromEntries(counts);
}

const reasonOf = ({ reasonCode }: AuditRecord): string => reasonCode;

function inStateOf(devices: readonly DeviceFacts[]): Facts['inStateMs'] {
  const sums: Partial<Record<State, number>> = {};
  for (const { state, fromMs, toMs } of devices.flatMap(({ bands }) => bands)) {
    sums[state] = (sums[state] ?? 0) + (toMs - fromMs);
  }
  return sums;
}

/** Nearest rank; null of nothing. */
export function percentileOf(ascending: readonly number[], percent: number): number | null {
  const rank = Math.max(1, Math.ceil((percent / 100) * ascending.length));
  return ascending[rank - 1] ?? null;
}
