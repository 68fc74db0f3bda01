import { expect, test } from 'bun:test';
import { loadAgentConfig } from '../../../agent/config.ts';
import { formatProblems } from '../../../policies/problem.ts';

const KEY = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=';
const HUB = `[hub]\npublic_key = "${KEY}"\nendpoints = ["198.51.100.1:51820"]\n`;
const LINKS = '[links.eth0]\nkind = "ethernet"\n[links.wwan0]\nkind = "lte"\n';
const PLAIN = HUB.replace('[hub]', '[hub]\nmode = "plain"');

function problemsOf(text: string): string[] {
  const loaded = loadAgentConfig(text);
  return loaded.ok ? [] : loaded.problems.map(({ path, wrong }) => `${path}: ${wrong}`);
}

test('a short file is enough, and the rest has defaults', () => {
  expect(loadAgentConfig(HUB + LINKS)).toEqual({
    ok: true,
    config: {
      identity: { privateKeyFile: '/etc/jvpn/private.key' },
      hub: {
        publicKey: KEY,
        presharedKeyFile: null,
        endpoints: ['198.51.100.1:51820'],
        names: [],
        mode: 'session',
      },
      links: [
        { name: 'eth0', kind: 'ethernet' },
        { name: 'wwan0', kind: 'lte' },
      ],
      tunnel: {
        name: 'jvpn0',
        mtu: 1_440,
        offload: 'auto',
        dataCipher: 'auto',
        addresses: [],
        allowed: [],
        acceptRoutes: true,
        mark: 0,
      },
      state: { directory: '/var/lib/jvpn' },
      control: { socket: '/run/jvpn/agent.sock' },
      policy: { file: null, profile: 'balanced' },
      audit: { file: '/var/log/jvpn/agent.jsonl', bytesMax: 4_194_304, filesMax: 4 },
      metrics: { listen: null },
      telemetry: {
        enabled: false,
        url: null,
        username: null,
        passwordFile: null,
        caFile: null,
        certificateFile: null,
        keyFile: null,
        clientId: null,
        sessionExpiryS: 300,
        format: 'cbor',
        eventStoreBytes: 1_048_576,
        fleet: 'jvpn',
        device: null,
      },
      push: { enabled: false, signers: [], groups: [] },
    },
  });
});

test('documents need a key, a broker to come over, and a session to prove themselves in', () => {
  const push = (text: string) => `${HUB}${LINKS}[push]\n${text}`;
  const telemetry = '[telemetry]\nenabled = true\nurl = "mqtt://broker:1883"\n';
  expect(problemsOf(push(`signers = ["${KEY}"]\n`))).toEqual([]);
  expect(problemsOf(push('enabled = true\n'))).toEqual([
    'push.signers: missing',
    'telemetry.enabled: false',
  ]);
  const on = `enabled = true\nsigners = ["${KEY}"]\ngroups = ["south"]\n`;
  expect(problemsOf(push(on) + telemetry)).toEqual([]);
  const plain = `${PLAIN}${LINKS}[tunnel]\naddresses = ["10.77.0.5/24"]\nallowed = ["10.0.0.0/8"]\n`;
  expect(problemsOf(`${plain}[push]\n${on}${telemetry}`)).toEqual([
    'push.enabled: true, but hub.mode is "plain"',
  ]);
  expect(problemsOf(push('signers = ["short"]\ngroups = ["a/b"]\n'))).toEqual([
    'push.signers[0]: "short"',
    'push.groups[0]: "a/b"',
  ]);
  // Anybody can sign under that.
  const zero = `${'A'.repeat(43)}=`;
  expect(problemsOf(push(`signers = ["${zero}"]\n`))).toEqual([`push.signers[0]: "${zero}"`]);
});

test('an empty file names everything that must be written', () => {
  expect(problemsOf('')).toEqual([
    'hub.public_key: missing',
    'hub.endpoints: missing',
    'links: 0 of them',
  ]);
});

test('a wrong file is answered with every problem, for people', () => {
  const text = `${HUB.replace('51820', '99999')}mod = "plain"\n${LINKS.replace('"lte"', '"tle"')}[tunel]\nmtu = 9001\n[tunnel]\nmtu = 1279\nname = "a/b"\n`;
  const loaded = loadAgentConfig(text);
  expect(loaded.ok ? '' : formatProblems('agent.toml', loaded.problems)).toMatchInlineSnapshot(`
    "agent.toml: tunel: unknown key; did you mean "tunnel"?
        allowed: only identity, hub, links, tunnel, state, control, policy, audit, telemetry, push, metrics
    agent.toml: hub.mod: unknown key; did you mean "mode"?
        allowed: only public_key, preshared_key_file, endpoints, names, mode
    agent.toml: hub.endpoints[0]: "198.51.100.1:99999"
        allowed: an address with its port, for example 198.51.100.1:51820 or [2001:db8::1]:51820
    agent.toml: links.wwan0.kind: "tle"; did you mean "lte"?
        allowed: one of "ethernet", "usb", "wifi", "lte", "other"
    agent.toml: tunnel.name: "a/b"
        allowed: an interface name of at most 15 characters, for example eth0
    agent.toml: tunnel.mtu: 1279 is below 1280
        allowed: an integer from 1280 to 9000 bytes
    6 problems in agent.toml"
  `);
});

test('a syntax error has its line', () => {
  expect(problemsOf('[hub]\npublic_key = \n')[0]).toStartWith('line 2: ');
});

test('both ends of the MTU are allowed', () => {
  for (const mtu of [1_280, 9_000])
    expect(problemsOf(`${HUB + LINKS}[tunnel]\nmtu = ${mtu}`)).toEqual([]);
  for (const mtu of [1_279, 9_001])
    expect(problemsOf(`${HUB + LINKS}[tunnel]\nmtu = ${mtu}`).length).toBe(1);
});

test('a plain peer needs addresses and networks of its own; a session may not have them', () => {
  const own = '[tunnel]\naddresses = ["10.77.0.5/24", "fd77::5/64"]\nallowed = ["0.0.0.0/0"]\n';
  expect(problemsOf(PLAIN + LINKS + own)).toEqual([]);
  expect(problemsOf(PLAIN + LINKS)).toEqual([
    'tunnel.addresses: missing',
    'tunnel.allowed: missing',
  ]);
  expect(problemsOf(HUB + LINKS + own)).toEqual([
    'tunnel.addresses: written, but the hub assigns it',
    'tunnel.allowed: written, but the hub assigns it',
  ]);
});

test('a plain peer has no names: nothing says when its tunnel works, and a lookup could move it', () => {
  const own = '[tunnel]\naddresses = ["10.77.0.5/24"]\nallowed = ["0.0.0.0/0"]\n';
  const names = 'names = ["hub.example.org:51820"]\n';
  expect(problemsOf(PLAIN + names + LINKS + own)).toEqual([
    'hub.names: written, but hub.mode is "plain"',
  ]);
  expect(problemsOf(HUB + names + LINKS)).toEqual([]);
});

test('links times endpoints do not use a keypair up, and a name is two', () => {
  const manyOf = (count: number, names: string) => {
    const all = Array.from({ length: count }, (_, at) => `"198.51.100.1:${at + 1}"`);
    return HUB.replace('["198.51.100.1:51820"]', `[${all.join(', ')}]`) + names + LINKS;
  };
  const two = 'names = ["a.example.org:1", "b.example.org:1"]\n';
  expect(problemsOf(manyOf(11, ''))).toEqual([]);
  expect(problemsOf(manyOf(7, two))).toEqual([]);
  const loaded = loadAgentConfig(manyOf(8, two));
  expect(loaded.ok ? [] : loaded.problems).toEqual([
    {
      path: 'hub.endpoints',
      wrong: '2 links with 12 endpoints each are 24 paths; a name is 2 endpoints',
      allowed: 'at most 23 paths: leave out links, endpoints or names',
      nearest: null,
    },
  ]);
});

test('a policy comes from a file or a profile, not both', () => {
  const policyOf = (text: string) => {
    const loaded = loadAgentConfig(HUB + LINKS + text);
    return loaded.ok ? loaded.config.policy : null;
  };
  expect(policyOf('[policy]\nprofile = "vehicle"')).toEqual({ file: null, profile: 'vehicle' });
  expect(policyOf('[policy]\nfile = "own.toml"')).toEqual({ file: 'own.toml', profile: null });
  expect(problemsOf(`${HUB + LINKS}[policy]\nfile = "a"\nprofile = "vehicle"`)).toEqual([
    'policy: both file and profile',
  ]);
});

test('telemetry that is enabled has a broker, and a password has a user', () => {
  expect(problemsOf(`${HUB + LINKS}[telemetry]\nenabled = true`)).toEqual([
    'telemetry.url: missing',
  ]);
  expect(
    problemsOf(`${HUB + LINKS}[telemetry]\nenabled = true\nurl = "mqtt://10.0.0.1:1883"`),
  ).toEqual([]);
  expect(problemsOf(`${HUB + LINKS}[telemetry]\ncertificate_file = "c"`)).toEqual([
    'telemetry.key_file: missing',
  ]);
  expect(problemsOf(`${HUB + LINKS}[telemetry]\nkey_file = "k"`)).toEqual([
    'telemetry.certificate_file: missing',
  ]);
  expect(problemsOf(`${HUB + LINKS}[telemetry]\npassword_file = "p"`)).toEqual([
    'telemetry.username: missing',
  ]);
});

test('an event store has room for a few batches, or there is none', () => {
  const problemsWith = (bytes: number) =>
    problemsOf(`${HUB + LINKS}[telemetry]\nevent_store_bytes = ${bytes}`);
  expect([0, 1, 65_535, 65_536].map(problemsWith)).toEqual([
    [],
    ['telemetry.event_store_bytes: is 1'],
    ['telemetry.event_store_bytes: is 65535'],
    [],
  ]);
});

test('a broker keeps what comes for a day at most, and not at all where that is wanted', () => {
  const problemsWith = (expiryS: string) =>
    problemsOf(`${HUB + LINKS}[telemetry]\nsession_expiry_s = ${expiryS}`).length;
  expect(['0', '86_400', '-1', '86_401', '1.5'].map(problemsWith)).toEqual([0, 0, 1, 1, 1]);
});

test('certificates need an address with TLS: in clear text they would be for nothing', () => {
  const problemsWith = (protocol: string, ...keys: readonly string[]) => {
    const files = keys.map((key) => `${key} = "f"\n`).join('');
    const url = `url = "${protocol}://10.0.0.1:1883"\n`;
    const loaded = loadAgentConfig(`${HUB + LINKS}[telemetry]\n${url}${files}`);
    return loaded.ok ? [] : loaded.problems;
  };
  const both = ['certificate_file', 'key_file'];
  for (const protocol of ['mqtts', 'wss']) {
    expect(problemsWith(protocol, 'ca_file', ...both)).toEqual([]);
  }
  for (const protocol of ['mqtt', 'ws']) {
    expect(problemsWith(protocol)).toEqual([]);
    for (const keys of [['ca_file'], both, ['ca_file', ...both]]) {
      const paths = problemsWith(protocol, ...keys).map(({ path }) => path);
      expect([protocol, paths]).toEqual([protocol, keys.map((key) => `telemetry.${key}`)]);
    }
  }
  expect(problemsWith('ws', 'ca_file')).toEqual([
    {
      path: 'telemetry.ca_file',
      wrong: 'written, but telemetry.url is ws://, which has no TLS',
      allowed: 'only with wss://: change the address (and its port), or leave the file out',
      nearest: null,
    },
  ]);
});

test('the tunnel is no link of its own session', () => {
  expect(problemsOf(`${HUB + LINKS}[links.jvpn0]\nkind = "other"`)).toEqual([
    'links.jvpn0: is the tunnel itself',
  ]);
});

test('an endpoint twice is refused', () => {
  const twice = HUB.replace('["198.51.100.1:51820"]', '["198.51.100.1:1", "198.51.100.1:1"]');
  expect(problemsOf(twice + LINKS)).toEqual(['hub.endpoints[1]: "198.51.100.1:1" is there twice']);
});

test('data_cipher is a cipher of the protocol, or auto', () => {
  for (const name of ['auto', 'aes-256-gcm', 'chacha20-poly1305']) {
    expect(problemsOf(`${HUB + LINKS}[tunnel]\ndata_cipher = "${name}"`)).toEqual([]);
  }
  for (const name of ['none', '', 'aes-128-gcm', 'AUTO']) {
    expect(problemsOf(`${HUB + LINKS}[tunnel]\ndata_cipher = "${name}"`).length).toBe(1);
  }
});

test('a broker address that is none is a problem at start, not at every connection', () => {
  for (const url of ['mqtt://[', 'mqtt://a:99999']) {
    const text = `${HUB + LINKS}[telemetry]\nurl = "${url}"\n`;
    expect([url, problemsOf(text).map((line) => line.split(':')[0])]).toEqual([
      url,
      ['telemetry.url'],
    ]);
  }
});
