/** Goal: every fate of a datagram happens, for its own reason and for no other. */
import { expect, test } from 'bun:test';
import { newAddress } from '../../../session/wire/address.ts';
import { ipFromBytes } from '../../../session/wire/ip.ts';
import type { LinkChange } from '../fault.ts';
import type { PacketFate } from '../outcome.ts';
import { Random } from '../random.ts';
import { World } from '../world.ts';
import { Passage } from './passage.ts';
import { type LinkAddresses, SimLink } from './simLink.ts';

const ADDRESS = newAddress(ipFromBytes(Uint8Array.of(198, 51, 100, 1)), 1_000);
const ADDRESSES: LinkAddresses = {
  local: ['10.0.0.2', 'fd00::2'],
  public4: ADDRESS,
  public6: ADDRESS,
};
const PLAN = {
  name: 'ethernet0',
  kind: 'ethernet' as const,
  delayMs: 10,
  jitterMs: 0,
  lossPercent: 0,
  duplicatePercent: 0,
  reorderPercent: 0,
  kbitPerSecond: 0,
  mtuBytes: 1_500,
};

/** Sends `count` datagrams up a link of this kind; their fates, and the order in which they arrived. */
function send(change: LinkChange, count = 1, bytes = 100, hub = { name: 'hub-0', isCut: false }) {
  const world = new World();
  const link = new SimLink(PLAN, 0, () => ADDRESSES);
  link.change(change);
  const fates: PacketFate[] = [];
  const order: number[] = [];
  const passage = new Passage(world, new Random(7), (_bytes, _sent, _arrived, _way, fate) =>
    fates.push(fate),
  );
  for (let at = 0; at < count; at++) {
    const datagram = { from: ADDRESS, bytes: new Uint8Array(bytes) };
    const arrive = () => order.push(at) > 0;
    passage.up('device-0', hub, link, false, { datagram, arrive, answer: () => {} });
  }
  world.runUntil(60_000);
  return { fates, order };
}

test('a good link delivers all, in order', () => {
  const { fates, order } = send({}, 50);
  expect(new Set(fates)).toEqual(new Set(['delivered']));
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(order).toHaveLength(50);
});

test.each([
  ['silent', { silent: true }, 'silent'],
  ['cut outwards', { outCut: true }, 'cut'],
  ['without carrier', { carrier: false }, 'cut'],
  ['a captive portal', { captive: true }, 'captive'],
  ['all lost', { lossPercent: 100 }, 'lost'],
] as const)('%s', (_name, change, fate) => {
  expect(send(change).fates).toEqual([fate]);
});

test('one way: what is cut inwards goes out', () => {
  expect(send({ inCut: true }).fates).toEqual(['delivered']);
});

test('a path takes what fits and swallows one byte more without a word', () => {
  const fits = 1_400 - 28;
  expect(send({ pathMtuBytes: 1_400 }, 1, fits).fates).toEqual(['delivered']);
  expect(send({ pathMtuBytes: 1_400 }, 1, fits + 1).fates).toEqual(['tooLong']);
});

test('a narrow link queues so much and refuses the rest', () => {
  const { fates } = send({ kbitPerSecond: 64 }, 30, 1_200);
  expect(fates.filter((fate) => fate === 'queueFull').length).toBeGreaterThan(0);
  expect(fates.filter((fate) => fate === 'delivered').length).toBeGreaterThan(5);
});

test('copies and overtaking happen where they are asked for', () => {
  expect(send({ duplicatePercent: 100 }).fates.sort()).toEqual(['copy', 'delivered']);
  const { order } = send({ reorderPercent: 50, jitterMs: 40 }, 50);
  expect(order).not.toEqual([...order].sort((a, b) => a - b));
});

test('a hub that is cut off hears nothing', () => {
  expect(send({}, 1, 100, { name: 'hub-0', isCut: true }).fates).toEqual(['cut']);
});
