/**
 * Requests on the control socket, to the agent and to the hub, and answers of a daemon to the client:
 * every answer is one that survives JSON, with a code from the list; a refused request changes nothing.
 *
 * @module
 */
import { AgentControl } from '../../../agent/control.ts';
import { type ControlAnswer, isRefusal, readAnswer, readRequest } from '../../../hal/control.ts';
import { HubControl } from '../../../hub/control.ts';
import type { EnrolledDevice } from '../../../hub/device.ts';
import { Pool } from '../../../hub/pool.ts';
import { Registry } from '../../../hub/registry.ts';
import { parseCidr } from '../../../session/wire/cidr.ts';
import type { Random } from '../../sim/random.ts';
import { device, key } from '../../unit/hub/sample.ts';
import { demand, type Target } from '../target.ts';

const text = new TextDecoder();
const bytes = new TextEncoder();
const CODES = [
  ...['requestMalformed', 'methodUnknown', 'linkUnknown', 'inputInvalid', 'unknownDevice'],
  ...['noSession', 'nameTaken', 'keyTaken', 'poolExhausted', 'policyInvalid'],
];
/** A file that is never right: what a daemon says of one is not this target's. */
const POLICY = {
  current: { name: 'balanced', version: 1 },
  reload: () => ({ ok: false, code: 'policyInvalid', message: 'It is not.' }),
};
const SESSION = 'aa'.repeat(16);

export const control: Target = {
  name: 'control',
  what: 'a line on the control socket',
  covers: [
    'hal/control.ts',
    'agent/control.ts',
    'hub/control.ts',
    'hub/registry.ts',
    'hub/enrolment.ts',
    'hub/pool.ts',
  ],
  bytesMax: 2_048,
  words: ['"method"', '"enroll"', '"__proto__"', '"ok":false', '"message":"x"', 'null', '[]'].map(
    (word) => bytes.encode(word),
  ),
  generate: (random) => bytes.encode(JSON.stringify(request(random))),
  async judge(input) {
    const line = text.decode(input);
    judgeAnswerLine(line);
    const read = readRequest(line);
    if (isRefusal(read)) {
      judgeAnswer(read, input.length);
      return 'refused';
    }
    const agent = agentParts();
    const agentAnswer = await agent.control.handle(read);
    judgeAnswer(agentAnswer, input.length);
    demand(agentAnswer.ok || agent.posted.length === 0, 'what the agent refuses it does not do');
    const hub = hubParts();
    const hubAnswer = await hub.control.handle(read);
    judgeAnswer(hubAnswer, input.length);
    if (!hubAnswer.ok) {
      demand(JSON.stringify(hub.devices()) === hub.before, 'a refused request enrols nobody');
      demand(hub.posted.length === 0, 'what the hub refuses it does not do');
    }
    judgeDevices(hub.devices());
    return agentAnswer.ok || hubAnswer.ok ? 'accepted' : 'refused';
  },
};

function judgeAnswer(answer: ControlAnswer, inputBytes: number): void {
  const line = JSON.stringify(answer);
  demand(!line.includes('\n'), 'an answer is one line');
  demand(JSON.stringify(readAnswer(line)) === line, 'an answer survives JSON');
  demand(line.length <= 16_384 + 8 * inputBytes, 'an answer of bounded length');
  if (!answer.ok) {
    demand(CODES.includes(answer.code), `a documented code: ${answer.code}`);
    demand(answer.message.length > 0, 'a sentence');
  }
}

/** The same bytes as a daemon's answer: the client must understand it or say that it does not. */
function judgeAnswerLine(line: string): void {
  const answer = readAnswer(line);
  demand(answer.ok || answer.code.length <= line.length + 16, 'an answer no larger than its line');
}

/** What enrolment promises about all devices together. */
function judgeDevices(devices: readonly EnrolledDevice[]): void {
  const living = devices.filter(({ revokedAtMs }) => revokedAtMs === null);
  for (const family of ['inner4', 'inner6'] as const) {
    const hosts = living.flatMap((one) => one[family] ?? []);
    demand(new Set(hosts).size === hosts.length, 'nobody has the address of another');
    demand(
      hosts.every((host) => parseCidr(host).ok),
      'addresses are addresses',
    );
  }
  demand(new Set(living.map(({ name }) => name)).size === living.length, 'names are told apart');
  demand(
    living.every(({ allowed }) => allowed.every((cidr) => parseCidr(cidr).ok)),
    'networks',
  );
}

const seat = { device: key(1), sessionId: SESSION, terminated: null, source: null };

function agentParts() {
  const posted: unknown[] = [];
  const links = [{ name: 'eth0' }, { name: 'constructor' }];
  const parts = {
    start: { config: { links } },
    policy: POLICY,
    tunnel: {
      post: (message: unknown) => posted.push(message),
      rebind: async (link: string) => {
        posted.push(link);
        return link === 'eth0' ? null : 'claim_under_way';
      },
      order: async (order: string) => {
        posted.push(order);
        return null;
      },
      status: async () => ({ links: [] }),
    },
    audit: { recent: () => [], status: () => ({}) },
    memory: { recovery: 'intact', lastFailure: null },
    spending: { lastFailure: null },
    device: 'ZGV2aWNl',
  };
  const stub = parts as unknown as ConstructorParameters<typeof AgentControl>[0];
  return { control: new AgentControl(stub), posted };
}

function hubParts() {
  const posted: unknown[] = [];
  let devices: EnrolledDevice[] = [device(1, { name: 'one' }), device(2, { revokedAtMs: 5 })];
  const before = JSON.stringify(devices);
  const store = {
    devices: () => devices,
    device: (publicKey: string) => devices.find((one) => one.publicKey === publicKey) ?? null,
    putDevices: (changed: readonly EnrolledDevice[]) => {
      const keys = changed.map(({ publicKey }) => publicKey);
      devices = [...devices.filter(({ publicKey }) => !keys.includes(publicKey)), ...changed];
    },
  };
  const peer = { mode: 'session', name: 'one', seat, traffic: {}, held: 0 };
  const parts = {
    start: { config: { state: {}, listen: { addresses: [] } } },
    policy: POLICY,
    ...{ publicKey: key(9), store, time: { nowMs: () => 1_000, aheadOfWallMs: 0 } },
    tunnel: {
      post: (message: unknown) => posted.push(message),
      peers: async () => [peer],
      status: async () => ({ counters: {}, peers: {}, sessions: {}, udp_port: 1 }),
    },
    audit: { recent: (count: number) => (count <= 0 ? [] : []), status: () => ({}) },
    ownership: { committedCount: 0, failureCount: 0, lastFailure: null },
    registry: new Registry({
      store: store as never,
      pools: { inner4: new Pool('10.77.0.0/29'), inner6: null },
      nowMs: () => 1_000,
      onChanged: () => {},
    }),
  };
  const stub = parts as unknown as ConstructorParameters<typeof HubControl>[0];
  return { control: new HubControl(stub), posted, before, devices: () => devices };
}

function request(random: Random): Record<string, unknown> {
  const one = <T>(items: readonly T[]): T => items[random.below(items.length)]!;
  const method = one([
    ...['status', 'links', 'events', 'rebind', 'terminate', 'sessions', 'devices', 'enroll'],
    ...['enroll', 'enroll', 'revoke', 'reload_policy', 'terminate', 'toString', ''],
  ]);
  const all: Record<string, unknown> = {
    method,
    link: one(['eth0', 'constructor', '__proto__', 7]),
    count: one([0, 1, -1, 1e300, 2 ** 53, '5', null]),
    reason_code: one(['operator_terminated', 'revoked', 'no_such', '__proto__', null]),
    device: one(['one', key(1), key(3), '', null]),
    session: one([SESSION, '', null]),
    public_key: one([key(3), key(1), key(2), key(0), 'x']),
    name: one(['two', 'one', '-', 'a'.repeat(64), 'a'.repeat(65), '__proto__']),
    mode: one(['session', 'plain', 'x', null]),
    inner4: one(['10.77.0.3', '10.77.0.2/32', '10.77.0.1', '10.78.0.1', '0.0.0.0/0', null]),
    inner6: one(['fd77::5', null]),
    allowed: one([['192.168.7.0/24'], ['10.77.0.0/30'], ['::ffff:10.77.0.0/120'], [1], 'x', null]),
    psk: one([key(5), 'x', null]),
    replace: one([true, false, 1]),
  };
  if (random.chance(25)) {
    const honest = { method: 'enroll', public_key: key(3), name: 'two', mode: 'session' };
    const wished = one(['inner4', 'allowed', 'psk', 'replace', 'name', 'public_key']);
    return { ...honest, [wished]: all[wished] };
  }
  const kept = Object.keys(all).filter((name) => name === 'method' || random.chance(50));
  return Object.fromEntries(kept.map((name) => [name, all[name]]));
}
