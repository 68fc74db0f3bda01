/** Goal: the connection to the broker leaves the tunnel only where the policy says so, and only while no session carries data. */
import { expect, test } from 'bun:test';
import { BrokerWay, OUTSIDE_AFTER_MS } from '../../../agent/brokerWay.ts';
import { statusOn } from '../../lab/reporting.ts';

const INTERFACES = { tunnel: 'jvpn0', links: ['eth0', 'wwan0'] };
const newWay = (rule: BrokerWay['rule']) => new BrokerWay(rule, INTERFACES, 0);
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
    expect(way.nextDeadlineMs(0)).toBe(Number.POSITIVE_INFINITY);
  }
});

test('never: bound to the tunnel, whatever the session does', () => {
  const way = newWay('never');
  for (const state of [...STATES.carrying, ...STATES.down]) {
    way.follow(inState(state), 0);
    way.onFailed();
    expect(way.interfaceAt(1e9)).toBe('jvpn0');
    for (const bound of [null, 'eth0', 'wwan0']) expect(way.allows(bound, 1e9)).toBe(false);
    expect(way.nextDeadlineMs(0)).toBe(Number.POSITIVE_INFINITY);
  }
});

test.each(STATES.down)('session_down: outside after 30 s of %p, and not before', (state) => {
  const way = newWay('session_down');
  way.follow(inState('ATTACHED'), 1_000);
  expect([way.interfaceAt(1e9), way.nextDeadlineMs(1_000)]).toEqual([
    ...['jvpn0', Number.POSITIVE_INFINITY],
  ]);
  way.follow(inState(state), 2_000);
  const atMs = 2_000 + OUTSIDE_AFTER_MS;
  // Said again it does not begin again.
  way.follow(inState(state), 20_000);
  expect(way.nextDeadlineMs(20_000)).toBe(atMs);
  expect([way.interfaceAt(atMs - 1), way.allows('eth0', atMs - 1)]).toEqual(['jvpn0', false]);
  expect([way.interfaceAt(atMs), way.allows('jvpn0', atMs)]).toEqual(['eth0', false]);
  expect(way.allows(null, atMs)).toBe(false);
  expect(way.nextDeadlineMs(atMs)).toBe(Number.POSITIVE_INFINITY);
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
  way.onFailed();
  expect(way.interfaceAt(OUTSIDE_AFTER_MS)).toBe('eth0');
  expect(way.allows('wwan0', OUTSIDE_AFTER_MS)).toBe(true);
  way.onFailed();
  expect(way.interfaceAt(OUTSIDE_AFTER_MS)).toBe('wwan0');
  // Of no link of the configuration.
  expect(way.allows('br0', OUTSIDE_AFTER_MS)).toBe(false);
});
