/**
 * Goal: a broker that is brought back with what it kept a while ago takes no device back to an older policy and makes nobody believe
 * that a device is gone; the device says all of itself anew, and the next policy reaches it.
 *
 * Method: a real mosquitto whose persistence file is put aside, once while the device's process is dead, once while its connection is
 * cut, and put back behind it each time; the real reporter and the real taking of documents, `jvpn policy push`, `jvpn fleet`. The device's line
 * is cut until the fleet has heard what the broker kept.
 */
import { afterAll, beforeAll, expect } from 'bun:test';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { signingPublicKey } from '../../agent/cose.ts';
import { CuttableLine } from '../lab/cuttableLine.ts';
import { startFleetOn } from '../lab/fleet.ts';
import { freePort, mosquittoObstacle, startMosquitto } from '../lab/mosquitto.ts';
import { eventually, LabProcess, run } from '../lab/process.ts';
import { TOPIC } from '../lab/reporting.ts';
import { listening, urlOf } from '../lab/witness.ts';
import { testUnless } from '../obstacle.ts';

const DEVICES = resolve(import.meta.dir, '../lab/pushedDevices.ts');
const JVPN = resolve(import.meta.dir, '../../agent/jvpn.ts');
const OWNER = new Uint8Array(32).fill(45);
const WAIT_MS = 20_000;
const TEST_MS = 90_000;
/** Sixty messages a minute are too many for a device. */
const ASK_MS = 3_000;

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'jvpn-brought-back-'));
  const key = `${Buffer.from(OWNER).toString('base64')}\n`;
  writeFileSync(join(directory, 'owner.key'), key, { mode: 0o600 });
});
afterAll(() => rmSync(directory, { recursive: true }));

/** A broker whose memory can be put aside and put back. */
class KeepingBroker {
  readonly #port: number;
  readonly #persistence = join(directory, 'kept');
  #process: LabProcess | null = null;

  constructor(port: number) {
    this.#port = port;
    mkdirSync(this.#persistence);
  }

  async start(): Promise<void> {
    const persistence = this.#persistence;
    this.#process = await startMosquitto({ directory, port: this.#port, persistence });
  }

  /** A copy of what it keeps now. */
  async copied(name: string): Promise<string> {
    rmSync(this.#file, { force: true });
    this.#process?.signal('SIGUSR1');
    await eventually('it is written', () => existsSync(this.#file), WAIT_MS);
    const copy = join(directory, name);
    copyFileSync(this.#file, copy);
    return copy;
  }

  /** Killed, it forgets what came since `copy` was made. `whileDown` before it is there again. */
  async broughtBack(copy: string, whileDown: () => void): Promise<void> {
    await this.#process?.stop('SIGKILL');
    whileDown();
    copyFileSync(copy, this.#file);
    await this.start();
  }

  get #file(): string {
    return join(this.#persistence, 'mosquitto.db');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.stop();
  }
}

interface Reported {
  readonly confirmed: number;
  readonly on_trial: number | null;
  readonly last_refusal: { readonly code: string; readonly version: number } | null;
  readonly counters: Readonly<Record<string, number>>;
}

/** What the device says while somebody listens, without what the broker had kept. */
async function hearing(port: number) {
  const heard = await listening(urlOf(port));
  const said = (leaf: string) =>
    heard.messages
      .filter(({ topic, retain }) => topic === `${TOPIC}/${leaf}` && !retain)
      .map(({ value }) => value);
  return {
    said,
    reported: () => said('policy/reported').at(-1) as Reported | undefined,
    kept: (leaf: string) =>
      heard.messages.find(({ topic, retain }) => topic === `${TOPIC}/${leaf}` && retain)?.value,
    askAgain: () => heard.ask('rebirth'),
    [Symbol.asyncDispose]: heard[Symbol.asyncDispose],
  };
}

type Fleet = Awaited<ReturnType<typeof startFleetOn>>;

async function oldNewsOf(fleet: Fleet): Promise<number> {
  const [, count = ''] =
    /jvpn_fleet_messages_total\{outcome="oldNews"\} (\d+)/.exec(await fleet.metrics()) ?? [];
  return Number(count);
}

async function presenceMarks(fleet: Fleet): Promise<readonly (string | null)[]> {
  const answer = await fleet.get('/api/device/gw-7/timeline');
  const { marks } = (await answer.json()) as {
    marks: readonly { readonly kind: string; readonly to: string | null }[];
  };
  return marks.filter(({ kind }) => kind === 'presence').map(({ to }) => to);
}

testUnless(
  mosquittoObstacle,
  'an older policy is refused, an older absence is old news, and all is said anew',
  async () => {
    const port = await freePort();
    await using broker = new KeepingBroker(port);
    await broker.start();
    using line = await new CuttableLine(port).listen();
    const history = join(directory, 'fleet.sqlite');
    await using fleet = await startFleetOn({ directory, brokerPort: port, history });
    const signer = Buffer.from(signingPublicKey(OWNER)).toString('base64');
    const device = () =>
      new LabProcess([process.execPath, DEVICES, `${line.port}`, 'testfleet', signer, 'gw-7']);
    const isThere = () => fleet.shows('there', ({ online }) => online === true);
    const isLost = () => fleet.shows('lost', ({ why }) => why === 'lost');
    const push = async (version: number) => {
      const file = join(directory, `v${version}.toml`);
      writeFileSync(file, `version = ${version}\nname = "v${version}"\n`);
      const whom = ['--broker', urlOf(port), '--fleet', 'testfleet', '--device', 'gw-7'];
      const key = ['--signing-key-file', join(directory, 'owner.key')];
      const push = [process.execPath, JVPN, 'policy', 'push', file, ...whom, ...key];
      const { stdout } = await run(push);
      expect(stdout).toContain('1 confirmed');
    };

    const first = device();
    await isThere();
    await push(2);
    await first.stop('SIGKILL');
    await isLost();
    const ofFirstProcess = await broker.copied('process.db');

    await using second = device();
    await isThere();
    await push(3);
    line.cut();
    await isLost();
    const ofFirstConnection = await broker.copied('connection.db');
    line.mend();
    await isThere();
    await push(4);
    const marks = await presenceMarks(fleet);
    expect(marks).toEqual(['online', 'lost', 'online', 'lost', 'online']);

    for (const [copy, older] of [
      [ofFirstProcess, 2],
      [ofFirstConnection, 3],
    ] as const) {
      const before = await oldNewsOf(fleet);
      await broker.broughtBack(copy, () => line.cut());
      await eventually('old news', async () => (await oldNewsOf(fleet)) > before, WAIT_MS);
      expect(await fleet.device()).toMatchObject({ online: true, why: null });
      await using heard = await hearing(port);
      await eventually('what it kept', () => heard.kept('presence') !== undefined, WAIT_MS);
      expect(heard.kept('presence')).toMatchObject({ online: false, why: 'lost' });

      line.mend();
      const all = ['presence', 'twin', 'health', 'policy/reported'];
      const isSaid = () => all.every((leaf) => heard.said(leaf).length > 0);
      await eventually('all is said anew', isSaid, WAIT_MS);
      expect(heard.said('presence').at(-1)).toMatchObject({ online: true, why: null });
      // Of refusals that are alike one is reported a minute; asked, it says what was last.
      let askedAtMs = Number.NEGATIVE_INFINITY;
      const isRefused = async () => {
        if (performance.now() - askedAtMs > ASK_MS) {
          askedAtMs = performance.now();
          await heard.askAgain();
        }
        return heard.reported()?.last_refusal?.version === older;
      };
      await eventually('the older one is refused', isRefused, WAIT_MS);
      expect(heard.reported()).toMatchObject({
        ...{ confirmed: 4, on_trial: null },
        last_refusal: { code: 'document_replayed', version: older },
      });
      expect(heard.reported()?.counters['document_replayed']).toBeGreaterThan(0);
      expect(heard.reported()?.counters['policy_on_trial']).toBe(3);
      await isThere();
    }
    expect(await presenceMarks(fleet)).toEqual(marks);
    expect(second.stderr).toEqual([]);
    await push(5);
  },
  TEST_MS,
);
