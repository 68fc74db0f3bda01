/**
 * Goal: what devices publish while the fleet is away for a moment is heard when it is back, whether it was cut off, ended or killed.
 *
 * Method: `jvpn fleet` as its users start it, the agent's reporter and mosquitto on loopback. The account that the fleet keeps of events
 * is the witness: what was lost on the way is a gap in it.
 */
import { afterAll, beforeAll, expect } from 'bun:test';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connectAsync } from 'mqtt';
import { newClock } from '../../hal/linux/clock.ts';
import { CuttableLine } from '../lab/cuttableLine.ts';
import { startFleetOn } from '../lab/fleet.ts';
import { freePort, mosquittoObstacle, startMosquitto } from '../lab/mosquitto.ts';
import { eventually } from '../lab/process.ts';
import { eventRow, startFor, statusOn, TOPIC } from '../lab/reporting.ts';
import { reporting, urlOf } from '../lab/witness.ts';
import { testUnless } from '../obstacle.ts';

const WAIT_MS = 15_000;
const TEST_MS = 55_000;

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'jvpn-fleet-session-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const mosquittoTest = (name: string, body: () => Promise<void>) =>
  testUnless(mosquittoObstacle, name, body, TEST_MS);

const clock = newClock();

/** A device whose events are numbered from 1; `say` resolves when the broker has as many as were said, with that number. */
function device(port: number) {
  const reporter = reporting({
    start: startFor({ url: urlOf(port) }),
    status: async () => statusOn('eth0'),
  });
  let said = 0;
  return {
    say: async (count: number) => {
      for (let time = 0; time < count; time++) {
        reporter.telemetry.noteEvent(eventRow('transition', clock.monotonicMs()));
      }
      said += count;
      await eventually('published', () => reporter.events().sent === said, WAIT_MS);
      return said;
    },
    [Symbol.asyncDispose]: reporter[Symbol.asyncDispose],
  };
}

type Fleet = Awaited<ReturnType<typeof startFleetOn>>;

interface Events {
  readonly events?: { readonly seq: number; readonly missing: number } | null;
}

const hears = (fleet: Fleet, seq: number) =>
  fleet.shows(`event ${seq}`, (shown) => (shown as Events).events?.seq === seq);

const gapsOf = async (fleet: Fleet) => {
  const gaps = (await fleet.device()).gaps as readonly { stream: string; to_seq: number }[];
  return gaps.filter(({ stream }) => stream === 'event');
};

const isHeard = async (fleet: Fleet, isUp: boolean) =>
  eventually(
    isUp ? 'the broker is heard' : 'the broker is missed',
    async () => (await fleet.metrics()).includes(`jvpn_fleet_broker_connected ${Number(isUp)}\n`),
    WAIT_MS,
  );

mosquittoTest('cut off, ended, killed: no event is missing', async () => {
  const port = await freePort();
  await using _broker = await startMosquitto({ directory, port });
  using line = await new CuttableLine(port).listen();
  const history = join(directory, 'one.sqlite');
  const start = () => startFleetOn({ directory, brokerPort: line.port, history });
  await using gateway = device(port);
  {
    await using fleet = await start();
    await isHeard(fleet, true);
    await gateway.say(1);
    await hears(fleet, 1);
    line.cut();
    await isHeard(fleet, false);
    await gateway.say(3);
    line.mend();
    await hears(fleet, 4);
    expect(await gapsOf(fleet)).toEqual([]);
  }
  await gateway.say(3);
  {
    await using fleet = await start();
    await hears(fleet, 7);
    expect(await gapsOf(fleet)).toEqual([]);
    process.kill(fleet.child.pid, 'SIGKILL');
    await fleet.child.exited;
  }
  await gateway.say(3);
  await using fleet = await start();
  await hears(fleet, 10);
  // What it had heard right before and not written down is told as missing, through its own fault.
  expect((await gapsOf(fleet)).filter((gap) => gap.to_seq > 7)).toEqual([]);
});

mosquittoTest('two with copies of one history do not throw each other out', async () => {
  const port = await freePort();
  await using broker = await startMosquitto({ directory, port });
  const [history, copy] = [join(directory, 'two.sqlite'), join(directory, 'copy.sqlite')];
  const start = (file: string) => startFleetOn({ directory, brokerPort: port, history: file });
  {
    await using fleet = await start(history);
    await isHeard(fleet, true);
  }
  copyFileSync(history, copy);
  await using first = await start(history);
  await isHeard(first, true);
  await using second = await start(copy);
  await using gateway = device(port);
  const names = () =>
    broker.stderr.flatMap((text) => / as (jvpn-fleet-\w+) \(p5/.exec(text)?.[1] ?? []);
  await eventually('one has another name', () => new Set(names()).size >= 2, WAIT_MS);
  const areHearing = async () => {
    const said = await gateway.say(1);
    const heard = [await first.device(), await second.device()] as readonly Events[];
    return heard.every(({ events }) => events?.seq === said);
  };
  await eventually('both hear', areHearing, WAIT_MS);
  const settled = names().length;
  for (let time = 1; time <= 3; time++) {
    const said = await gateway.say(1);
    for (const fleet of [first, second]) await hears(fleet, said);
  }
  expect(names().length).toBe(settled);
});

mosquittoTest(
  'who was lost meanwhile is seen as that, however many reports the broker has heard',
  async () => {
    const port = await freePort();
    const lines = ['max_queued_messages 160'];
    await using _broker = await startMosquitto({ directory, port, lines });
    const history = join(directory, 'three.sqlite');
    const start = () => startFleetOn({ directory, brokerPort: port, history });
    const witness = await connectAsync(urlOf(port), { protocolVersion: 5 });
    const newest = new Map<string, Buffer>();
    witness.on('message', (topic, payload) => void newest.set(topic, payload));
    await witness.subscribeAsync([`${TOPIC}/health`, `${TOPIC}/presence`], { qos: 1 });
    const heard = (leaf: string) => eventually(leaf, () => newest.has(`${TOPIC}/${leaf}`), WAIT_MS);
    const names = Array.from({ length: 40 }, (_, at) => `gw-like-it-${at}`);
    const all = (leaf: string, retain = true) => {
      const payload = newest.get(`${TOPIC}/${leaf}`) ?? '';
      const topics = names.map((name) => `${dirname(TOPIC)}/${name}/${leaf}`);
      return Promise.all(
        topics.map((topic) => witness.publishAsync(topic, payload, { qos: 1, retain })),
      );
    };
    const gateway = device(port);
    for (const leaf of ['health', 'presence']) {
      await heard(leaf);
      await all(leaf);
    }
    {
      await using fleet = await start();
      for (const name of names) await fleet.shows('online', ({ online }) => online === true, name);
    }
    // Four times as much as the broker keeps for who is away, and then the last word of each.
    for (let time = 0; time < 16; time++) await all('health', false);
    newest.clear();
    await gateway[Symbol.asyncDispose]();
    await heard('presence');
    await all('presence');
    await witness.endAsync();
    await using fleet = await start();
    for (const name of names) await fleet.shows('gone', ({ online }) => online === false, name);
  },
);
