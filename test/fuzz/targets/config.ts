/**
 * `agent.toml` and `hub.toml`, any text: every problem is said, and what is accepted can be used: those
 * who read addresses, networks and keys out of it understand all of them.
 *
 * @module
 */

import { AGENT_FIELDS, loadAgentConfig } from '../../../agent/config.ts';
import { placeOf } from '../../../hal/mqtt/place.ts';
import { deviceTopics } from '../../../hal/mqtt/topics.ts';
import { HUB_FIELDS, loadHubConfig } from '../../../hub/config.ts';
import { Pool } from '../../../hub/pool.ts';
import type { Fields } from '../../../policies/field.ts';
import { decodeKey } from '../../../session/channel/identity.ts';
import { parseAddress } from '../../../session/wire/address.ts';
import { parseCidr } from '../../../session/wire/cidr.ts';
import { parseIp } from '../../../session/wire/ip.ts';
import { judgeProblems } from '../problems.ts';
import { demand, type Target } from '../target.ts';
import { tomlOf } from '../tomlText.ts';
import { weightOf } from '../weight.ts';

const text = new TextDecoder();
const bytes = new TextEncoder();
/** Defaults alone are about this much. */
const DEFAULTS_WEIGHT = 4_096;

const shared = (fields: Fields, needed: readonly string[]) =>
  ({
    covers: ['policies/', 'agent/config.ts', 'hub/config.ts'],
    bytesMax: 2_048,
    words: [...Object.keys(fields), '[[', '"""', '__proto__', 'nan', '::ffff:1.2.3.4/120', '{'].map(
      (word) => bytes.encode(word),
    ),
    generate: (random) => bytes.encode(tomlOf(fields, random, needed)),
  }) satisfies Partial<Target>;

export const agentConfig: Target = {
  ...shared(AGENT_FIELDS, ['hub', 'hub.public_key', 'hub.endpoints', 'links']),
  name: 'agent-config',
  what: 'the text of agent.toml',
  judge(input) {
    const loaded = loadAgentConfig(text.decode(input));
    if (!loaded.ok) {
      judgeProblems(loaded.problems);
      return 'refused';
    }
    const { hub, tunnel, links, telemetry } = loaded.config;
    demand(decodeKey(hub.publicKey).ok, 'the hub has a key');
    demand(
      hub.endpoints.every((endpoint) => parseAddress(endpoint).ok),
      'endpoints are addresses',
    );
    const cidrs = [...tunnel.addresses, ...tunnel.allowed];
    demand(
      cidrs.every((cidr) => parseCidr(cidr).ok),
      'networks are networks',
    );
    demand(links.length > 0 && links.length <= 16, 'one to sixteen links');
    demand(telemetry.url === null || placeOf(telemetry.url) !== null, 'the broker has an address');
    if (telemetry.enabled) deviceTopics(telemetry.fleet, telemetry.device ?? 'device');
    demand(
      weightOf(loaded.config) <= DEFAULTS_WEIGHT + 8 * input.length,
      'no larger than its text',
    );
    return 'accepted';
  },
};

export const hubConfig: Target = {
  ...shared(HUB_FIELDS, ['pool', 'pool.inner4']),
  name: 'hub-config',
  what: 'the text of hub.toml',
  judge(input) {
    const loaded = loadHubConfig(text.decode(input));
    if (!loaded.ok) {
      judgeProblems(loaded.problems);
      return 'refused';
    }
    const { listen, pool, routes } = loaded.config;
    demand(
      listen.addresses.every((address) => parseIp(address).ok),
      'it can listen there',
    );
    demand(
      routes.every((route) => parseCidr(route).ok),
      'routes are networks',
    );
    for (const network of [pool.inner4, pool.inner6]) {
      if (network === null) continue;
      const first = new Pool(network).next(new Set(), new Set());
      demand(first !== null && parseCidr(first).ok, 'a pool has an address to give');
    }
    demand(
      weightOf(loaded.config) <= DEFAULTS_WEIGHT + 8 * input.length,
      'no larger than its text',
    );
    return 'accepted';
  },
};
