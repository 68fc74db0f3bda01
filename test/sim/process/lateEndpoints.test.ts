/**
 * Goal: what names stand for is used when the session has lost its binding, never while it carries, whichever comes first:
 * the answer of the resolver or the loss (`agent/lateEndpoints.ts`, asked in two places of `agent/sessionShell.ts`).
 * Method: one agent and one hub; where every datagram of the agent goes is written down.
 */
import { expect, test } from 'bun:test';
import { formatAddress } from '../../../session/wire/address.ts';
import { fastPrimitives } from './primitives.ts';
import { Rig } from './rig.ts';

const START_MS = 30_000;
const NEAR = '192.0.2.1:51820';
const FAR = '192.0.2.99:51820';

/** A device that is attached, and the addresses it sends to from then on. */
function attached() {
  const rig = new Rig(fastPrimitives);
  rig.boot();
  expect(rig.runUntil(() => rig.isAttached, START_MS)).toBe(true);
  rig.run(2_000);
  const sentTo = new Set<string>();
  rig.onDatagram = ({ from, to }) => {
    if (formatAddress(from) !== NEAR) sentTo.add(formatAddress(to));
  };
  return { rig, sentTo };
}

function loseEverything(rig: Rig): void {
  for (const link of ['eth0', 'wlan0']) rig.setCarrier(link, false);
  rig.run(100);
  expect(rig.agent.device?.state).toBe('RECOVERING');
  for (const link of ['eth0', 'wlan0']) rig.setCarrier(link, true);
}

test('◆ told while the session carries: kept, and everything goes there once the binding is lost', () => {
  const { rig, sentTo } = attached();
  rig.agent.tellEndpoints([FAR]);
  rig.run(20_000);
  expect([...sentTo]).toEqual([NEAR]);
  expect(rig.agent.device?.state).toBe('ATTACHED');
  loseEverything(rig);
  sentTo.clear();
  rig.run(5_000);
  expect([...sentTo]).toEqual([FAR]);
});

test('◆ told after the loss: everything goes there at once', () => {
  const { rig, sentTo } = attached();
  rig.swallows = () => true;
  loseEverything(rig);
  rig.agent.tellEndpoints([FAR]);
  sentTo.clear();
  rig.run(2_000);
  expect([...sentTo]).toEqual([FAR]);
});
