/**
 * A device's row as text: for the list, and for the facts at the top of its page. Pure.
 *
 * @module
 */
import type { DeviceRow } from './answers.ts';
import { agoText, countText, durationText, UNKNOWN } from './format.ts';
import { verdictText } from './rollout.ts';

export interface Field {
  /** Stable; names the column. */
  readonly id: string;
  readonly words: string;
  readonly text: string;
}

/** The columns of the list, the name first. Those that a sort of the server orders carry its name. */
export const LIST_COLUMNS = [
  { id: 'name', words: 'Device', sort: 'name' },
  { id: 'state', words: 'State', sort: 'state' },
  { id: 'presence', words: 'Presence', sort: null },
  { id: 'binding', words: 'Binding', sort: null },
  { id: 'seen', words: 'Last seen', sort: 'last_seen' },
  { id: 'switches', words: 'Switches', sort: 'switches' },
  { id: 'recovery', words: 'Recovery p95', sort: null },
  { id: 'policy', words: 'Policy', sort: null },
  { id: 'document', words: 'Signed policy', sort: null },
  { id: 'version', words: 'Version', sort: null },
] as const;
export type ColumnId = (typeof LIST_COLUMNS)[number]['id'];

/** The cells of a row by column. */
export function cellsOf(row: DeviceRow, nowMs: number): Readonly<Record<ColumnId, string>> {
  return {
    name: row.name,
    state: stateText(row),
    presence: presenceText(row),
    binding: bindingText(row),
    seen: seenText(row, nowMs),
    switches: switchesText(row),
    recovery: durationText(row.recovery_p95_ms),
    policy: policyText(row),
    document: verdictText(row.documents),
    version: row.version ?? UNKNOWN,
  };
}

/** A session that ended says why in its own column of the page; here the code is enough. */
function stateText({ state, terminated, away }: DeviceRow): string {
  if (state === null) return UNKNOWN;
  const text = state === 'TERMINATED' && terminated !== null ? `${state} (${terminated})` : state;
  return away === true ? `was ${text}` : text;
}

/** The state that the device is in: none is known of one that is away. */
export const stateNow = ({ state, away }: DeviceRow) => (away === true ? null : state);

export function presenceText({ online, why }: DeviceRow): string {
  if (online === null) return UNKNOWN;
  return online ? 'online' : (why ?? 'offline');
}

function bindingText({ binding, link_kind, away }: DeviceRow): string {
  if (binding === null) return away === true ? UNKNOWN : 'none';
  const text = link_kind === null ? binding : `${binding} (${link_kind})`;
  return away === true ? `was ${text}` : text;
}

/** Of what the broker had kept there is only the device's own word, and its clock may be wrong. */
function seenText({ last_seen_ms, retained }: DeviceRow, nowMs: number): string {
  const text = agoText(last_seen_ms, nowMs);
  return last_seen_ms !== null && retained === true ? `${text} by its clock` : text;
}

function switchesText({ switches_total, switches_last_minute }: DeviceRow): string {
  const total = countText(switches_total);
  return switches_last_minute === null || switches_last_minute === 0
    ? total
    : `${total}, ${countText(switches_last_minute)} in the last minute`;
}

function policyText({ policy }: DeviceRow): string {
  const [name, version] = [policy?.name ?? null, policy?.version ?? null];
  if (name === null && version === null) return UNKNOWN;
  return `${name ?? UNKNOWN} ${version ?? UNKNOWN}`;
}
