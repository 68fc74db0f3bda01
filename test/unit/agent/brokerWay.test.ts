/** Goal: the connection to the broker leaves the tunnel only where the policy says so, and only while no session carries data. */
import { expect, test } from 'bun:test';
import { BrokerWay, OUTSIDE_AFTER_MS } from '../../../agent/brokerWay.ts';
import { loadPolicy } from '../../../policies/load.ts';
import { statusOn } from '../../lab/reporting.ts';

const PARTS = {
  tunnel: 'jvpn0',
  links: [
    { name: 'eth0', kind: 'ethernet' },
    { name: 'wwan0', kind: 'lte' },
  ],
} as const;
const NEVER_DUE = Number.POSITIVE_INFINITY;

function policyOf(rule: BrokerWay['rule'], links: object = {}) {
  const loaded = loadPolicy({ telemetry: { outside_tunnel: rule }, links });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.policy;
}

const newWay = (rule: BrokerWay['rule'], links: object = {}) =>
  new BrokerWay(policyOf(rule, links), PARTS, 0);
const STATES = {
  carrying: ['ATTACHED', 'VOLATILE', 'DEGRADED'],
  down: ['BIRTH', 'RECOVERING', 'TERMINATED'],
} as const;
const inState = (state: string, isEthernetUsable = true) => {
  const status = statusOn('eth0');
  const links = status.links.map((row) =>
    row.link === 'eth0' ? { ...row, usable: isEthernetUsable } : row,
  );
  return { ...status, state, links };
};

test('routed: bound to nothing, whatever the session does', () => {
  const way = newWay('routed');
  for (const state of [...STATES.carrying, ...STATES.down]) {
    way.follow(inState(state), 0);
    expect([way.interfaceAt(1e9), way.allows(null, 1e9), way.allows('jvpn0', 1e9)]).toEqual([
      ...[null, true, false],
    ]);
    expect(way.nextDeadlineMs()).toBe(NEVER_DUE);
  }
});

test('never: bound to the tunnel, whatever the session does', () => {
  const way = newWay('never');
  for (const state of [...STATES.carrying, ...STATES.down]) {
    way.follow(inState(state), 0);
    way.onFailed('jvpn0');
    expect(way.interfaceAt(1e9)).toBe('jvpn0');
    for (const bound of [null, 'eth0', 'wwan0']) expect(way.allows(bound, 1e9)).toBe(false);
    expect(way.nextDeadlineMs()).toBe(NEVER_DUE);
  }
});

test.each(STATES.down)('session_down: outside after 30 s of %p, and not before', (state) => {
  const way = newWay('session_down');
  way.follow(inState('ATTACHED'), 1_000);
  expect([way.interfaceAt(1_000), way.nextDeadlineMs()]).toEqual(['jvpn0', NEVER_DUE]);
  way.follow(inState(state), 2_000);
  const atMs = 2_000 + OUTSIDE_AFTER_MS;
  // Said again it does not begin again.
  way.follow(inState(state), 20_000);
  expect([way.interfaceAt(atMs - 1), way.allows('eth0', atMs - 1)]).toEqual(['jvpn0', false]);
  // However late that is asked: it is due until it was looked at.
  expect(way.nextDeadlineMs()).toBe(atMs);
  expect([way.interfaceAt(atMs), way.allows('jvpn0', atMs)]).toEqual(['eth0', false]);
  expect(way.allows(null, atMs)).toBe(false);
  expect(way.nextDeadlineMs()).toBe(NEVER_DUE);
});

test.each(STATES.carrying)(
  'session_down: inside again at once with a session that is %p',
  (state) => {
    const way = newWay('session_down');
    expect(way.interfaceAt(OUTSIDE_AFTER_MS)).toBe('eth0');
    way.follow(inState(state), OUTSIDE_AFTER_MS + 1);
    expect([way.interfaceAt(1e9), way.allows('eth0', 1e9)]).toEqual(['jvpn0', false]);
  },
);

test('a tunnel without sessions is never down', () => {
  const way = newWay('session_down');
  way.follow({ mode: 'plain', state: 'NO KEYS (plain WireGuard)', links: [] }, 1);
  expect(way.interfaceAt(1e9)).toBe('jvpn0');
});

test('outside: usable links first, then each in turn; one that took it may keep it', () => {
  const way = newWay('session_down');
  way.follow(inState('RECOVERING', false), 0);
  expect(way.interfaceAt(OUTSIDE_AFTER_MS)).toBe('wwan0');
  way.onFailed('wwan0');
  expect(way.interfaceAt(OUTSIDE_AFTER_MS)).toBe('eth0');
  expect(way.allows('wwan0', OUTSIDE_AFTER_MS)).toBe(true);
  way.onFailed('eth0');
  expect(way.interfaceAt(OUTSIDE_AFTER_MS)).toBe('wwan0');
  // Of no link of the configuration.
  expect(way.allows('br0', OUTSIDE_AFTER_MS)).toBe(false);
});

test('what failed inside, or before there was a session, does not decide which link is asked first', () => {
  const way = newWay('session_down');
  way.onFailed('jvpn0');
  way.onFailed(null);
  expect(way.interfaceAt(OUTSIDE_AFTER_MS)).toBe('eth0');
  way.onFailed('eth0');
  expect(way.interfaceAt(OUTSIDE_AFTER_MS)).toBe('wwan0');
  way.follow(inState('ATTACHED'), OUTSIDE_AFTER_MS);
  way.follow(inState('TERMINATED'), OUTSIDE_AFTER_MS);
  expect(way.interfaceAt(2 * OUTSIDE_AFTER_MS)).toBe('eth0');
});

test('◆ a link that the policy never uses is not used for this either', () => {
  const way = newWay('session_down', { eth0: { cost_class: 'never' } });
  expect([way.interfaceAt(1e9), way.allows('eth0', 1e9)]).toEqual(['wwan0', false]);
  const all = { eth0: { cost_class: 'never' }, lte: { cost_class: 'never' } };
  way.usePolicy(policyOf('session_down', all));
  expect([way.interfaceAt(1e9), way.allows('jvpn0', 1e9)]).toEqual(['jvpn0', true]);
});
