/**
 * The agent's configuration: `agent.toml` to a checked value, or all of its problems.
 *
 * Read once at start. Paths may be relative to the folder of the file; the caller resolves them.
 * `docs/configuration.md` and `docs/agent.schema.json` are generated from these fields.
 *
 * @module
 */
import { lintBroker } from '../hal/mqtt/lint.ts';
import {
  auditTable,
  controlTable,
  DATA_CIPHER,
  IDENTITY,
  lintPolicySource,
  METRICS,
  POLICY_SOURCE,
  type PolicySource,
  policySource,
  TUNNEL_MTU,
  TUNNEL_NAME,
  TUNNEL_OFFLOAD,
} from '../policies/daemonFields.ts';
import { checkDocument } from '../policies/document.ts';
import type { Fields, ValuesOf } from '../policies/field.ts';
import {
  ENDPOINT,
  INTERFACE,
  INTERFACE_ADDRESS,
  KEY,
  NAMED_ENDPOINT,
  NETWORK,
  PATH,
} from '../policies/format.ts';
import { LINK_KINDS } from '../policies/links.ts';
import { type Problem, problem } from '../policies/problem.ts';
import { documentOfToml } from '../policies/toml.ts';
import { TRANSPORTS_REKEY } from '../session/channel/sessionKeypair.ts';
import type { LinkKind } from '../session/wire/frames.ts';
import { PUSH } from './pushFields.ts';
import { TELEMETRY } from './telemetryFields.ts';

/** A few batches of events and the marks between them. */
const EVENT_STORE_BYTES_MIN = 65_536;

export const AGENT_FIELDS = {
  identity: IDENTITY,
  hub: {
    kind: 'table',
    meaning: 'Which hub to attach to.',
    restart: true,
    fields: {
      public_key: { kind: 'text', meaning: 'Public key of the hub.', format: KEY },
      preshared_key_file: {
        kind: 'text',
        meaning: 'File with a preshared key of 32 bytes in base64, if hub and device share one.',
        default: null,
        format: PATH,
      },
      endpoints: {
        kind: 'texts',
        meaning: 'Where the hub listens, the preferred one first.',
        format: ENDPOINT,
        countMin: 1,
        countMax: 16,
      },
      names: {
        kind: 'texts',
        meaning:
          'Where the hub may listen as well: names, looked up at start and while the session has no binding. Only with mode `session`.',
        default: [],
        format: NAMED_ENDPOINT,
        countMin: 0,
        countMax: 4,
      },
      mode: {
        kind: 'text',
        meaning:
          '`session` for a jvpn hub; `plain` for any WireGuard server, without session guarantees.',
        default: 'session',
        words: ['session', 'plain'],
      },
    },
  },
  links: {
    kind: 'tables',
    meaning: 'The interfaces that may carry the session: `[links.eth0]`.',
    restart: true,
    key: 'interface name',
    keyFormat: INTERFACE,
    default: {},
    countMin: 1,
    countMax: 16,
    entry: {
      kind: {
        kind: 'text',
        meaning: 'What it is; the policy has rules for each kind.',
        words: LINK_KINDS,
      },
    },
  },
  tunnel: {
    kind: 'table',
    meaning: 'The tun interface that applications see.',
    restart: true,
    fields: {
      name: TUNNEL_NAME,
      mtu: TUNNEL_MTU,
      offload: TUNNEL_OFFLOAD,
      data_cipher: DATA_CIPHER,
      addresses: {
        kind: 'texts',
        meaning: 'Inner addresses in mode `plain`; in mode `session` the hub assigns them.',
        default: [],
        format: INTERFACE_ADDRESS,
        countMin: 0,
        countMax: 8,
      },
      allowed: {
        kind: 'texts',
        meaning:
          'Networks reached through the tunnel in mode `plain`; in mode `session` the hub names them.',
        default: [],
        format: NETWORK,
        countMin: 0,
        countMax: 64,
      },
      accept_routes: {
        kind: 'boolean',
        meaning: 'Whether the routes that the hub names are added to the routing table.',
        default: true,
      },
      mark: {
        kind: 'integer',
        meaning: 'Firewall mark (SO_MARK) of the outer packets, for policy routing. 0: none.',
        unit: '',
        default: 0,
        min: 0,
        max: 4_294_967_295,
      },
    },
  },
  state: {
    kind: 'table',
    meaning: 'What must survive a power cut.',
    restart: true,
    fields: {
      directory: {
        kind: 'text',
        meaning: 'Folder of the two state slots; on storage that really syncs.',
        default: '/var/lib/jvpn',
        format: PATH,
      },
    },
  },
  control: controlTable('/run/jvpn/agent.sock'),
  policy: POLICY_SOURCE,
  audit: auditTable('/var/log/jvpn/agent.jsonl'),
  telemetry: TELEMETRY,
  push: PUSH,
  metrics: METRICS,
} as const satisfies Fields;

type Written = ValuesOf<typeof AGENT_FIELDS>;

export interface AgentLink {
  readonly name: string;
  readonly kind: LinkKind;
}

export type AgentConfig = Omit<Written, 'links' | 'policy'> & {
  /** In the order of the file. */
  readonly links: readonly AgentLink[];
  readonly policy: PolicySource;
};

export type LoadedAgentConfig =
  | { readonly ok: true; readonly config: AgentConfig }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** From the text of `agent.toml`. Never throws. */
export function loadAgentConfig(text: string): LoadedAgentConfig {
  const document = documentOfToml(text, Bun.TOML.parse);
  if (!document.ok) return document;
  const checked = checkDocument(document.value, AGENT_FIELDS);
  if (!checked.ok) return checked;
  const written: Written = checked.value;

  const problems = [
    ...lintHub(written),
    ...lintTunnel(written),
    ...lintPolicySource(written.policy),
    ...lintTelemetry(written),
    ...lintPush(written),
  ];
  if (problems.length > 0) return { ok: false, problems };
  const links = Object.entries(written.links).map(([name, { kind }]) => ({ name, kind }));
  return { ok: true, config: { ...written, links, policy: policySource(written.policy) } };
}

/**
 * A plain tunnel has no binding that would end the lookups: an answer could move one that works. In a session
 * every link × endpoint is a transport, and all of them in use must not use a keypair up.
 */
function lintHub({ hub, links }: Written): Problem[] {
  if (hub.mode === 'plain') {
    if (hub.names.length === 0) return [];
    const allowed = 'addresses in hub.endpoints; names only with hub.mode = "session"';
    return [problem('hub.names', 'written, but hub.mode is "plain"', allowed)];
  }
  const linkCount = Object.keys(links).length;
  const endpointCount = hub.endpoints.length + 2 * hub.names.length;
  const pathCount = linkCount * endpointCount;
  if (pathCount < TRANSPORTS_REKEY) return [];
  const wrong = `${linkCount} links with ${endpointCount} endpoints each are ${pathCount} paths; a name is 2 endpoints`;
  const allowed = `at most ${TRANSPORTS_REKEY - 1} paths: leave out links, endpoints or names`;
  return [problem('hub.endpoints', wrong, allowed)];
}

/** A plain peer has nobody who assigns addresses; a session has nobody else. */
function lintTunnel({ hub, tunnel, links }: Written): Problem[] {
  const problems: Problem[] = [];
  for (const key of ['addresses', 'allowed'] as const) {
    const isEmpty = tunnel[key].length === 0;
    if (hub.mode === 'plain' && isEmpty) {
      problems.push(
        problem(`tunnel.${key}`, 'missing', 'at least one, because hub.mode is "plain"'),
      );
    }
    if (hub.mode === 'session' && !isEmpty) {
      problems.push(
        problem(`tunnel.${key}`, 'written, but the hub assigns it', 'only with hub.mode = "plain"'),
      );
    }
  }
  if (Object.hasOwn(links, tunnel.name)) {
    problems.push(problem(`links.${tunnel.name}`, 'is the tunnel itself', 'another interface'));
  }
  return problems;
}

function lintTelemetry({ telemetry }: Written): Problem[] {
  if (telemetry.enabled && telemetry.url === null) {
    return [problem('telemetry.url', 'missing', 'the broker, because telemetry.enabled is true')];
  }
  const { eventStoreBytes } = telemetry;
  if (eventStoreBytes > 0 && eventStoreBytes < EVENT_STORE_BYTES_MIN) {
    const allowed = `0, or at least ${EVENT_STORE_BYTES_MIN}`;
    return [problem('telemetry.event_store_bytes', `is ${eventStoreBytes}`, allowed)];
  }
  return lintBroker('telemetry', telemetry);
}

/** Documents come over telemetry's connection, and a policy proves itself by a session that is ATTACHED. */
function lintPush({ push, telemetry, hub }: Written): Problem[] {
  if (!push.enabled) return [];
  const problems: Problem[] = [];
  if (push.signers.length === 0) {
    const allowed = 'at least one public key, because push.enabled is true';
    problems.push(problem('push.signers', 'missing', allowed));
  }
  if (!telemetry.enabled) {
    const allowed = 'true, because push.enabled is true: documents come over that broker';
    problems.push(problem('telemetry.enabled', 'false', allowed));
  }
  if (hub.mode === 'plain') {
    const allowed = 'only with hub.mode = "session", in which a policy can prove itself';
    problems.push(problem('push.enabled', 'true, but hub.mode is "plain"', allowed));
  }
  return problems;
}
