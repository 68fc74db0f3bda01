/**
 * Brokers that want something: a password, a certificate, other topics, another version of MQTT.
 *
 * Method: the real reporter against mosquitto, and against aedes for MQTT 3.1.1, on loopback.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Aedes } from 'aedes';
import { connectAsync } from 'mqtt';
import { newClock } from '../../hal/linux/clock.ts';
import { type Issued, newAuthority } from '../lab/certificates.ts';
import { freePort, mosquittoObstacle, startMosquitto } from '../lab/mosquitto.ts';
import { eventually, run } from '../lab/process.ts';
import { eventRow, startFor, statusOn, TOPIC } from '../lab/reporting.ts';
import { listening, reporting, urlOf } from '../lab/witness.ts';
import { testUnless } from '../obstacle.ts';

const ACL = resolve(import.meta.dir, '../../policies/broker/mosquitto.acl');
const WAIT_MS = 15_000;
const TEST_MS = 50_000;

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'jvpn-mqtt-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const mosquittoTest = (name: string, body: () => Promise<void>) =>
  testUnless(mosquittoObstacle, name, body, TEST_MS);

mosquittoTest(
  'user name and password: refused with the wrong one, let in once it is right',
  async () => {
    const port = await freePort();
    const passwords = join(directory, 'passwords');
    await run(['mosquitto_passwd', '-b', '-c', passwords, 'gw', 'right secret']);
    const file = join(directory, 'password');
    writeFileSync(file, 'wrong\n');
    await using _broker = await startMosquitto({
      directory,
      port,
      lines: ['allow_anonymous false', `password_file ${passwords}`],
    });
    await using reporter = reporting({
      start: startFor({ url: urlOf(port), username: 'gw', password_file: file }),
      status: async () => statusOn('eth0'),
    });
    await eventually('refused', () => reporter.shown().last_error !== null, WAIT_MS);
    expect(reporter.shown().last_error).toMatch(/^refused: Connection refused: /);
    writeFileSync(file, 'right secret\r\na second line\n');
    await eventually('published', () => reporter.shown().published === 1, WAIT_MS);
    expect(JSON.stringify(reporter.shown())).not.toContain('secret');
  },
);

mosquittoTest('a report that the broker refuses is counted and not sent again', async () => {
  const port = await freePort();
  const rules = join(directory, 'acl');
  writeFileSync(rules, `topic read #\ntopic write ${TOPIC}/presence\ntopic write ${TOPIC}/twin\n`, {
    mode: 0o600,
  });
  await using broker = await startMosquitto({ directory, port, lines: [`acl_file ${rules}`] });
  await using reporter = reporting({
    start: startFor({ url: urlOf(port) }),
    status: async () => statusOn('eth0'),
  });
  await eventually('refused', () => reporter.shown().dropped === 1, WAIT_MS);
  expect(reporter.shown()).toMatchObject({
    connected: true,
    published: 0,
    queue_bytes: 0,
    last_error: `refused: ${TOPIC}/health`,
  });
  expect(broker.stderr.filter((line) => line.includes('Denied PUBLISH')).length).toBe(1);
});

mosquittoTest(
  'TLS, also under WebSocket: checked against ca_file, refused without it',
  async () => {
    const [key, certificate] = [join(directory, 'tls.key'), join(directory, 'tls.crt')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const kind = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
    ];
    const files = ['-keyout', key, '-out', certificate];
    await run(['openssl', 'req', '-x509', ...kind, ...subject, ...files]);
    const [port, webPort] = [await freePort(), await freePort()];
    const tls = [`certfile ${certificate}`, `keyfile ${key}`];
    const web = [`listener ${webPort} 127.0.0.1`, 'protocol websockets', ...tls];
    await using _broker = await startMosquitto({ directory, port, lines: [...tls, ...web] });
    const status = async () => statusOn('eth0');
    for (const url of [`mqtts://localhost:${port}`, `wss://localhost:${webPort}`]) {
      await using stranger = reporting({ start: startFor({ url, client_id: 'stranger' }), status });
      await using reporter = reporting({ start: startFor({ url, ca_file: certificate }), status });
      await eventually('published', () => reporter.shown().published === 1, WAIT_MS);
      expect(reporter.shown().protocol).toBe('5.0');
      await eventually('refused', () => stranger.shown().last_error !== null, WAIT_MS);
      expect(stranger.shown().last_error).toMatch(/^unreachable: .*certificate/);
      expect(stranger.shown().published).toBe(0);
    }
  },
);

mosquittoTest(
  'a certificate of its own and the shipped rules: a device writes its topics, and neither writes nor hears others',
  async () => {
    const authority = await newAuthority(directory);
    const [server, own, other] = [
      await authority.issue('localhost'),
      await authority.issue('gw-7'),
      await authority.issue('gw-8'),
    ];
    const watcher = await authority.issue('jvpn-fleet');
    const [port, webPort] = [await freePort(), await freePort()];
    const certified = [
      ...[`cafile ${authority.file}`, `certfile ${server.certificate}`, `keyfile ${server.key}`],
      ...['require_certificate true', 'use_identity_as_username true'],
    ];
    const web = [`listener ${webPort} 127.0.0.1`, 'protocol websockets', ...certified];
    await using broker = await startMosquitto({
      ...{ directory, port },
      lines: [...certified, `acl_file ${aclFor(directory)}`, ...web],
    });
    const url = `mqtts://localhost:${port}`;
    const webUrl = `wss://localhost:${webPort}`;
    const of = (identity: Issued | null, clientId: string, at = url) =>
      reporting({
        start: startFor({
          ...{ url: at, fleet: 'jvpn', ca_file: authority.file, client_id: clientId },
          ...(identity === null
            ? {}
            : { certificate_file: identity.certificate, key_file: identity.key }),
        }),
        status: async () => statusOn('eth0'),
      });
    const root = 'jvpn/v1/jvpn';
    const hearing = (identity: Issued, topic: string) =>
      listeningTo(url, topic, authority.file, identity);
    await using fleet = await hearing(watcher, `${root}/#`);
    await using eavesdropper = await hearing(other, `${root}/#`);
    await using device = of(own, 'own');
    await eventually('published', () => device.shown().published === 1, WAIT_MS);

    // As gw-7, with the certificate of gw-8; and with none.
    await using impostor = of(other, 'impostor');
    await eventually('denied', () => impostor.shown().dropped === 1, WAIT_MS);
    expect(impostor.shown()).toMatchObject({
      published: 0,
      last_error: `refused: ${root}/gw-7/health`,
    });
    for (const at of [url, webUrl]) {
      await using stranger = of(null, 'stranger', at);
      await eventually('refused', () => stranger.shown().last_error !== null, WAIT_MS);
      expect(stranger.shown()).toMatchObject({ connected: false, published: 0 });
    }
    // Over WebSocket the certificate is shown as well, and means the same.
    await using onWeb = of(own, 'on-web', webUrl);
    await eventually('published over WebSocket', () => onWeb.shown().published === 1, WAIT_MS);
    await using impostorOnWeb = of(other, 'impostor-on-web', webUrl);
    await eventually('denied over WebSocket', () => impostorOnWeb.shown().dropped === 1, WAIT_MS);

    device.telemetry.noteEvent(eventRow('transition', 0));
    await eventually('heard', () => new Set(fleet.topics).size >= 4, WAIT_MS);
    expect(new Set(fleet.topics)).toEqual(
      new Set(
        ['presence', 'twin', 'health', 'event/transition'].map((leaf) => `${root}/gw-7/${leaf}`),
      ),
    );
    expect(eavesdropper.topics).toEqual([]);
    // Who pushes policies may ask for everything again, another device may not.
    await using publisher = await hearing(await authority.issue('jvpn-push'), `${root}/+/health`);
    const births = () => fleet.topics.filter((topic) => topic.endsWith('/presence')).length;
    const before = births();
    eavesdropper.client.publish(`${root}/gw-7/rebirth`, '', { qos: 1 });
    const isKept = () => broker.stderr.some((line) => /Denied PUBLISH from .*rebirth/.test(line));
    await eventually('another device asks nothing', isKept, WAIT_MS);
    expect(births()).toBe(before);
    publisher.client.publish(`${root}/gw-7/rebirth`, '', { qos: 1 });
    await eventually('everything is said again', () => births() > before, WAIT_MS);
    // What is sent to one device is heard by it alone, what is sent to groups and the fleet by all; and only by whoever may push is it sent.
    const documents = ['gw-7/policy', '_group/vans/policy', '_fleet/emergency', '_fleet/policy'];
    for (const topic of documents) {
      const desired = `${root}/${topic}/desired`;
      await eavesdropper.client.publishAsync(desired, 'forged', { qos: 1 }).catch(() => {});
      await publisher.client.publishAsync(desired, 'signed', { qos: 1 });
    }
    const isHeard = () => eavesdropper.topics.length >= 3;
    await eventually('documents for groups and the fleet are heard', isHeard, WAIT_MS);
    expect(eavesdropper.topics).toEqual(
      documents.slice(1).map((topic) => `${root}/${topic}/desired`),
    );
    fleet.client.publish(`${root}/gw-7/presence`, 'forged', { qos: 1 });
    const denied = () => broker.stderr.some((line) => /Denied PUBLISH from .*fleet/.test(line));
    await eventually('the watcher writes nothing', denied, WAIT_MS);
  },
);

mosquittoTest(
  'by the shipped rules a device hears its own commands and answers those alone, and whoever sends them hears the answers',
  async () => {
    const authority = await newAuthority(directory);
    const server = await authority.issue('localhost');
    const names = ['gw-7', 'gw-8', 'jvpn-push', 'jvpn-fleet'] as const;
    const issued = await Promise.all(names.map((name) => authority.issue(name)));
    const port = await freePort();
    await using broker = await startMosquitto({
      ...{ directory, port },
      lines: [
        ...[`cafile ${authority.file}`, `certfile ${server.certificate}`, `keyfile ${server.key}`],
        ...['require_certificate true', 'use_identity_as_username true'],
        `acl_file ${aclFor(directory)}`,
      ],
    });
    const command = 'jvpn/v1/jvpn/gw-7/cmd/rebind/07';
    const answer = `${command}/answer`;
    const hearing = (at: number) =>
      listeningTo(`mqtts://localhost:${port}`, 'jvpn/v1/jvpn/#', authority.file, issued[at]!);
    await using own = await hearing(0);
    await using other = await hearing(1);
    await using operator = await hearing(2);
    await using watcher = await hearing(3);
    const denied = () => broker.stderr.filter((line) => /Denied PUBLISH/.test(line)).length;
    const tries = [
      ...[own, other, watcher].map(({ client }) => [client, command] as const),
      ...[other, operator, watcher].map(({ client }) => [client, answer] as const),
    ];
    for (const [at, [client, topic]] of tries.entries()) {
      client.publish(topic, 'forged', { qos: 1 });
      await eventually(`try ${at} is denied`, () => denied() === at + 1, WAIT_MS);
    }
    operator.client.publish(command, 'signed', { qos: 1 });
    await eventually('heard', () => own.topics.length === 1, WAIT_MS);
    own.client.publish(answer, 'done', { qos: 1 });
    await eventually('answered', () => operator.topics.length === 1, WAIT_MS);
    await eventually('watched', () => watcher.topics.length === 2, WAIT_MS);
    expect([own.topics, operator.topics]).toEqual([[command], [answer]]);
    expect([other.topics, denied()]).toEqual([[], tries.length]);
  },
);

test(
  'a broker without MQTT 5 (aedes): 3.1.1 after one refusal, and from then on at once',
  async () => {
    const broker = await Aedes.createBroker();
    const server = createServer(broker.handle);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    const url = urlOf(typeof address === 'object' && address !== null ? address.port : 0);
    const refused: string[] = [];
    broker.on('connectionError', (_client, error) => refused.push(error.message));
    await using heard = await listening(url, { version: 4 });
    {
      await using reporter = reporting({
        start: startFor({ url }),
        status: async () => statusOn('eth0'),
      });
      await eventually('published', () => reporter.shown().published === 1, WAIT_MS);
      expect(reporter.shown()).toMatchObject({ connected: true, protocol: '3.1.1' });
      expect(refused).toEqual(['unacceptable protocol version']);
      await eventually('heard', () => heard.health().length === 1, WAIT_MS);
      expect(heard.health()[0]?.telemetry).toMatchObject({ mqtt: '3.1.1', failures: 1 });
      expect(heard.presence()).toMatchObject([{ online: true, connection: 2 }]);
      reporter.telemetry.noteEvent(eventRow('transition', newClock().monotonicMs()));
      await eventually('an event', () => heard.events().length === 1, WAIT_MS);
      expect(heard.events()).toMatchObject([{ seq: 1, historical: false, gap: null }]);
      const event = heard.messages.find(({ topic }) => topic.endsWith('/event/transition'));
      expect(event).toMatchObject({ retain: false, expiryS: undefined, userProperties: undefined });
      await heard.ask('rebirth');
      await eventually('said again', () => heard.twin().length === 2, WAIT_MS);
      expect(heard.presence()[1]).toMatchObject({ online: true, connection: 2 });

      for (const client of Object.values((broker as unknown as Clients).clients)) {
        if (client.id === 'jvpn-gw-7') client.conn.destroy();
      }
      await eventually('the will and a birth', () => heard.presence().length === 4, WAIT_MS);
      expect(heard.presence().map(({ online, why }) => [online, why])).toEqual([
        [true, null],
        [true, null],
        [false, 'lost'],
        [true, null],
      ]);
      expect(refused.length).toBe(1);
    }
    await eventually('the goodbye', () => heard.presence().at(-1)?.why === 'stopped', WAIT_MS);
    await new Promise<void>((done) => broker.close(() => done()));
    server.close();
  },
  TEST_MS,
);

/** What aedes keeps but does not declare. */
interface Clients {
  readonly clients: Readonly<Record<string, { id: string; conn: { destroy(): void } }>>;
}

/** A copy that mosquitto takes: it wants its file to be nobody else's. */
function aclFor(folder: string): string {
  const file = join(folder, 'mosquitto.acl');
  copyFileSync(ACL, file);
  chmodSync(file, 0o600);
  return file;
}

/** Whoever has `identity` hears of `topic`. */
async function listeningTo(url: string, topic: string, caFile: string, identity: Issued) {
  const topics: string[] = [];
  const client = await connectAsync(url, {
    ...{ protocolVersion: 5, clientId: `hears-${identity.name}` },
    ...{ ca: readFileSync(caFile), cert: readFileSync(identity.certificate) },
    key: readFileSync(identity.key),
  });
  client.on('message', (heard) => topics.push(heard));
  await client.subscribeAsync(topic, { qos: 1 });
  return { client, topics, [Symbol.asyncDispose]: () => client.endAsync(true) };
}
