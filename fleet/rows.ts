/**
 * Devices as the API shows them: one row each, searched, sorted, a page at a time. Pure.
 *
 * @module
 */
import { presenceWord } from './device/takePresence.ts';
import type { Device } from './device.ts';
import type { DocumentOutcome, DocumentVerdict } from './documents.ts';
import type { Outcome } from './outcome.ts';
import { isAway } from './presence.ts';
import type { Report } from './report.ts';
import { outcomeOf, rolloutVersion } from './rollout.ts';

export interface DeviceRow {
  readonly name: string;
  readonly device_key: string | null;
  readonly state: string | null;
  readonly state_version: number | null;
  readonly online: boolean | null;
  readonly why: string | null;
  /** Lost, stopped or not heard any more: state and binding are the last that it had. */
  readonly away: boolean;
  readonly binding: string | null;
  readonly link_kind: string | null;
  readonly last_seen_ms: number | null;
  /** The broker had kept it: it may be old, whatever it says. */
  readonly retained: boolean;
  readonly version: string | null;
  readonly policy: { readonly name: string | null; readonly version: number | null };
  readonly switches_last_minute: number;
  readonly switches_total: number;
  readonly recovery_p95_ms: number | null;
  readonly terminated: string | null;
  readonly documents: DocumentsRow | null;
}

/** What it said last of signed documents; null: it has never said anything of them. */
export interface DocumentsRow {
  readonly confirmed: number;
  readonly on_trial: number | null;
  readonly emergency: number | null;
  /** What became of the newest policy that it ever spoke of. */
  readonly verdict: DocumentVerdict | null;
  readonly last: OutcomeRow | null;
  readonly last_refusal: OutcomeRow | null;
}

export interface OutcomeRow {
  readonly code: string;
  readonly ts_ms: number | null;
  readonly version: number | null;
  readonly kind: string | null;
  readonly why: string | null;
}

export function rowOf(device: Device): DeviceRow {
  const { name, report, presence, lastSeenMs, isRetained } = device;
  return {
    name,
    device_key: report?.deviceKey ?? null,
    state: report?.state ?? null,
    state_version: report?.stateVersion ?? null,
    online: presence.online,
    why: presence.why,
    away: isAway(presence),
    binding: report?.binding ?? null,
    link_kind: report?.linkKind ?? null,
    last_seen_ms: lastSeenMs,
    retained: isRetained,
    version: report?.version ?? null,
    policy: { name: report?.policyName ?? null, version: report?.policyVersion ?? null },
    switches_last_minute: report?.switchesLastMinute ?? 0,
    switches_total: report?.switchesTotal ?? 0,
    recovery_p95_ms: report?.recovery.p95 ?? null,
    terminated: report?.terminated ?? null,
    documents: documentsRow(device),
  };
}

function documentsRow({ documents, verdict, refusal }: Device): DocumentsRow | null {
  if (documents === null) return null;
  const { confirmed, onTrial, emergency, step } = documents;
  const outcomes = { last: outcomeRow(step), last_refusal: outcomeRow(refusal) };
  return { confirmed, on_trial: onTrial, emergency, verdict, ...outcomes };
}

function outcomeRow(outcome: DocumentOutcome | null): OutcomeRow | null {
  if (outcome === null) return null;
  const { tsMs, ...words } = outcome;
  return { ts_ms: tsMs, ...words };
}

export const SORTS = ['name', 'state', 'last_seen', 'switches'] as const;
export type Sort = (typeof SORTS)[number];

export interface RowsAsked {
  /** Part of a name or of a key, whatever its case. */
  readonly search: string;
  /** A state that a device is in, or null: all, those that are away included. */
  readonly state: string | null;
  /** What became of the policy that is rolled out, as the overview counts it; null: whatever it was. */
  readonly outcome: Outcome | null;
  readonly sort: Sort;
  /** 1…{@link ROWS_MAX}. */
  readonly limit: number;
  /** Continue behind this device. */
  readonly after: string | null;
  /** Where it stood (`next_key`): it may have moved since, or be gone. Null: where it stands now. */
  readonly afterKey: number | null;
}

export const ROWS_MAX = 1_000;

/** Worst first; one that is none of these comes behind them. */
const STATE_ORDER = ['TERMINATED', 'RECOVERING', 'DEGRADED', 'VOLATILE', 'BIRTH', 'ATTACHED'];

type Order = (a: Device, b: Device) => number;
const byName: Order = (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
/** What comes first has the least; of equals the name decides. */
const KEYS: Readonly<Record<Sort, (device: Device) => number>> = {
  name: () => 0,
  state: rank,
  last_seen: ({ lastSeenMs }) => -(lastSeenMs ?? 0),
  switches: (device) => -switchesOf(device),
};

/** `total` counts what search, state and outcome leave. */
export function pageOf(
  devices: Iterable<Device>,
  asked: RowsAsked,
): {
  readonly total: number;
  readonly devices: readonly DeviceRow[];
  /** Of the last of them, for the next page; null: there is none. */
  readonly next_key: number | null;
} {
  const search = asked.search.toLowerCase();
  const all = [...devices];
  const hasOutcome = outcomeTest(all, asked.outcome);
  const found = all.filter(
    (device) =>
      (asked.state === null || stateOf(device) === asked.state) &&
      hasOutcome(device) &&
      isFound(device, search),
  );
  const keyOf = KEYS[asked.sort];
  found.sort((a, b) => keyOf(a) - keyOf(b) || byName(a, b));
  const page = found.slice(startOf(found, asked)).slice(0, asked.limit);
  const last = page.at(-1);
  return {
    total: found.length,
    devices: page.map(rowOf),
    next_key: last === undefined ? null : keyOf(last),
  };
}

/** By the version that the whole fleet is reckoned by, whatever else is asked. */
function outcomeTest(all: readonly Device[], outcome: Outcome | null) {
  if (outcome === null) return () => true;
  const version = rolloutVersion(all);
  return (device: Device) => version !== null && outcomeOf(device, version) === outcome;
}

/** Of what is sorted already. Without a key, a device that is gone since has no place: then from the start, and not from nowhere. */
function startOf(found: readonly Device[], { after, afterKey, sort }: RowsAsked): number {
  if (after === null) return 0;
  const key = sort === 'name' ? 0 : afterKey;
  if (key === null) return found.findIndex(({ name }) => name === after) + 1;
  const keyOf = KEYS[sort];
  const isBehind = (device: Device) =>
    keyOf(device) > key || (keyOf(device) === key && device.name > after);
  const at = found.findIndex(isBehind);
  return at < 0 ? found.length : at;
}

type Told = string | number | null;

/**
 * How many devices have each pair of what `one` and `other` read, the most frequent first. Nothing is made for a device: a key for each of
 * ten thousand, once a second, is what a process would be largest by.
 */
export function tallyOf<T extends object>(
  devices: Iterable<Device>,
  [one, other]: readonly [(report: Report) => Told, (report: Report) => Told],
  describe: (report: Report) => T,
): (T & { devices: number })[] {
  const groups = new Map<Told, Map<Told, { readonly first: Report; count: number }>>();
  for (const { report } of devices) {
    if (report === null) continue;
    let others = groups.get(one(report));
    if (others === undefined) {
      others = new Map();
      groups.set(one(report), others);
    }
    const group = others.get(other(report));
    if (group === undefined) others.set(other(report), { first: report, count: 1 });
    else group.count += 1;
  }
  return [...groups.values()]
    .flatMap((others) => [...others.values()])
    .sort((a, b) => b.count - a.count)
    .slice(0, GROUPS_MAX)
    .map(({ first, count }) => ({ ...describe(first), devices: count }));
}

/** Policies or versions in one overview (chosen): names come from the devices. */
const GROUPS_MAX = 50;

/** The reports that never came, and whose fault that is. */
export function gapRows({ gaps }: Device) {
  return gaps.map(({ stream, boot, fromSeq, toSeq, isOurs }) => ({
    ...{ stream, boot, from_seq: fromSeq, to_seq: toSeq, while_away: isOurs },
  }));
}

export function presenceRow({ presence }: Device) {
  return {
    ...{ online: presence.online, why: presence.why, says: presenceWord(presence) },
    ...{ boot: presence.boot, connection: presence.connection, since_ms: presence.sinceMs },
  };
}

function isFound({ name, report }: Device, search: string): boolean {
  if (search === '' || name.toLowerCase().includes(search)) return true;
  return report?.deviceKey?.toLowerCase().includes(search) === true;
}

/** Null: nobody knows, as of one that is away. */
const stateOf = ({ report, presence }: Device) =>
  isAway(presence) ? null : (report?.state ?? null);

function rank(device: Device): number {
  const at = STATE_ORDER.indexOf(stateOf(device) ?? '');
  return at < 0 ? STATE_ORDER.length : at;
}

const switchesOf = ({ report }: Device) => report?.switchesTotal ?? 0;
