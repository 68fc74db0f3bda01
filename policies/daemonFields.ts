/**
 * Configuration fields that agent and hub share, since neither may import the other.
 *
 * @module
 */
import type { TableField, ValueOf } from './field.ts';
import { ENDPOINT, INTERFACE, PATH, SOCKET_PATH } from './format.ts';
import { type Problem, problem } from './problem.ts';
import { PROFILE_NAMES, type ProfileName } from './profiles.ts';

export const PRIVATE_KEY_FILE = {
  kind: 'text',
  meaning: 'File with the private key, as `jvpn keygen` writes it; mode 0600.',
  default: '/etc/jvpn/private.key',
  format: PATH,
} as const;

export const IDENTITY = {
  kind: 'table',
  meaning: 'Who this machine is.',
  restart: true,
  fields: { private_key_file: PRIVATE_KEY_FILE },
} as const satisfies TableField;

export const TUNNEL_NAME = {
  kind: 'text',
  meaning: 'Name of the tun interface that is created.',
  default: 'jvpn0',
  format: INTERFACE,
} as const;

export const TUNNEL_MTU = {
  kind: 'integer',
  meaning:
    'Upper bound of inner packets. An agent lowers it to what its links carry; a narrower path behind them needs it lower here.',
  unit: 'bytes',
  default: 1_440,
  min: 1_280,
  max: 9_000,
} as const;

export const TUNNEL_OFFLOAD = {
  kind: 'text',
  meaning:
    'Segmentation offloads of tun and UDP: `auto` uses what the kernel offers, `off` moves packet by packet.',
  default: 'auto',
  words: ['auto', 'off'],
} as const;

/** Both suites, by their names in the protocol; ChaCha20-Poly1305 stays what everybody has. */
export const DATA_CIPHER = {
  kind: 'text',
  meaning:
    'Cipher of data. `auto`: the device offers all, the one that is fastest on it first. A name: the only one it offers, or that a hub accepts; `chacha20-poly1305` is used where the ends have nothing else in common.',
  default: 'auto',
  words: ['auto', 'aes-256-gcm', 'chacha20-poly1305'],
} as const;

export const POLICY_SOURCE = {
  kind: 'table',
  meaning: 'The policy: a file of your own or a shipped profile, not both. Neither: `balanced`.',
  restart: false,
  fields: {
    file: { kind: 'text', meaning: 'A policy file (docs/policy.md).', default: null, format: PATH },
    profile: {
      kind: 'text',
      meaning: 'A shipped profile.',
      default: null,
      words: PROFILE_NAMES,
    },
  },
} as const satisfies TableField;

/** Where a daemon answers; `socket` is its default path. */
export const controlTable = (socket: string) =>
  ({
    kind: 'table',
    meaning: 'Where `jvpn status` and the other operator commands ask.',
    restart: true,
    fields: {
      socket: {
        kind: 'text',
        meaning: 'Unix socket, mode 0600.',
        default: socket,
        format: SOCKET_PATH,
      },
    },
  }) as const satisfies TableField;

/** Where Prometheus scrapes. */
export const METRICS = {
  kind: 'table',
  meaning: 'Metrics for Prometheus (docs/metrics.md), over HTTP without a login.',
  restart: true,
  fields: {
    listen: {
      kind: 'text',
      meaning: 'Address to answer `GET /metrics` on; left out: nowhere.',
      default: null,
      format: ENDPOINT,
    },
  },
} as const satisfies TableField;

/** What a daemon writes of its events; `file` is its default path. */
export const auditTable = (file: string) =>
  ({
    kind: 'table',
    meaning: 'The event log on disk; `jvpn events` shows the newest.',
    restart: true,
    fields: {
      file: {
        kind: 'text',
        meaning: 'JSON lines; rotated files get .1, .2, … behind the name.',
        default: file,
        format: PATH,
      },
      bytes_max: {
        kind: 'integer',
        meaning: 'Size at which the audit log is rotated.',
        unit: 'bytes',
        default: 4_194_304,
        min: 65_536,
        max: 1_073_741_824,
      },
      files_max: {
        kind: 'integer',
        meaning: 'Rotated audit logs that are kept; the oldest is deleted.',
        unit: 'files',
        default: 4,
        min: 1,
        max: 100,
      },
    },
  }) as const satisfies TableField;

/** Where the policy comes from. Never both, never neither. */
export type PolicySource =
  | { readonly file: string; readonly profile: null }
  | { readonly file: null; readonly profile: ProfileName };

export function policySource(written: ValueOf<typeof POLICY_SOURCE>): PolicySource {
  if (written.file !== null) return { file: written.file, profile: null };
  return { file: null, profile: written.profile ?? 'balanced' };
}

export function lintPolicySource(written: ValueOf<typeof POLICY_SOURCE>): readonly Problem[] {
  if (written.file === null || written.profile === null) return [];
  return [problem('policy', 'both file and profile', 'file or profile, not both')];
}
