/**
 * The configuration of `jvpn fleet`: `fleet.toml` to a checked value, or all of its problems.
 *
 * Read once at start. Paths may be relative to the folder of the file; the caller resolves them.
 * `docs/configuration.md` and `docs/fleet.schema.json` are generated from these fields.
 *
 * @module
 */
import { BROKER_LOGIN, SESSION_EXPIRY } from '../hal/mqtt/fields.ts';
import { lintBroker } from '../hal/mqtt/lint.ts';
import { bytesOfIpv4, parseEndpoint } from '../policies/address.ts';
import { checkDocument } from '../policies/document.ts';
import type { Fields, ValuesOf } from '../policies/field.ts';
import { BROKER_URL, ENDPOINT, type Format, IP, NAME, PATH } from '../policies/format.ts';
import { type Problem, problem } from '../policies/problem.ts';
import { documentOfToml } from '../policies/toml.ts';

/** RFC 9110 §5.1, without the marks that no proxy uses. */
const HEADER: Format = {
  words: 'the name of an HTTP header, for example X-Remote-User',
  accepts: (text) => /^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(text),
  pattern: '^[A-Za-z][A-Za-z0-9-]{0,63}$',
};

export const FLEET_FIELDS = {
  broker: {
    kind: 'table',
    meaning: 'The MQTT broker that the devices report to (docs/mqtt.md).',
    restart: true,
    fields: {
      url: { kind: 'text', meaning: 'The broker.', format: BROKER_URL },
      fleet: {
        kind: 'text',
        meaning: 'Whose topics to hear: `telemetry.fleet` of the devices.',
        default: 'jvpn',
        format: NAME,
      },
      ...BROKER_LOGIN,
      session_expiry_s: {
        ...SESSION_EXPIRY,
        meaning:
          'How long a broker with MQTT 5 keeps what devices publish while the fleet is away or restarts. 0: not at all.',
      },
    },
  },
  http: {
    kind: 'table',
    meaning: 'Where the dashboard, its API and `/metrics` are. No TLS: that is a reverse proxy’s.',
    restart: true,
    fields: {
      listen: {
        kind: 'text',
        meaning: 'Address to listen on; one that is not loopback needs a login.',
        default: '127.0.0.1:8890',
        format: ENDPOINT,
      },
    },
  },
  login: {
    kind: 'table',
    meaning:
      'Who may look. Either way of the two lets somebody in; neither: whoever is on this machine.',
    restart: true,
    fields: {
      token_file: {
        kind: 'text',
        meaning: 'File whose first line is the token, at least 16 characters; mode 0600.',
        default: null,
        format: PATH,
      },
      proxy_header: {
        kind: 'text',
        meaning: 'Header in which a reverse proxy names who has logged in at it.',
        default: null,
        format: HEADER,
      },
      proxy_addresses: {
        kind: 'texts',
        meaning: 'Addresses of the proxies whose header is believed; nobody else’s is.',
        default: [],
        format: IP,
        countMin: 0,
        countMax: 16,
      },
    },
  },
  history: {
    kind: 'table',
    meaning:
      'What is remembered. What is older than `retention_days` goes, and the oldest of what has no room.',
    restart: true,
    fields: {
      file: {
        kind: 'text',
        meaning: 'SQLite file; this process alone opens it.',
        default: '/var/lib/jvpn/fleet.sqlite',
        format: PATH,
      },
      retention_days: {
        kind: 'integer',
        meaning: 'Age at which history goes.',
        unit: 'days',
        default: 30,
        min: 1,
        max: 3_650,
      },
      bytes_max: {
        kind: 'integer',
        meaning:
          'Size of the file; its journal comes on top. What is known of 20,000 devices takes 40 MiB of it.',
        unit: 'bytes',
        default: 1_073_741_824,
        min: 134_217_728,
        max: 1_099_511_627_776,
      },
    },
  },
} as const satisfies Fields;

export type FleetConfig = ValuesOf<typeof FLEET_FIELDS>;

export type LoadedFleetConfig =
  | { readonly ok: true; readonly config: FleetConfig }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** From the text of `fleet.toml`. Never throws. */
export function loadFleetConfig(text: string): LoadedFleetConfig {
  const document = documentOfToml(text, Bun.TOML.parse);
  if (!document.ok) return document;
  const checked = checkDocument(document.value, FLEET_FIELDS);
  if (!checked.ok) return checked;
  const config: FleetConfig = checked.value;
  const problems = [...lintBroker('broker', config.broker), ...lintLogin(config)];
  return problems.length > 0 ? { ok: false, problems } : { ok: true, config };
}

/** An address that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return host === '::1' || bytesOfIpv4(host)?.[0] === 127;
}

function lintLogin({ http, login }: FleetConfig): Problem[] {
  const { tokenFile, proxyHeader, proxyAddresses } = login;
  if (proxyHeader !== null && proxyAddresses.length === 0) {
    // Anybody could write the header.
    return [problem('login.proxy_addresses', 'missing', 'whose proxy_header is believed')];
  }
  if (proxyHeader === null && proxyAddresses.length > 0) {
    return [problem('login.proxy_header', 'missing', 'the header that the proxies write')];
  }
  const isOpen = tokenFile === null && proxyHeader === null;
  if (!isOpen || isLoopback(parseEndpoint(http.listen)?.host ?? '')) return [];
  return [
    problem(
      'http.listen',
      'others than this machine could look without a login',
      'a loopback address, or login.token_file, or login.proxy_header with proxy_addresses',
    ),
  ];
}
