/**
 * Goal: `jvpn command` and `jvpn policy push` do over TLS, with a certificate of their own, what they do without; whoever has none, has that of
 * somebody else, or meets a broker of another authority, sends nothing and is told why.
 *
 * Method: real daemons in the lab network; a real mosquitto on the device's own loopback that asks for certificates and takes their names for
 * users, with the shipped rules.
 */
import { afterAll, beforeAll, expect } from 'bun:test';
import { mkdirSync, writeFileSync } from 'node:fs';
import { signingPublicKey } from '../../agent/cose.ts';
import { type Authority, type Issued, newAuthority } from '../lab/certificates.ts';
import { mosquittoObstacle } from '../lab/mosquitto.ts';
import { eventually, parseLine } from '../lab/process.ts';
import { certifiedDevice, startCertifiedBroker } from '../lab/shippedBroker.ts';
import { isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';
import { testUnless } from '../obstacle.ts';

const PORT = 8_883;
const URL = `mqtts://localhost:${PORT}`;
const OWNER = new Uint8Array(32).fill(45);
const SIGNER = Buffer.from(signingPublicKey(OWNER)).toString('base64');
const TEST_MS = 60_000;

let net: Topology;
let site: Site;
let authority: Authority;
let operator: Issued;
let device: Issued;
/** Of an authority that nobody here trusts. */
let foreign: Authority;
let stranger: Issued;

beforeAll(async () => {
  if (mosquittoObstacle !== null) return;
  net = await topology({ seed: 32 });
  site = new Site(net, {
    policy: 'version = 1\nname = "file"\n[push]\nconfirm_window_ms = 10_000\n',
    agentExtra: certifiedDevice(URL, SIGNER),
  });
  // Beside them are the keys of the session, which have the same names.
  for (const folder of ['tls', 'foreign']) mkdirSync(site.path(folder));
  authority = await newAuthority(site.path('tls'));
  const server = await authority.issue('localhost');
  operator = await authority.issue('jvpn-push');
  device = await authority.issue('gw1');
  foreign = await newAuthority(site.path('foreign'));
  stranger = await foreign.issue('jvpn-push');
  const key = `${Buffer.from(OWNER).toString('base64')}\n`;
  writeFileSync(site.path('owner.key'), key, { mode: 0o600 });
  await startCertifiedBroker(net, site, PORT, { authority, server });
  await site.hub();
  await site.device('gw1');
  const agent = site.agent('gw1');
  await untilAudit(agent, 'ATTACHED', isAttached);
  const isHearing = async () =>
    (await site.status<{ telemetry: { connected: boolean } }>('device', 'gw1')).telemetry.connected;
  await eventually('it hears', isHearing, 10_000);
}, 120_000);

afterAll(async () => {
  await net?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

const signed = () => ['--signing-key-file', site.path('owner.key'), '--broker', URL];

const certifying = (identity: Issued | null) =>
  identity === null ? [] : ['--certificate-file', identity.certificate, '--key-file', identity.key];

function command(identity: Issued | null, ca = authority.file) {
  const own = certifying(identity);
  const argv = ['command', 'refresh_health', '--device', 'gw1', '--json', '--timeout-s', '10'];
  return site.jvpn('device', [...argv, ...signed(), '--ca-file', ca, ...own]);
}

function push(file: string, identity: Issued | null, ca = authority.file, more: string[] = []) {
  const own = certifying(identity);
  const argv = ['policy', 'push', file, '--all', '--json', ...more];
  return site.jvpn('device', [...argv, ...signed(), '--ca-file', ca, ...own]);
}

function policy(version: number): string {
  const file = site.path(`v${version}.toml`);
  writeFileSync(
    file,
    `version = ${version}\nname = "v${version}"\n[push]\nconfirm_window_ms = 10_000\n`,
  );
  return file;
}

const followed = async () =>
  (await site.status<{ policy: { version: number } }>('device', 'gw1')).policy.version;

testUnless(
  mosquittoObstacle,
  'a command and a rollout, with the certificate of who may send them',
  async () => {
    const commanded = await command(operator);
    expect([commanded.code, commanded.stderr]).toEqual([0, '']);
    expect(JSON.parse(commanded.stdout)).toMatchObject({ outcome: 'command_done' });

    const back = ['--revert-to', policy(1)];
    const watched = ['--canary', '1', '--soak', '1s', ...back];
    const pushed = await push(policy(2), operator, authority.file, watched);
    expect([pushed.code, pushed.stderr]).toEqual([0, '']);
    const last = parseLine<object>(pushed.stdout.trim().split('\n').at(-1) ?? '');
    expect(last).toMatchObject({ stage: 'done', ok: true, why: '1 confirmed', version: 2 });
    expect(await followed()).toBe(2);
  },
  TEST_MS,
);

testUnless(
  mosquittoObstacle,
  'without a certificate, with that of another authority or of a device, and at a broker that is not trusted, nothing is sent',
  async () => {
    const file = policy(3);
    const [none, ofStranger, ofDevice, distrusted] = await Promise.all([
      Promise.all([command(null), push(file, null)]),
      Promise.all([command(stranger), push(file, stranger)]),
      Promise.all([command(device), push(file, device)]),
      Promise.all([command(operator, foreign.file), push(file, operator, foreign.file)]),
    ]);
    const all = [none, ofStranger, ofDevice, distrusted].flat();
    expect(all.map(({ code, stdout }) => [code, stdout])).toEqual(all.map(() => [1, '']));
    const words = [none, ofStranger, ofDevice, distrusted].map((two) =>
      two.map(({ stderr }) => stderr),
    );
    const both = (text: string) => [expect.stringContaining(text), expect.stringContaining(text)];
    expect(words).toEqual([
      both('CERTIFICATE_REQUIRED'),
      both('UNKNOWN_CA'),
      [
        expect.stringContaining('the broker does not take it: Publish error: Not authorized'),
        expect.stringContaining('the broker does not allow us jvpn/v1/jvpn/_fleet/policy/desired'),
      ],
      both('self signed certificate in certificate chain'),
    ]);
    expect(await followed()).toBe(2);
  },
  TEST_MS,
);
