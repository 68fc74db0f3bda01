/**
 * Goal: at the device itself an operator ends the session, and never the process: it opens the next one by itself, and where there is
 * none to end it says so.
 *
 * Method: real daemons in the lab network, and `jvpn terminate` twice in a row.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { LabProcess } from '../lab/process.ts';
import { auditOf, isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';

let net: Topology;
let site: Site;
let agent: LabProcess;

beforeAll(async () => {
  net = await topology({ seed: 39 });
  site = new Site(net);
  await site.hub();
  await site.device('gw1');
  agent = site.agent('gw1');
  await untilAudit(agent, 'ATTACHED', isAttached);
}, 60_000);

afterAll(async () => {
  await net?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

const ask = (daemon: 'gw1' | 'hub', ...argv: string[]) =>
  site.jvpn(daemon === 'hub' ? 'hub' : 'device', [
    ...argv,
    '--socket',
    site.path(`${daemon}.sock`),
  ]);

interface Status {
  readonly session_id: string;
  readonly previous_session_id: string | null;
}

const status = () => site.status<Status>('device', 'gw1');

test('once it ends, the second time there is none, and the next one comes', async () => {
  const { session_id: before } = await status();
  const seen = auditOf(agent).length;
  const [first, second] = [await ask('gw1', 'terminate'), await ask('gw1', 'terminate')];
  expect([first.code, second.code]).toEqual([0, 1]);
  expect(second.stderr).toContain('The session has ended already');
  const isAsked = ({ reason_code }: { reason_code: string }) =>
    reason_code === 'operator_terminated';
  await untilAudit(agent, 'the end', isAsked, 15_000, seen);
  await untilAudit(agent, 'the next one', isAttached, 20_000, seen);
  expect([(await status()).previous_session_id, agent.hasEnded]).toEqual([before, false]);
}, 50_000);

test('who means another daemon is told which one it is', async () => {
  const { session_id: before } = await status();
  const asked = [
    [await ask('gw1', 'terminate', 'gw1'), 'an agent listens on this socket, and it has one'],
    [await ask('gw1', 'sessions'), 'an agent listens on this socket, and "sessions" is none of'],
    [await ask('hub', 'links'), 'a hub listens on this socket, and "links" is none of'],
    [await ask('hub', 'terminate', 'nobody'), 'No device is called "nobody"'],
  ] as const;
  for (const [{ code, stdout, stderr }, words] of asked) {
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringContaining(words)]);
  }
  expect((await status()).session_id).toBe(before);
});
