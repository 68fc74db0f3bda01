import { expect, test } from 'bun:test';
import { loadHubConfig } from '../../../hub/config.ts';

const POOL = '[pool]\ninner4 = "10.77.0.0/16"\ninner6 = "fd77::/64"\n';

function problemsOf(text: string): string[] {
  const loaded = loadHubConfig(text);
  return loaded.ok ? [] : loaded.problems.map(({ path, wrong }) => `${path}: ${wrong}`);
}

test('a pool is enough, and the rest has defaults', () => {
  expect(loadHubConfig(POOL)).toEqual({
    ok: true,
    config: {
      routes: [],
      identity: { privateKeyFile: '/etc/jvpn/private.key' },
      listen: { port: 51_820, addresses: ['0.0.0.0', '::'] },
      tunnel: { name: 'jvpn0', mtu: 1_440, offload: 'auto', dataCipher: 'auto' },
      pool: { inner4: '10.77.0.0/16', inner6: 'fd77::/64' },
      state: { database: '/var/lib/jvpn/hub.sqlite', hubId: 'hub' },
      control: { socket: '/run/jvpn/hub.sock' },
      policy: { file: null, profile: 'balanced' },
      audit: { file: '/var/log/jvpn/hub.jsonl', bytesMax: 4_194_304, filesMax: 4 },
      metrics: { listen: null },
    },
  });
});

test('one family of inner addresses is enough, none is not', () => {
  expect(problemsOf('[pool]\ninner4 = "10.77.0.0/16"')).toEqual([]);
  expect(problemsOf('[pool]\ninner6 = "fd77::/64"')).toEqual([]);
  expect(problemsOf('')).toEqual(['pool: no addresses']);
});

test('a pool is a network of its own family with room for a device', () => {
  for (const inner4 of ['10.77.0.1/16', 'fd77::/64', '10.77.0.0/31', '10.0.0.0/7', '10.77.0.0']) {
    expect(problemsOf(`[pool]\ninner4 = "${inner4}"`)).toEqual([`pool.inner4: "${inner4}"`]);
  }
  for (const inner6 of ['fd77::1/64', '10.77.0.0/16', 'fd77::/127', 'fd00::/31']) {
    expect(problemsOf(`[pool]\ninner6 = "${inner6}"`)).toEqual([`pool.inner6: "${inner6}"`]);
  }
  expect(problemsOf('[pool]\ninner4 = "10.77.0.0/30"\ninner6 = "fd77::/126"')).toEqual([]);
});

test('routes are networks, each once, and belong before the first table', () => {
  expect(problemsOf(`routes = ["10.0.0.0/8", "fd00::/8"]\n${POOL}`)).toEqual([]);
  expect(problemsOf(`routes = ["10.0.0.1/8"]\n${POOL}`)).toEqual(['routes[0]: "10.0.0.1/8"']);
  const misplaced = loadHubConfig(`${POOL}routes = []`);
  expect(misplaced).toMatchObject({ problems: [{ path: 'pool.routes', nearest: 'routes' }] });
});

test('as many routes as fit into ATTACHED beside the hub’s own two, and no more', () => {
  const routes = (count: number) =>
    `routes = [${Array.from({ length: count }, (_, at) => `"10.${at}.0.0/16"`)}]\n${POOL}`;
  expect(problemsOf(routes(14))).toEqual([]);
  expect(problemsOf(routes(15))).toHaveLength(1);
});

test('a port is 1 to 65535', () => {
  for (const port of [1, 65_535]) expect(problemsOf(`${POOL}[listen]\nport = ${port}`)).toEqual([]);
  for (const port of [0, 65_536])
    expect(problemsOf(`${POOL}[listen]\nport = ${port}`).length).toBe(1);
});

test('what belongs to a policy is not accepted here', () => {
  expect(problemsOf(`${POOL}[admission]\nnew_sessions_per_second = 1`)).toEqual([
    'admission: unknown key',
  ]);
});

test('a policy comes from a file or a profile, not both', () => {
  expect(problemsOf(`${POOL}[policy]\nfile = "a"\nprofile = "vehicle"`)).toEqual([
    'policy: both file and profile',
  ]);
});
