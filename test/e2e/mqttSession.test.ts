/**
 * Goal: what is sent to a device while its connection to the broker is away for a moment arrives, once; what is older, or is another
 * boot's, does not; and whatever the broker kept or forgot, the device says all of itself again.
 *
 * Method: the real reporter at a real mosquitto, over a line that the test cuts. The broker's acknowledgement says whether it keeps
 * what is published, and its log with what each CONNECT asked for.
 */
import { afterAll, beforeAll, expect } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync, type IClientPublishOptions } from 'mqtt';
import { CuttableLine } from '../lab/cuttableLine.ts';
import { freePort, mosquittoObstacle, startMosquitto } from '../lab/mosquitto.ts';
import { eventually, type LabProcess } from '../lab/process.ts';
import { startFor, statusOn, TOPIC } from '../lab/reporting.ts';
import { listening, reporting, urlOf } from '../lab/witness.ts';
import { testUnless } from '../obstacle.ts';

const WAIT_MS = 15_000;
const TEST_MS = 60_000;
const COMMAND = `${TOPIC}/cmd/refresh_health/00112233445566778899aabbccddeeff`;
/** MQTT 5 §3.4.2.1: nobody subscribes to it, not even somebody who is away. */
const NOBODY = 0x10;

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'jvpn-session-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const mosquittoTest = (name: string, body: () => Promise<void>) =>
  testUnless(mosquittoObstacle, name, body, TEST_MS);

/** A device that hears documents and notes what they were. */
function device(port: number, settings: Readonly<Record<string, number>> = {}) {
  const heard: string[] = [];
  const documents = {
    onDocument: (bytes: Uint8Array) => void heard.push(new TextDecoder().decode(bytes)),
    reported: () => ({ v: 1 }),
  };
  const start = startFor({ url: urlOf(port), ...settings });
  const reporter = reporting({ start, status: async () => statusOn('eth0'), documents });
  const isAt = (isUp: boolean) =>
    eventually(isUp ? 'up' : 'down', () => reporter.shown().connected === isUp, WAIT_MS);
  return { ...reporter, heard, isAt };
}

/** Published at QoS 1, not retained; the reason code of the broker's acknowledgement. */
async function send(
  port: number,
  text: string,
  properties: IClientPublishOptions['properties'] = {},
) {
  const client = await connectAsync(urlOf(port), { protocolVersion: 5 });
  const acknowledged = Promise.withResolvers<number>();
  client.on('packetreceive', (packet) => {
    if (packet.cmd === 'puback') acknowledged.resolve(packet.reasonCode ?? 0);
  });
  await client.publishAsync(COMMAND, text, { qos: 1, properties });
  await client.endAsync();
  return await acknowledged.promise;
}

/** Whether each CONNECT of the device wanted a clean start. */
const cleanStarts = (broker: LabProcess) =>
  broker.stderr.flatMap((line) => /as jvpn-gw-7 \(p5, c([01])/.exec(line)?.[1] ?? []);

const disconnects = (broker: LabProcess) =>
  broker.stderr.filter((line) => /Client jvpn-gw-7 (closed|disconnected)/.test(line)).length;

/** Cut, and the broker knows. */
async function cut(line: CuttableLine, broker: LabProcess, isDown: () => Promise<void>) {
  const before = disconnects(broker);
  line.cut();
  await isDown();
  await eventually('the broker noticed', () => disconnects(broker) > before, WAIT_MS);
}

mosquittoTest(
  'what is sent while the line is cut arrives behind it, once; what expired meanwhile does not',
  async () => {
    const port = await freePort();
    await using broker = await startMosquitto({ directory, port });
    using line = await new CuttableLine(port).listen();
    await using gateway = device(line.port);
    await gateway.isAt(true);
    await eventually('heard', async () => (await send(port, 'before')) === 0, WAIT_MS);
    await eventually('before', () => gateway.heard.includes('before'), WAIT_MS);
    // What is not acknowledged comes again (QoS 1).
    const isTaken = () => broker.stderr.some((text) => /Received PUBACK from jvpn-gw-7/.test(text));
    await eventually('acknowledged', isTaken, WAIT_MS);
    const before = gateway.heard.length;

    await cut(line, broker, () => gateway.isAt(false));
    expect(await send(port, 'expires', { messageExpiryInterval: 1 })).toBe(0);
    expect(await send(port, 'stays', { messageExpiryInterval: 60 })).toBe(0);
    expect(await send(port, 'for good')).toBe(0);
    // The expiry is a matter of the broker's clock, in whole seconds.
    await Bun.sleep(2_500);
    line.mend();
    await gateway.isAt(true);
    await eventually('arrived', () => gateway.heard.includes('for good'), WAIT_MS);
    await send(port, 'after');
    await eventually('after', () => gateway.heard.includes('after'), WAIT_MS);
    expect(gateway.heard.slice(before)).toEqual(['stays', 'for good', 'after']);
    expect(cleanStarts(broker)).toEqual(['1', '0']);
  },
);

mosquittoTest('another process does not get what was kept for the one before', async () => {
  const port = await freePort();
  await using broker = await startMosquitto({ directory, port });
  using line = await new CuttableLine(port).listen();
  const first = device(line.port);
  await first.isAt(true);
  await eventually('heard', async () => (await send(port, 'before')) === 0, WAIT_MS);
  await cut(line, broker, () => first.isAt(false));
  expect(await send(port, 'for the other boot')).toBe(0);
  await first.telemetry.stop();

  line.mend();
  const second = device(line.port);
  await second.isAt(true);
  await eventually('heard', async () => (await send(port, 'for this one')) === 0, WAIT_MS);
  await eventually('heard', () => second.heard.includes('for this one'), WAIT_MS);
  expect(new Set(second.heard)).toEqual(new Set(['for this one']));
  expect(cleanStarts(broker)).toEqual(['1', '1']);
  // One that says goodbye leaves nothing that is kept for it.
  await second.telemetry.stop();
  await eventually('forgotten', async () => (await send(port, 'for nobody')) === NOBODY, WAIT_MS);
});

mosquittoTest('no longer than configured, and with 0 not at all', async () => {
  const port = await freePort();
  await using broker = await startMosquitto({ directory, port });
  for (const expiryS of [1, 0]) {
    using line = await new CuttableLine(port).listen();
    await using gateway = device(line.port, { session_expiry_s: expiryS });
    await gateway.isAt(true);
    await eventually('heard', async () => (await send(port, 'before')) === 0, WAIT_MS);
    await cut(line, broker, () => gateway.isAt(false));
    expect([expiryS, await send(port, 'too late')]).toEqual([expiryS, expiryS === 0 ? NOBODY : 0]);
    await eventually('expired', async () => (await send(port, 'lost')) === NOBODY, WAIT_MS);
    line.mend();
    await gateway.isAt(true);
    await eventually('heard', async () => (await send(port, 'after')) === 0, WAIT_MS);
    await eventually('after', () => gateway.heard.includes('after'), WAIT_MS);
    const isLate = gateway.heard.some((text) => text === 'too late' || text === 'lost');
    expect([expiryS, isLate]).toEqual([expiryS, false]);
  }
});

mosquittoTest(
  'each time that it is back it says all of itself once, whether the broker kept its session or forgot everything',
  async () => {
    const port = await freePort();
    const broker = await startMosquitto({ directory, port });
    using line = await new CuttableLine(port).listen();
    await using gateway = device(line.port);
    await gateway.isAt(true);
    await eventually('said', () => gateway.shown().published >= 2, WAIT_MS);
    await using heard = await listening(urlOf(port));
    await eventually('what is retained', () => heard.twin().length === 1, WAIT_MS);
    const count = () => ({
      twins: heard.twin().length,
      births: heard.presence().filter(({ online }) => online).length,
    });
    for (let time = 1; time <= 3; time++) {
      await cut(line, broker, () => gateway.isAt(false));
      line.mend();
      await gateway.isAt(true);
      const said = { twins: 1 + time, births: 1 + time };
      await eventually('said again', () => Bun.deepEquals(count(), said), WAIT_MS);
    }
    await eventually('nothing waits', () => gateway.shown().queue_bytes === 0, WAIT_MS);
    expect(count()).toEqual({ twins: 4, births: 4 });
    expect(heard.health().length).toBeLessThanOrEqual(1 + 2 * 3);

    await broker.stop('SIGKILL');
    await gateway.isAt(false);
    await using again = await startMosquitto({ directory, port });
    await gateway.isAt(true);
    expect(cleanStarts(again)).toEqual(['0']);
    await eventually('heard', async () => (await send(port, 'after')) === 0, WAIT_MS);
    await eventually('after', () => gateway.heard.includes('after'), WAIT_MS);
    await using late = await listening(urlOf(port));
    await eventually(
      'all that is retained',
      () => [late.twin(), late.presence(), late.health()].every(({ length }) => length === 1),
      WAIT_MS,
    );
  },
);

mosquittoTest(
  'of what a topic retains the newest arrives behind the cut, and nothing that was taken back',
  async () => {
    const port = await freePort();
    await using broker = await startMosquitto({ directory, port });
    using line = await new CuttableLine(port).listen();
    await using gateway = device(line.port);
    await gateway.isAt(true);
    const retain = async (text: string) => {
      const client = await connectAsync(urlOf(port), { protocolVersion: 5 });
      await client.publishAsync(`${TOPIC}/policy/desired`, text, { qos: 1, retain: true });
      await client.endAsync();
    };
    await retain('first');
    await eventually('first', () => gateway.heard.includes('first'), WAIT_MS);
    await cut(line, broker, () => gateway.isAt(false));
    for (const text of ['bad', 'back']) await retain(text);
    await eventually('taken', async () => (await send(port, 'a command')) === 0, WAIT_MS);
    line.mend();
    await gateway.isAt(true);
    await eventually('back', () => gateway.heard.includes('back'), WAIT_MS);
    await eventually('a command', () => gateway.heard.includes('a command'), WAIT_MS);
    expect(gateway.heard).not.toContain('bad');
    expect(cleanStarts(broker)).toEqual(['1', '0']);
  },
);
