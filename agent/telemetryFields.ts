/**
 * Configuration fields about the MQTT broker that a device reports to.
 *
 * How often it reports is the policy's to say (`telemetry` in docs/policy.md).
 *
 * @module
 */
import { BROKER_LOGIN, SESSION_EXPIRY } from '../hal/mqtt/fields.ts';
import type { TableField } from '../policies/field.ts';
import { BROKER_URL, NAME } from '../policies/format.ts';

export const TELEMETRY = {
  kind: 'table',
  meaning: 'Health reports over MQTT. The session never depends on them.',
  restart: true,
  fields: {
    enabled: { kind: 'boolean', meaning: 'Whether to report at all.', default: false },
    url: { kind: 'text', meaning: 'The broker.', default: null, format: BROKER_URL },
    ...BROKER_LOGIN,
    client_id: {
      kind: 'text',
      meaning: 'MQTT client id; left out: made from the public key.',
      default: null,
      format: NAME,
    },
    session_expiry_s: {
      ...SESSION_EXPIRY,
      meaning:
        'How long a broker with MQTT 5 keeps commands for this process while its connection is away. 0: not at all.',
    },
    format: {
      kind: 'text',
      meaning:
        'How reports are written: `cbor`, or `json` for brokers whose rules read nothing else. JSON takes nearly twice the bytes.',
      default: 'cbor',
      words: ['cbor', 'json'],
    },
    event_store_bytes: {
      kind: 'integer',
      meaning:
        'How much flash events may take that wait for the broker, in `events` of `state.directory`. 0: they wait in memory, and a restart loses them; else at least 65536.',
      unit: 'bytes',
      default: 1_048_576,
      min: 0,
      max: 67_108_864,
    },
    fleet: { kind: 'text', meaning: 'First part of the topics.', default: 'jvpn', format: NAME },
    device: {
      kind: 'text',
      meaning: 'Name of this device in the topics; left out: made from the public key.',
      default: null,
      format: NAME,
    },
  },
} as const satisfies TableField;
