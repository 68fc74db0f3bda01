/**
 * What the server of `jvpn fleet` answers, as the pages read it. Times are ms since the epoch, `null` is unknown.
 *
 * Nothing but shapes: a page shows what it can of an answer that has less, and ignores what it does not know.
 *
 * @module
 */
import type { Outcome } from '../outcome.ts';

/** How many of each word: a state, a reason code. */
export type Counts = Readonly<Record<string, number>>;

/** Equally long; a column for each word. */
export type Columns = Readonly<Record<string, readonly (number | null)[]>>;

/** Of one figure over the devices that are there. */
export interface Spread {
  /** Devices that say it. */
  readonly count: number;
  readonly p50: number | null;
  readonly p95: number | null;
}

export interface Policy {
  readonly name: string | null;
  readonly version: number | null;
}

export interface Overview {
  readonly now_ms: number;
  readonly fleet: string;
  /** False while the broker is not heard: devices are shown as they were. */
  readonly connected?: boolean;
  readonly devices: {
    readonly total: number;
    readonly online: number;
    readonly stopped: number;
    readonly lost: number;
  };
  readonly states: Counts;
  readonly degraded_percent: number | null;
  /** Sessions that ended within 24 h, by reason code. */
  readonly terminated: Counts;
  /** Transports that died within 24 h, and switches that a rule did not allow, by reason code. */
  readonly dead_transports?: Counts;
  readonly denied_switches?: Counts;
  readonly replay_signs_24h: number | null;
  readonly hijack_signs_24h: number | null;
  readonly recovery_ms: {
    readonly count: number;
    readonly p50: number | null;
    readonly p95: number | null;
    readonly p99: number | null;
  };
  /** Of the bindings. */
  readonly rtt_ms?: Spread;
  readonly jitter_ms?: Spread;
  readonly loss_percent?: Spread;
  /** Resident, of the agents. */
  readonly memory_bytes?: Spread;
  readonly switches_per_session_per_hour: number | null;
  readonly policies: readonly (Policy & { readonly devices: number })[];
  readonly versions: readonly { readonly version: string | null; readonly devices: number }[];
  /** Null where no device takes documents. */
  readonly rollout?: Rollout | null;
  readonly emergency?: Emergency;
}

/** Of the newest policy that more than one has spoken of: what the devices that take documents say of it. */
export interface Rollout extends Readonly<Record<Outcome, number>> {
  readonly version: number;
  readonly devices: number;
}

/** On how many devices one holds now. */
export interface Emergency {
  readonly devices: number;
  readonly versions: readonly number[];
}

/** What came of one document. */
export interface DocumentOutcome {
  readonly code: string;
  readonly ts_ms: number | null;
  readonly version: number | null;
  readonly kind: string | null;
  readonly why: string | null;
}

/** Versions of what a device follows, and what came of the newest documents. */
export interface DocumentsRow {
  readonly confirmed: number;
  readonly on_trial: number | null;
  readonly emergency: number | null;
  /** What became of the newest policy that it ever spoke of; null: it has named none. */
  readonly verdict?: { readonly version: number; readonly word: string } | null;
  readonly last: DocumentOutcome | null;
  readonly last_refusal: DocumentOutcome | null;
}

/** At the worst minute of each step. */
export interface SpreadColumns {
  readonly p50: readonly (number | null)[];
  readonly p95: readonly (number | null)[];
}

export interface Series {
  readonly at_ms: readonly number[];
  /** How far the last column goes: a step that is not over is a part of one. */
  readonly until_ms?: number;
  /** Devices in each state at the end of the step. */
  readonly states: Columns;
  readonly recovery_ms: {
    readonly p50: readonly (number | null)[];
    readonly p95: readonly (number | null)[];
    readonly p99: readonly (number | null)[];
  };
  readonly rtt_ms?: SpreadColumns;
  readonly jitter_ms?: SpreadColumns;
  readonly loss_percent?: SpreadColumns;
  readonly memory_bytes?: SpreadColumns;
  /** Within the step, as is what is below. */
  readonly switches: readonly (number | null)[];
  readonly degraded_percent: readonly (number | null)[];
  readonly terminated: Columns;
  readonly dead_transports?: Columns;
  readonly denied_switches?: Columns;
  readonly replay_signs: readonly (number | null)[];
  readonly hijack_signs: readonly (number | null)[];
}

export interface DeviceRow {
  readonly name: string;
  readonly device_key: string | null;
  readonly state: string | null;
  readonly state_version: number | null;
  readonly online: boolean | null;
  /** Why it is not online: `stopped` or `lost`. */
  readonly why: string | null;
  /** It is not there, or nobody knows any more: state and binding are the last that it had. */
  readonly away?: boolean;
  readonly binding: string | null;
  readonly link_kind: string | null;
  readonly last_seen_ms: number | null;
  /** The broker had kept the newest report: it may be older than it looks. */
  readonly retained?: boolean;
  readonly version: string | null;
  readonly policy: Policy | null;
  readonly switches_last_minute: number | null;
  readonly switches_total: number | null;
  readonly recovery_p95_ms: number | null;
  readonly terminated: string | null;
  /** Null: it has never said anything of them. */
  readonly documents?: DocumentsRow | null;
}

export interface DeviceList {
  readonly total: number;
  /** Where the last of them stands, for the next page. */
  readonly next_key?: number | null;
  readonly devices: readonly DeviceRow[];
}

/** A row of `links` in a health report (docs/mqtt.md, "Health"). */
export interface LinkRow {
  readonly link: string;
  readonly kind: string;
  readonly endpoint: string;
  readonly bound: boolean;
  readonly usable: boolean;
  readonly why_not: string | null;
  readonly rtt_ms: number | null;
  readonly jitter_ms: number | null;
  readonly loss_percent: number | null;
}

export interface Gap {
  readonly stream: string;
  readonly boot?: string | null;
  /** Missing from here to there, both included. */
  readonly from_seq: number;
  readonly to_seq: number;
  /** The fleet itself was away: nothing is said of the device. */
  readonly while_away?: boolean;
}

export interface Device extends DeviceRow {
  readonly health: {
    readonly ts_ms?: number;
    readonly uptime_s?: number;
    readonly memory_rss_bytes?: number;
    readonly counters?: Counts;
  } | null;
  readonly presence: { readonly since_ms?: number | null } | null;
  readonly gaps: readonly Gap[];
  readonly links: readonly LinkRow[];
}

export interface Band {
  /** `null` while the device was not at the broker: nothing is known of its session. */
  readonly state: string | null;
  readonly from_ms: number;
  readonly to_ms: number;
}

export interface Mark {
  readonly at_ms: number;
  readonly kind: string;
  readonly reason: string | null;
  readonly from: string | number | null;
  readonly to: string | number | null;
  /** How many of them; 1 where it is left out. */
  readonly count?: number;
  /** It happened before it was heard of, and may stand too far right. */
  readonly late?: boolean;
}

export interface Timeline {
  readonly bands: readonly Band[];
  readonly marks: readonly Mark[];
}
