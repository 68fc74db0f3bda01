/**
 * Goal: a link behind a captive portal looks like any other but leads nowhere: the device names it, works over another
 * one meanwhile, has it back as soon as somebody has logged in, and leaves it when the portal takes it away again.
 *
 * Method: the compiled binary in the lab network; on the router of the preferred link a name server and a web server
 * answer whatever the device asks for, and nothing else gets through. Each test begins where the one before ended.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { reasonOf } from '../../session/reasons.ts';
import { folderForTests } from '../folder.ts';
import { asking } from '../lab/names/nameService.ts';
import { CaptivePortal } from '../lab/portal/captivePortal.ts';
import { PAGE } from '../lab/portal/loginPage.ts';
import { eventually, type LabProcess } from '../lab/process.ts';
import { type AuditLine, auditOf, isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';
import { buildBinary } from './binary.ts';

const RESOLVER = '203.0.113.53';
/** Questions that vanish while the session is expected to stay where it is. */
const VANISHED = 5;

interface Status {
  readonly state: string;
  readonly session_id: string;
  readonly binding: string | null;
  readonly links: readonly {
    readonly link: string;
    readonly usable: boolean;
    readonly rtt_ms: number | null;
    readonly missed_in_row: number;
  }[];
}

const folder = folderForTests('jvpn-portal-');
let net: Topology;
let site: Site;
let portal: CaptivePortal;
let agent: LabProcess;

beforeAll(async () => {
  const binary = await buildBinary(folder);
  net = await topology({ seed: 32 });
  site = new Site(net, { binary });
  await site.hub();
  await site.device('gw1');
  await net.carrier('wlan0', 'down');
  await net.carrier('wwan0', 'down');
  portal = await CaptivePortal.start(net, 'eth0');
}, 60_000);

afterAll(async () => {
  await net?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const status = () => site.status<Status>('device', 'gw1');
const rowOf = async (link: string) => (await status()).links.find((row) => row.link === link);
const eth0 = () => rowOf('eth0');
const isAttachedOn = (link: string) => (line: AuditLine) =>
  isAttached(line) && line.transport?.startsWith(`${link}→`) === true;

/** What somebody at the device finds on the web. Without proxies and the like from our environment. */
async function browsed(): Promise<string> {
  const script = `console.log(await (await fetch('http://www.example.org/')).text())`;
  const argv = ['env', '-i', process.execPath, '-e', script];
  return (await net.exec('device', asking(RESOLVER, folder, argv))).stdout.trim();
}

const told = () =>
  auditOf(agent)
    .filter(({ reason_code }) => reason_code === 'link_unanswered')
    .map(({ transport }) => transport?.split('→')[0]);

const transitions = () =>
  auditOf(agent)
    .filter(({ event }) => event === 'transition')
    .map(({ to, transport }) => [to, transport?.split('→')[0]]);

/** How often a command says the hint of a portal, to people and to machines. */
async function printed(command: 'links' | 'audit'): Promise<readonly number[]> {
  const { hint } = reasonOf('link_unanswered');
  const what = { links: ['--socket', site.path('gw1.sock')], audit: [site.path('gw1.jsonl')] };
  const ask = (...flags: string[]) => site.jvpn('device', [command, ...what[command], ...flags]);
  const answers = [await ask(), await ask('--json')];
  return answers.map(({ stdout }) => stdout.split(hint).length - 1);
}

test('the only link has address, route, names and pages, but no hub: it is named, with the hint of a portal', async () => {
  expect(await browsed()).toBe(PAGE);
  agent = site.agent('gw1');
  await untilAudit(
    agent,
    'link_unanswered',
    ({ reason_code }) => reason_code === 'link_unanswered',
  );
  expect(told()).toEqual(['eth0']);
  const { hint } = reasonOf('link_unanswered');
  expect(hint).toContain('captive portal');
  expect(await printed('links')).toEqual([1, 1]);
  expect(await printed('audit')).toEqual([1, 1]);
  expect(await status()).toMatchObject({ state: 'BIRTH', binding: null });
  // Nothing of its own machine is wrong with it, and the portal had what was meant for the hub.
  expect(await eth0()).toMatchObject({ usable: true, rtt_ms: null });
  expect(await portal.swallowed()).toBeGreaterThan(0);
}, 30_000);

test('another link comes: the session is there at once and stays, however often the portal is asked', async () => {
  await net.carrier('wlan0', 'up');
  await untilAudit(agent, 'ATTACHED', isAttached);
  const before = await portal.swallowed();
  await eventually(
    `${VANISHED} more questions have vanished`,
    async () => (await portal.swallowed()) >= before + VANISHED,
    20_000,
  );
  expect(await browsed()).toBe(PAGE);
  // From its start on: nothing else has happened, not even a plan.
  expect(transitions()).toEqual([['ATTACHED', 'wlan0']]);
  expect(await status()).toMatchObject({
    state: 'ATTACHED',
    binding: expect.stringContaining('wlan0→'),
  });
  expect(told()).toEqual(['eth0']);
}, 30_000);

test('somebody logs in: the link answers, and the same session goes over it when the other one is lost', async () => {
  const before = await status();
  const seen = auditOf(agent).length;
  await portal.logIn();
  await eventually('eth0 answers', async () => typeof (await eth0())?.rtt_ms === 'number', 20_000);
  // The link is a good one; what was is in the log.
  expect(await printed('links')).toEqual([0, 0]);
  expect(await printed('audit')).toEqual([1, 1]);
  await net.carrier('wlan0', 'down');
  await untilAudit(agent, 'ATTACHED on eth0', isAttachedOn('eth0'), 15_000, seen);
  const pings = await net.exec('device', ['ping', '-c', '3', '-i', '0.1', '-W', '1', '10.79.0.2']);
  expect(pings.stdout).toContain(' 0% packet loss');
  expect((await status()).session_id).toBe(before.session_id);
  expect(told()).toEqual(['eth0']);
}, 30_000);

test('the portal logs the device out under the session: seen as dead, and the same session goes over the other link', async () => {
  const before = await status();
  await net.carrier('wlan0', 'up');
  await eventually(
    'wlan0 answers',
    async () => {
      const row = await rowOf('wlan0');
      return row?.usable === true && row.missed_in_row === 0;
    },
    20_000,
  );
  const seen = auditOf(agent).length;
  await portal.logOut();
  await untilAudit(agent, 'ATTACHED on wlan0', isAttachedOn('wlan0'), 15_000, seen);
  const died = auditOf(agent)
    .slice(seen)
    .find(({ event, to }) => event === 'transition' && to === 'RECOVERING');
  expect(died?.reason_code).toBe('heartbeat_timeout');
  expect(died?.transport).toStartWith('eth0→');
  expect(await browsed()).toBe(PAGE);
  expect(await portal.swallowed()).toBeGreaterThan(0);
  expect((await status()).session_id).toBe(before.session_id);
  expect(await agent.stop()).toBe(0);
}, 30_000);
