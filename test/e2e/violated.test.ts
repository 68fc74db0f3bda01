/**
 * Goal: a broken invariant ends the session it belongs to, says so everywhere, and nothing else.
 *
 * Method: real daemons from source in the lab network, each with a defect put into its session core as it is loaded
 * (test/lab/changeSource.ts): the machine really breaks its promise, and its own checks have to notice.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { FLASH_SLOT_BYTES, Memory } from '../../agent/memory.ts';
import { openFlash } from '../../hal/linux/flash.ts';
import { decodeKey } from '../../session/channel/identity.ts';
import { changedSource } from '../lab/changeSource.ts';
import { auditOf, isAttached, Site, untilAudit } from '../lab/site.ts';
import { type Topology, topology } from '../lab/topology.ts';

/** The binding is lost, and the device goes on believing in it. */
const CLINGING = changedSource([
  { file: 'session/device/die.ts', from: '  draft.activeId = null;\n', to: '' },
]);
/** A planned move is committed under the version that the record already has. */
const STALE = changedSource([
  {
    file: 'session/hub/commit.ts',
    from: 'stateVersion: claim.stateVersion,\n    claim,',
    to: "stateVersion: purposeOf(event) === 'planned' ? (record?.stateVersion ?? 0) : claim.stateVersion,\n    claim,",
  },
]);

let net: Topology;
let site: Site;

beforeAll(async () => {
  net = await topology({ seed: 11 });
  site = new Site(net);
}, 30_000);

afterAll(async () => {
  await net?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

/** What the next process of this device would find on its flash. */
function rememberedBy(name: string) {
  const flash = openFlash(site.path(`${name}.state`), FLASH_SLOT_BYTES);
  const key = decodeKey(readFileSync(site.path(`${name}.key`), 'utf8').trim());
  if (!flash.ok || !key.ok) throw new Error(`the flash or key of ${name} cannot be read`);
  return new Memory(flash.value, key.value).remembered;
}

interface HubSession {
  readonly session_id: string;
  readonly state: string;
}

const audit = (...names: string[]) =>
  site.jvpn('hub', ['audit', ...names.map((name) => site.path(`${name}.jsonl`)), '--json']);

test('at the device: alarm, transition, flash, last events, exit 1; the next one opens a session that names it', async () => {
  await using hub = await site.hub();
  await site.device('gw1');
  const agent = site.agent('gw1', CLINGING);
  const attached = await untilAudit(agent, 'ATTACHED', isAttached);
  await net.carrier('eth0', 'down');
  expect(await agent.exited).toBe(1);

  const claim = expect.stringContaining('I1: a device that carries nothing is bound to 1');
  const log = site.audit('gw1');
  expect(log.slice(-2)).toMatchObject([
    { event: 'alarm', reason_code: 'invariant_violated', detail: { claim } },
    { event: 'transition', reason_code: 'invariant_violated', to: 'TERMINATED', detail: { claim } },
  ]);
  const session_id = attached.session_id;
  expect(log.at(-1)).toMatchObject({ session_id, from: 'ATTACHED' });
  expect(rememberedBy('gw1')).toMatchObject({ terminated: 'invariant_violated' });
  const lastWords = agent.stderr.join('\n');
  expect(lastWords).toContain('jvpn agent: a broken invariant ended the session: I1');
  expect(lastWords).toContain('"reason_code":"invariant_violated"');

  await net.carrier('eth0', 'up');
  const next = site.agent('gw1');
  const again = await untilAudit(next, 'ATTACHED', isAttached, 30_000);
  expect(again.session_id).not.toBe(session_id);
  const created = auditOf(next).find(({ reason_code }) => reason_code === 'session_created');
  expect(created?.detail).toMatchObject({
    previousSessionId: session_id,
    previousReason: 'invariant_violated',
  });
  await next.stop();
  await hub.stop();
  const report = JSON.parse((await audit('gw1', 'hub')).stdout);
  expect([report.ok, report.violations, report.gaps]).toEqual([true, [], []]);
}, 90_000);

test('a device that is restarted into the defect says which state it ended in', async () => {
  await using _hub = await site.hub();
  await site.device('gw2');
  const first = site.agent('gw2');
  await untilAudit(first, 'ATTACHED', isAttached);
  await first.stop('SIGKILL');
  // It resumes in RECOVERING, and breaks before it made a transition of its own.
  const broken = site.agent(
    'gw2',
    changedSource([{ file: 'session/device/boot.ts', from: '  startRecovery(turn);\n', to: '' }]),
  );
  expect(await broken.exited).toBe(1);
  expect(site.audit('gw2').at(-1)).toMatchObject({
    ...{ event: 'transition', reason_code: 'invariant_violated' },
    ...{ from: 'RECOVERING', to: 'TERMINATED' },
  });
}, 60_000);

test('at the hub: that one session ends at both ends, the others and the process go on', async () => {
  await using hub = await site.hub(STALE);
  await site.device('gw3');
  await site.device('gw4');
  const victim = site.agent('gw3');
  const other = site.agent('gw4');
  const attached = await untilAudit(victim, 'ATTACHED', isAttached);
  const untouched = await untilAudit(other, 'ATTACHED', isAttached);
  const seen = auditOf(other).length;

  const asked = ['rebind', 'wlan0', '--socket', site.path('gw3.sock')];
  expect((await site.jvpn('device', asked)).code).toBe(0);
  const alarm = await untilAudit(
    hub,
    'alarm',
    ({ event, reason_code }) => event === 'alarm' && reason_code === 'invariant_violated',
  );
  expect(alarm.session_id).toBe(attached.session_id);
  expect(String(alarm.detail['claim'])).toMatch(/^I4: /);
  const ended = await untilAudit(victim, 'TERMINATED', ({ to }) => to === 'TERMINATED');
  expect(ended).toMatchObject({
    ...{ session_id: attached.session_id, reason_code: 'invariant_violated' },
  });
  // It opens no other by itself; a person starts it again.
  await victim.stop();
  const sessions = async () => {
    const rows = await site.status<readonly HubSession[]>('hub', 'hub', 'sessions');
    const shown = [attached.session_id, untouched.session_id];
    const known = rows.filter(({ session_id }) => shown.includes(session_id));
    return known.map(({ session_id, state }) => [session_id, state]).sort();
  };
  expect(await sessions()).toEqual(
    [
      [attached.session_id!, 'TERMINATED'],
      [untouched.session_id!, 'ATTACHED'],
    ].sort(),
  );
  const next = site.agent('gw3');
  const again = await untilAudit(next, 'a new session', isAttached);
  expect(again.session_id).not.toBe(attached.session_id);
  expect(
    auditOf(other)
      .slice(seen)
      .filter(({ event }) => event === 'transition'),
  ).toEqual([]);
  expect(hub.hasEnded).toBe(false);
  await next.stop();
  await other.stop();
}, 90_000);
