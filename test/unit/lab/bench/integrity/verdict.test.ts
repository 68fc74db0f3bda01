/**
 * Goal: each thing that may be wrong is a complaint, and nothing else is.
 *
 * Method: figures of a run in which all is well, and one change at a time.
 */
import { expect, test } from 'bun:test';
import type { ConnectionFigures } from '../../../../lab/bench/integrity/connection.ts';
import {
  complaintsOfCounters,
  complaintsOfInjection,
  complaintsOfSession,
  complaintsOfTcp,
  complaintsOfUdp,
} from '../../../../lab/bench/integrity/verdict.ts';

const near: ConnectionFigures = {
  ...{ name: 'a', mssBytes: 500, isSharp: true, error: null },
  ...{ sentBytes: 10, sentSha256: 'up', receivedBytes: 20, receivedSha256: 'down' },
};
const far: ConnectionFigures = {
  ...near,
  ...{ sentBytes: 20, sentSha256: 'down', receivedBytes: 10, receivedSha256: 'up' },
};

test('connections: both directions at both ends, or a complaint', () => {
  expect(complaintsOfTcp([near], [far])).toEqual([]);
  const complaints = (change: Partial<ConnectionFigures>) =>
    complaintsOfTcp([near], [{ ...far, ...change }]);
  expect(complaints({ receivedSha256: 'UP' })).toEqual(['connection a up: up sent, UP received']);
  expect(complaints({ sentSha256: 'DOWN' })).toEqual([
    'connection a down: DOWN sent, down received',
  ]);
  expect(complaints({ receivedBytes: 9 })).toEqual(['connection a up: 10 bytes sent, 9 received']);
  expect(complaints({ sentBytes: 21 })).toEqual(['connection a down: 21 bytes sent, 20 received']);
  expect(complaints({ sentBytes: 0 })).toEqual(['connection a down: nothing was sent']);
  expect(complaints({ error: 'recv: errno 104' })).toEqual([
    'connection a broke at the hub: recv: errno 104',
  ]);
  expect(complaints({ name: 'b' })).toEqual(['connection a: unknown to the hub']);
  expect(complaintsOfTcp([near], [])).toEqual([
    '1 connections at the device, 0 at the hub',
    'connection a: unknown to the hub',
  ]);
  expect(complaintsOfTcp([], [])).toEqual(['no connection was made']);
});

test('datagrams: some may be lost, none damaged or doubled, and most arrive', () => {
  const whole = { received: 97, damaged: 0, duplicated: 0 };
  const complaints = (change: Partial<typeof whole>, sent = 100) =>
    complaintsOfUdp('up', { sent }, { ...whole, ...change });
  expect(complaints({})).toEqual([]);
  expect(complaints({ damaged: 1 })).toEqual(['datagrams up: 1 arrived damaged']);
  expect(complaints({ duplicated: 2 })).toEqual(['datagrams up: 2 arrived twice']);
  expect(complaints({ received: 49 })).toEqual(['datagrams up: 49 of 100 arrived']);
  expect(complaints({ received: 101 })).toEqual(['datagrams up: 101 of 100 arrived']);
  expect(complaints({ received: 0 }, 0)).toEqual(['datagrams up: none was sent']);
});

test('the link has to have done what it was told, in both directions', () => {
  const wanted = { lossPercent: 1, reorderPercent: 2 };
  const done = { entered: 10_000, dropped: 100, reordered: 190 };
  const complaints = (change: Partial<typeof done>) =>
    complaintsOfInjection({ up: done, down: { ...done, ...change } }, wanted, false);
  expect(complaints({})).toEqual([]);
  for (const dropped of [0, 49, 201]) {
    expect(complaints({ dropped })).toEqual([
      `down: ${dropped} of 10000 datagrams dropped, not 1 %`,
    ]);
  }
  for (const reordered of [0, 19]) {
    expect(complaints({ reordered })).toEqual([
      `down: ${reordered} of 10000 datagrams reordered: too few`,
    ]);
  }
  expect(complaints({ entered: 0, dropped: 0, reordered: 0 })).toHaveLength(2);
});

test('a link that did nothing is a complaint, unless that was asked for', () => {
  const still = { entered: 10_000, dropped: 0, reordered: 0 };
  const nothing = { lossPercent: 0, reorderPercent: 0 };
  const both = { up: still, down: still };
  expect(complaintsOfInjection(both, nothing, true)).toEqual([]);
  expect(complaintsOfInjection(both, nothing, false)).toEqual([
    'nothing was injected: this run shows nothing about loss',
  ]);
  for (const touched of [{ dropped: 1 }, { reordered: 1 }]) {
    const moved = { up: { ...still, ...touched }, down: still };
    expect(complaintsOfInjection(moved, nothing, true)).toEqual([
      'something was dropped or reordered, although nothing was to be',
    ]);
  }
});

test('what the daemons must not have counted; the hub has a figure for each', () => {
  const hub = {
    ...{ malformed_datagram: 0, malformed_packet: 0, tun_refused: 0, wrong_key_datagram: 0 },
    ...{ invariant_violated: 0, replayed_datagram: 7 },
  };
  expect(complaintsOfCounters({ duplicate: 3 }, hub)).toEqual([]);
  expect(complaintsOfCounters({ tunRefused: 2 }, { ...hub, wrong_key_datagram: 1 })).toEqual([
    'the device counted 2 tunRefused',
    'the hub counted 1 wrong_key_datagram',
  ]);
  const { tun_refused: _, ...without } = hub;
  expect(complaintsOfCounters({}, without)).toEqual(['the hub counted no figure of tun_refused']);
});

test('one session from beginning to end', () => {
  expect(complaintsOfSession('a', 'a')).toEqual([]);
  expect(complaintsOfSession('a', 'b')).toEqual(['the session was a and is b']);
});
