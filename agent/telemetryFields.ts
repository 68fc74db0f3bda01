/**
 * Configuration fields about the MQTT broker that a device reports to.
 *
 * How often it reports is the policy's to say (`telemetry` in docs/policy.md).
 *
 * @module
 */
import type { TableField } from '../policies/field.ts';
import { BROKER_URL, LINE, NAME, PATH } from '../policies/format.ts';

export const TELEMETRY = {
  kind: 'table',
  meaning: 'Health reports over MQTT. The session never depends on them.',
  restart: true,
  fields: {
    enabled: { kind: 'boolean', meaning: 'Whether to report at all.', default: false },
    url: { kind: 'text', meaning: 'The broker.', default: null, format: BROKER_URL },
    username: { kind: 'text', meaning: 'User name at the broker.', default: null, format: LINE },
    password_file: {
      kind: 'text',
      meaning: 'File whose first line is the password.',
      default: null,
      format: PATH,
    },
    ca_file: {
      kind: 'text',
      meaning: 'Certificates in PEM that the broker is checked against; left out: the system’s.',
      default: null,
      format: PATH,
    },
    certificate_file: {
      kind: 'text',
      meaning: 'Certificate chain in PEM that this device shows to the broker, with `key_file`.',
      default: null,
      format: PATH,
    },
    key_file: {
      kind: 'text',
      meaning: 'Private key of `certificate_file`, in PEM.',
      default: null,
      format: PATH,
    },
    client_id: {
      kind: 'text',
      meaning: 'MQTT client id; left out: made from the public key.',
      default: null,
      format: NAME,
    },
    session_expiry_s: {
      kind: 'integer',
      meaning:
        'How long a broker with MQTT 5 keeps commands and documents for this process while its connection is away. 0: not at all.',
      unit: 's',
      default: 300,
      min: 0,
      max: 86_400,
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
