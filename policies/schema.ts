/**
 * Every field of a policy: the one source of meaning, unit, default and range.
 *
 * A policy bounds and tunes. No field can switch off the version checks, the replay window, the
 * single binding, or a bound itself: limits have a maximum and a minimum above zero, and there is
 * no such flag. `tighten` says in which direction an emergency may move a field; fields without it
 * stay as they are in an emergency.
 *
 * Source: docs/protocol.md, "Policy". `docs/policy.md` and `policy.schema.json` are generated from
 * here by `scripts/generate-reference`.
 *
 * @module
 */
import { emergencyFields } from './emergencyFields.ts';
import type { Fields, ValuesOf } from './field.ts';
import { NAME } from './format.ts';
import { LINKS } from './links.ts';
import { ADMISSION, PUSH, RESEND, TELEMETRY } from './schema/resources.ts';
import { LIVENESS, QUALITY, SESSION, SWITCHING } from './schema/session.ts';

/** The part that an emergency may tighten. */
export const TUNABLE = {
  session: SESSION,
  liveness: LIVENESS,
  quality: QUALITY,
  switching: SWITCHING,
  links: LINKS,
  resend: RESEND,
  admission: ADMISSION,
  telemetry: TELEMETRY,
  push: PUSH,
} as const satisfies Fields;

export const POLICY_FIELDS = {
  version: {
    kind: 'integer',
    meaning: 'Raised by whoever edits the policy; a device never goes back to an older one.',
    unit: '',
    default: 1,
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
  },
  name: {
    kind: 'text',
    meaning: 'Shown in status, audit events and the dashboard.',
    default: 'balanced',
    format: NAME,
  },
  ...TUNABLE,
  emergency: emergencyFields(TUNABLE),
} as const satisfies Fields;

export type Policy = ValuesOf<typeof POLICY_FIELDS>;
