/**
 * Configuration fields about signed documents, which come over the broker of `telemetry` (docs/push.md).
 *
 * Whose signatures count is the device's own to say: no document changes it but a rotation, which such a key signs.
 *
 * @module
 */
import type { TableField } from '../policies/field.ts';
import { NAME, SIGNING_KEY } from '../policies/format.ts';

export const PUSH = {
  kind: 'table',
  meaning: 'Signed documents from an operator, over the broker of `telemetry` (docs/push.md).',
  restart: true,
  fields: {
    enabled: {
      kind: 'boolean',
      meaning:
        'Whether to take any; off, what was pushed before is not followed either, but its version counts: the policy file needs that one or a higher.',
      default: false,
    },
    signers: {
      kind: 'texts',
      meaning: 'Public keys that may sign, as `jvpn keygen --signing` prints them.',
      default: [],
      format: SIGNING_KEY,
      countMin: 0,
      countMax: 4,
    },
    groups: {
      kind: 'texts',
      meaning: 'Groups that this device is in, as documents may name them as their target.',
      default: [],
      format: NAME,
      countMin: 0,
      countMax: 8,
    },
  },
} as const satisfies TableField;
