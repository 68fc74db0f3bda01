import { expect, test } from 'bun:test';
import { FLEET_FIELDS, loadFleetConfig } from '../../../fleet/config.ts';

const BROKER = '[broker]\nurl = "mqtts://broker.example.org"\n';

function problemsOf(text: string): string[] {
  const loaded = loadFleetConfig(text);
  return loaded.ok ? [] : loaded.problems.map(({ path, wrong }) => `${path}: ${wrong}`);
}

test('a broker is enough, and the rest has defaults', () => {
  expect(loadFleetConfig(BROKER)).toEqual({
    ok: true,
    config: {
      broker: {
        ...{ url: 'mqtts://broker.example.org', fleet: 'jvpn', username: null },
        ...{ passwordFile: null, caFile: null, certificateFile: null, keyFile: null },
        sessionExpiryS: 300,
      },
      http: { listen: '127.0.0.1:8890' },
      login: { tokenFile: null, proxyHeader: null, proxyAddresses: [] },
      history: {
        ...{ file: '/var/lib/jvpn/fleet.sqlite', retentionDays: 30, bytesMax: 1_073_741_824 },
      },
    },
  });
  expect(problemsOf('')).toEqual(['broker.url: missing']);
});

test('a history has room for what is known of as many devices as there may be', () => {
  const { min } = FLEET_FIELDS.history.fields.bytes_max;
  // Two kilobytes each (test/lab/bench/fleet), and as much again for what happens.
  expect(min).toBeGreaterThan(2 * 2_048 * 20_000);
  const text = (bytes: number) => `${BROKER}[history]\nbytes_max = ${bytes}`;
  expect(problemsOf(text(min - 1))).toEqual([`history.bytes_max: ${min - 1} is below ${min}`]);
  expect(problemsOf(text(min))).toEqual([]);
});

test('who listens for others asks for a login', () => {
  const open = 'others than this machine could look without a login';
  for (const listen of ['0.0.0.0:8890', '192.0.2.1:80', '[::]:8890']) {
    const text = `${BROKER}[http]\nlisten = "${listen}"\n`;
    expect(problemsOf(text)).toEqual([`http.listen: ${open}`]);
    expect(problemsOf(`${text}[login]\ntoken_file = "token"`)).toEqual([]);
    const proxy = 'proxy_header = "X-Remote-User"\nproxy_addresses = ["192.0.2.9"]';
    expect(problemsOf(`${text}[login]\n${proxy}`)).toEqual([]);
  }
  for (const listen of ['127.0.0.1:1', '127.9.9.9:8890', '[::1]:8890']) {
    expect(problemsOf(`${BROKER}[http]\nlisten = "${listen}"`)).toEqual([]);
  }
});

test('a header is believed of named proxies, and proxies write a named header', () => {
  expect(problemsOf(`${BROKER}[login]\nproxy_header = "X-Remote-User"`)).toEqual([
    'login.proxy_addresses: missing',
  ]);
  expect(problemsOf(`${BROKER}[login]\nproxy_addresses = ["192.0.2.9"]`)).toEqual([
    'login.proxy_header: missing',
  ]);
});

test('certificates need an address with TLS, and a password a user name', () => {
  const files = 'ca_file = "a"\ncertificate_file = "b"\nkey_file = "c"';
  for (const protocol of ['mqtt', 'ws']) {
    const clear = `[broker]\nurl = "${protocol}://broker.example.org"\n`;
    expect(problemsOf(clear + files)).toEqual(
      ['ca_file', 'certificate_file', 'key_file'].map(
        (key) => `broker.${key}: written, but broker.url is ${protocol}://, which has no TLS`,
      ),
    );
    expect(problemsOf(`[broker]\nurl = "${protocol}s://broker.example.org"\n${files}`)).toEqual([]);
  }
  expect(problemsOf(`${BROKER}password_file = "a"`)).toEqual(['broker.username: missing']);
});

test('a certificate has its key, and a password in the url is not repeated', () => {
  expect(problemsOf(`${BROKER}key_file = "a"`)).toEqual(['broker.certificate_file: missing']);
  const secret = loadFleetConfig('[broker]\nurl = "mqtt://user:hunter2@[::::]:x"');
  expect(JSON.stringify(secret)).not.toContain('hunter2');
  expect(secret.ok).toBe(false);
});
