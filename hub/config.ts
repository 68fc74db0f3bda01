/**
 * The hub's configuration: `hub.toml` to a checked value, or all of its problems.
 *
 * Read once at start. Paths may be relative to the folder of the file; the caller resolves them.
 * What a hub admits is the policy's to say (`admission` in docs/policy.md). `docs/configuration.md`
 * and `docs/hub.schema.json` are generated from these fields.
 *
 * @module
 */
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
import { IP, NAME, NETWORK, PATH, POOL4, POOL6 } from '../policies/format.ts';
import { type Problem, problem } from '../policies/problem.ts';
import { documentOfToml } from '../policies/toml.ts';
import { ROUTES_MAX } from '../session/wire/field.ts';

/** The hub's own two addresses travel to devices as routes, too, in the same frame. */
const OWN_ROUTES = 2;

export const HUB_FIELDS = {
  routes: {
    kind: 'texts',
    meaning:
      'Networks behind the hub that devices are told to reach through it. Stands before the first table.',
    restart: true,
    default: [],
    format: NETWORK,
    countMin: 0,
    countMax: ROUTES_MAX - OWN_ROUTES,
  },
  identity: IDENTITY,
  listen: {
    kind: 'table',
    meaning: 'Where devices reach the hub.',
    restart: true,
    fields: {
      port: {
        kind: 'integer',
        meaning: 'UDP port.',
        unit: '',
        default: 51_820,
        min: 1,
        max: 65_535,
      },
      addresses: {
        kind: 'texts',
        meaning: 'Addresses to listen on.',
        default: ['0.0.0.0', '::'],
        format: IP,
        countMin: 1,
        countMax: 16,
      },
    },
  },
  tunnel: {
    kind: 'table',
    meaning: 'The tun interface behind which the site lies.',
    restart: true,
    fields: {
      name: TUNNEL_NAME,
      mtu: TUNNEL_MTU,
      offload: TUNNEL_OFFLOAD,
      data_cipher: DATA_CIPHER,
    },
  },
  pool: {
    kind: 'table',
    meaning: 'Inner addresses for devices; each keeps its own. At least one family.',
    restart: true,
    fields: {
      inner4: {
        kind: 'text',
        meaning: 'IPv4 network; its first address is the hub’s.',
        default: null,
        format: POOL4,
      },
      inner6: {
        kind: 'text',
        meaning: 'IPv6 network; its first address is the hub’s.',
        default: null,
        format: POOL6,
      },
    },
  },
  state: {
    kind: 'table',
    meaning: 'Devices, sessions and who owns them.',
    restart: true,
    fields: {
      database: {
        kind: 'text',
        meaning: 'SQLite file, on storage that really syncs.',
        default: '/var/lib/jvpn/hub.sqlite',
        format: PATH,
      },
      hub_id: {
        kind: 'text',
        meaning: 'Name of this hub among all hubs; changing it is a takeover.',
        default: 'hub',
        format: NAME,
      },
    },
  },
  control: controlTable('/run/jvpn/hub.sock'),
  policy: POLICY_SOURCE,
  audit: auditTable('/var/log/jvpn/hub.jsonl'),
  metrics: METRICS,
} as const satisfies Fields;

type Written = ValuesOf<typeof HUB_FIELDS>;

export type HubConfig = Omit<Written, 'policy'> & { readonly policy: PolicySource };

export type LoadedHubConfig =
  | { readonly ok: true; readonly config: HubConfig }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** From the text of `hub.toml`. Never throws. */
export function loadHubConfig(text: string): LoadedHubConfig {
  const document = documentOfToml(text, Bun.TOML.parse);
  if (!document.ok) return document;
  const checked = checkDocument(document.value, HUB_FIELDS);
  if (!checked.ok) return checked;
  const written: Written = checked.value;

  const problems = [...lintPool(written), ...lintPolicySource(written.policy)];
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, config: { ...written, policy: policySource(written.policy) } };
}

function lintPool({ pool }: Written): Problem[] {
  if (pool.inner4 !== null || pool.inner6 !== null) return [];
  return [problem('pool', 'no addresses', 'inner4, inner6 or both')];
}
