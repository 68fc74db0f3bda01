/**
 * Configuration fields about the MQTT broker, as everybody has them who connects to one.
 *
 * What is written about them together is judged in hal/mqtt/lint.ts.
 *
 * @module
 */
import type { Fields, NumberField } from '../../policies/field.ts';
import { LINE, PATH } from '../../policies/format.ts';

/** Who shows himself, and how the broker is checked. */
export const BROKER_LOGIN = {
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
    meaning: 'Certificate chain in PEM that is shown to the broker, with `key_file`.',
    default: null,
    format: PATH,
  },
  key_file: {
    kind: 'text',
    meaning: 'Private key of `certificate_file`, in PEM.',
    default: null,
    format: PATH,
  },
} as const satisfies Fields;

/** How long a broker keeps a session. */
export const SESSION_EXPIRY = {
  kind: 'integer',
  unit: 's',
  default: 300,
  min: 0,
  max: 86_400,
} as const satisfies Omit<NumberField, 'meaning'>;
