/**
 * How long an emergency holds, and how long flash keeps it.
 *
 * ```text
 *  holds ───────► over ───────► forgotten
 *    ▲    expires  │   the clock has stood, or the whole length has passed
 *    └─────────────┘ the clock says that it is not over
 * ```
 *
 * ◆ A clock that is ahead for a moment ends nothing for good: a real-time clock before NTP, one jump while the device runs. Versions are
 * taken once, so an emergency that was thrown away would not come back. So it is ended as soon as the clock says so, and kept on flash
 * until that clock has stood for an hour, or the emergency could not hold any more whatever the clock says. A device that never runs for an
 * hour at a time keeps it for ever, as one that is over: flash says so as well, and a start without a clock does not begin it again.
 *
 * Source: docs/push.md, "An emergency".
 *
 * @module
 */
import type { Policy } from '../schema.ts';
import { believed, type Clock } from './admit.ts';
import { type Overrides, overridesOf } from './body.ts';
import { reopenDocument, type SignedDocument } from './open.ts';
import { underEmergency } from './overlay.ts';
import type { PushRecord } from './record.ts';
import { isRefused } from './refusal.ts';
import type { Emergency, PushEffect, PushState } from './state.ts';
import { reportOf } from './take.ts';

/** As long as a fleet's clock has to (chosen). */
const STANDS_MS = 3_600_000;
/** More than a clock is put right by while it runs, in either direction (chosen). */
const JUMP_MS = 60_000;

type Held = Pick<PushState, 'emergency' | 'overEmergency'>;

/** An emergency that begins at this moment, or goes on behind a start. */
export function newEmergency(
  document: SignedDocument,
  overrides: Overrides,
  atMs: number,
  clock: Clock,
): Emergency {
  const untilMs = atMs + lengthMs(document);
  const begun = {
    document,
    overrides,
    untilMs,
    endsAtMs: untilMs,
    aheadMs: null,
    stoodSinceMs: atMs,
  };
  return seen(begun, atMs, clock);
}

/** What flash holds of an emergency at a start. What there is to say of it is added to `effects`. */
export function emergencyAtStart(
  record: PushRecord,
  confirmed: Policy,
  atMs: number,
  clock: Clock,
  effects: PushEffect[],
): Held {
  const none = { emergency: null, overEmergency: null };
  if (record.emergency === null) return none;
  const document = reopenDocument(record.emergency);
  const checked = isRefused(document) ? document : overridesOf(document);
  if (isRefused(document) || isRefused(checked)) {
    const refused = isRefused(document) ? document : checked;
    if (isRefused(refused)) {
      effects.push(reportOf(refused.refused, { kind: 'emergency', why: refused.detail }));
    }
    return none;
  }
  const known = believed(clock, record);
  const emergency = newEmergency(document, checked.overrides, atMs, known);
  const { version } = document;
  const wasOver = record.isEmergencyOver;
  if (isOver(emergency, wasOver, atMs, known)) {
    if (!wasOver) effects.push(reportOf('emergency_ended', { version }));
    return { emergency: null, overEmergency: emergency };
  }
  if (wasOver) {
    effects.push(reportOf('emergency_began', { version, expires_s: document.expiresS }));
  }
  const together = underEmergency(confirmed, checked.overrides);
  if ('problems' in together) {
    const why = together.problems[0]?.path ?? '';
    effects.push(reportOf('document_invalid', { kind: 'emergency', version, why }));
  }
  return { emergency, overEmergency: null };
}

/** Time passed, or the clock was set. With a report another policy is in force than before. */
export function lookAtEmergency(
  state: PushState,
  atMs: number,
  clock: Clock,
): { readonly state: PushState; readonly reports: readonly PushEffect[] } {
  const before = state.emergency ?? state.overEmergency;
  if (before === null) return { state, reports: [] };
  const known = believed(clock, state.record);
  const held = seen(before, atMs, known);
  const { version, expiresS } = held.document;
  const hasEnded = state.emergency === null;
  if (!isOver(held, hasEnded, atMs, known)) {
    return {
      state: { ...state, emergency: held, overEmergency: null },
      reports: hasEnded ? [reportOf('emergency_began', { version, expires_s: expiresS })] : [],
    };
  }
  const hasStood = known.isKnown && atMs - held.stoodSinceMs >= STANDS_MS;
  const isForgotten = hasStood || atMs >= held.untilMs;
  return {
    state: { ...state, emergency: null, overEmergency: isForgotten ? null : held },
    reports: hasEnded ? [] : [reportOf('emergency_ended', { version })],
  };
}

/** Without a clock, what a clock has ended is not begun again. */
const isOver = ({ endsAtMs }: Emergency, wasOver: boolean, atMs: number, { isKnown }: Clock) =>
  atMs >= endsAtMs || (wasOver && !isKnown);

/** When {@link lookAtEmergency} has something to do, if the clock goes on as it is; null: never. */
export function emergencyDeadline({ emergency, overEmergency }: Held): number | null {
  if (emergency !== null) return emergency.endsAtMs;
  if (overEmergency === null) return null;
  return Math.min(overEmergency.untilMs, overEmergency.stoodSinceMs + STANDS_MS);
}

/** Where the two break a rule together the policy holds alone: a changed configuration gets there, or a clock that was wrong. */
export function tightened(policy: Policy, emergency: Emergency | null): Policy {
  if (emergency === null) return policy;
  const together = underEmergency(policy, emergency.overrides);
  return 'policy' in together ? together.policy : policy;
}

/** By the clock where it is known, else after the whole time that the document may hold; never later than that. */
function seen(held: Emergency, atMs: number, { isKnown, wallMs }: Clock): Emergency {
  const { document, untilMs, aheadMs, stoodSinceMs } = held;
  if (!isKnown) return { ...held, endsAtMs: untilMs, aheadMs: null, stoodSinceMs: atMs };
  const nowAheadMs = wallMs - atMs;
  const hasJumped = aheadMs === null || Math.abs(nowAheadMs - aheadMs) > JUMP_MS;
  return {
    ...held,
    endsAtMs: Math.min(untilMs, atMs + document.expiresS * 1_000 - wallMs),
    aheadMs: nowAheadMs,
    stoodSinceMs: hasJumped ? atMs : stoodSinceMs,
  };
}

const lengthMs = ({ notBeforeS, expiresS }: SignedDocument) => (expiresS - notBeforeS) * 1_000;
