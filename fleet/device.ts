/**
 * One device as the fleet knows it: its newest report, its presence, the reports that are missing. Pure.
 *
 * @module
 */
import type { Change } from './change.ts';
import type { Tally } from './difference.ts';
import type { DocumentOutcome, Documents, DocumentVerdict } from './documents.ts';
import type { EventMemory } from './events.ts';
import { NO_PRESENCE, type Presence } from './presence.ts';
import type { Report } from './report.ts';

/** Reports that never came, both ends included. */
export interface Gap {
  readonly stream: 'health' | 'event';
  readonly boot: string;
  readonly fromSeq: number;
  readonly toSeq: number;
  /** Whether the fleet itself was away in between: then nothing is said of the device. */
  readonly isOurs: boolean;
}

/** What survives a restart of the fleet; plain data, kept in the history beside the changes that it stands behind. */
export interface DeviceMemory {
  presence: Presence;
  report: Report | null;
  /** The last binding that was known. */
  binding: string | null;
  /** Wall clock of the newest report; null: none, or one of unknown age. */
  lastSeenMs: number | null;
  /** The broker had kept the newest report: it may be old. */
  isRetained: boolean;
  /** Processes of the device that another has followed, the newest last. */
  replaced: readonly string[];
  /** How far each process had come when another was heard instead, the newest last. */
  formerSeqs: Readonly<Record<string, number>>;
  /** The process that was heard last while it spoke, and not from what the broker had kept. */
  liveBoot: string | null;
  /** The newest. */
  gaps: readonly Gap[];
  /** Of all gaps that are the device's. */
  missing: number;
  lastChangeAtMs: number;
  /** What it said last of signed documents; null: nothing, ever. */
  documents: Documents | null;
  /** Of the newest policy that it spoke of. */
  verdict: DocumentVerdict | null;
  /** The newest document that it did not take. */
  refusal: DocumentOutcome | null;
  /** What is known of its events; null: none was heard. */
  events: EventMemory | null;
}

export interface Device extends DeviceMemory {
  /** In the database. */
  readonly id: number;
  readonly name: string;
  /** The newest report as it came; null until it comes again after a restart. */
  payload: Uint8Array | null;
  /** The newest report of the process that was heard before this one. */
  former: Report | null;
  /** Connection of the fleet to the broker on which the newest report came. */
  connection: number;
  /** The one on which the newest event came. */
  eventsOn: number;
  /** The one on which anything at all came. */
  heardOn: number;
  /** The one on which something came that the broker had not kept. */
  heardLiveOn: number;
  /** Rises with each change of what is shown of any device. */
  shownId: number;
}

export const newMemory = (): DeviceMemory => ({
  ...{ presence: NO_PRESENCE, report: null, binding: null, lastSeenMs: null },
  ...{ isRetained: false, replaced: [], formerSeqs: {}, liveBoot: null },
  ...{ gaps: [], missing: 0, lastChangeAtMs: 0 },
  ...{ documents: null, verdict: null, refusal: null, events: null },
});

export interface Heard {
  readonly atMs: number;
  /** The broker had kept it, and sent it because we subscribed. */
  readonly isRetained: boolean;
  readonly connection: number;
}

export interface Taken {
  readonly outcome: 'taken' | 'duplicate' | 'replaced';
  readonly changes: readonly Change[];
  /** Null where it is not known when it happened. */
  readonly tally: Tally | null;
  /** Reports that the device has dropped since the one before. */
  readonly missing: number;
}
