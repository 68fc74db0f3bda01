/**
 * What devices say over the broker, as events of a rollout.
 *
 * Whoever may publish may have written it: what does not fit is left out.
 *
 * @module
 */
import { placeOfAnswer } from '../../hal/mqtt/topics.ts';
import type { Reported, Told } from '../../policies/rollout/outcome.ts';
import type { RolloutEvent } from '../../policies/rollout/plan.ts';
import { isReasonCode } from '../../session/reasons.ts';
import { type Document, decodeDocument } from '../document.ts';
import {
  NO_PRESENCE,
  type Presence,
  presenceAfter,
  presenceSeen,
  readPresence,
} from '../presence.ts';
import { countAt, readReport, tableAt, textAt } from '../report.ts';

/** More devices than `jvpn fleet` shows; whoever may publish may name as many as they like. */
const DEVICES_MAX = 20_000;
const GROUPS_MAX = 8;
const CODES_MAX = 64;

/** Of another release, or of nobody who means well. */
export const UNKNOWN_CODE = 'unknown_code';

export class Answers {
  readonly #fleet: string;
  readonly #presence = new Map<string, Presence>();

  constructor(fleet: string) {
    this.#fleet = fleet;
  }

  /** What a message says of a device; nothing where it says nothing that counts. */
  read(
    topic: string,
    payload: Uint8Array,
    isRetained: boolean,
    atMs: number,
  ): readonly RolloutEvent[] {
    const place = placeOfAnswer(topic, this.#fleet);
    const decoded = place === null ? null : decodeDocument(payload);
    if (place === null || decoded?.ok !== true) return [];
    const { device, stream } = place;
    if (!this.#presence.has(device) && this.#presence.size >= DEVICES_MAX) return [];
    const known = this.#presence.get(device) ?? NO_PRESENCE;
    this.#presence.set(device, known);
    if (stream === 'presence') {
      const news = readPresence(decoded.value);
      if (!news.ok) return [];
      const next = presenceAfter(known, news.value, [], { atMs, isRetained });
      if (typeof next === 'string') return [];
      this.#presence.set(device, next);
      return [{ kind: 'presence', atMs, device, online: next.online === true }];
    }
    if (stream === 'policyReported') {
      const reported = readReported(decoded.value);
      return reported === null ? [] : [{ kind: 'reported', atMs, device, reported }];
    }
    const report = readReport(decoded.value);
    if (!report.ok) return [];
    const { boot, policyVersion, state, switchesLastMinute } = report.value;
    const health = { policyVersion, state, switchesLastMinute };
    const event = { kind: 'health', atMs, device, health, isRetained } as const;
    if (isRetained) return [event];
    const seen = presenceSeen(known, boot, atMs);
    this.#presence.set(device, seen);
    return seen.online === true && known.online !== true
      ? [{ kind: 'presence', atMs, device, online: true }, event]
      : [event];
  }
}

/** The highest version of an emergency that devices report, 0 for none. A loop: more than an argument list can have. */
export function newestEmergency(events: Iterable<RolloutEvent>): number {
  let version = 0;
  for (const event of events) {
    if (event.kind === 'reported') version = Math.max(version, event.reported.emergency ?? 0);
  }
  return version;
}

/** docs/mqtt.md, "Policy reported"; null for another version of it. */
export function readReported(document: Document): Reported | null {
  if (document['v'] !== 1) return null;
  const { groups } = document;
  const names = Array.isArray(groups) ? groups.slice(0, GROUPS_MAX) : [];
  return {
    confirmed: countAt(document, 'confirmed'),
    onTrial: countAt(document, 'on_trial'),
    emergency: countAt(document, 'emergency'),
    groups: names.filter((name) => typeof name === 'string'),
    lastStep: toldAt(document, 'last_step'),
    lastRefusal: toldAt(document, 'last_refusal'),
    counters: countersOf(tableAt(document, 'counters')),
  };
}

function toldAt(document: Document, key: string): Told | null {
  const table = tableAt(document, key);
  const said = Object.hasOwn(table, 'code') ? table['code'] : null;
  if (typeof said !== 'string') return null;
  const code = isReasonCode(said) ? said : UNKNOWN_CODE;
  const [version, tsMs] = [countAt(table, 'version'), countAt(table, 'ts_ms')];
  const why = textAt(table, 'why');
  const told = { code, version, kind: textAt(table, 'kind'), tsMs };
  return why === null ? told : { ...told, why };
}

function countersOf(table: Document): Record<string, number> {
  const counters: Record<string, number> = {};
  for (const code of Object.keys(table).slice(0, CODES_MAX)) {
    const count = countAt(table, code);
    if (count !== null && isReasonCode(code)) counters[code] = count;
  }
  return counters;
}
