/** Goal: a process that keeps too much, or loses something, is noticed by what it answers to a status command. */
import { expect, test } from 'bun:test';
import { device, hub, judged } from './asked.ts';

test('a device holds as many packets as it may', () => {
  expect(judged([device(4_096, { held: 4_096 })], [])).toEqual([]);
  expect(judged([device(4_097, { held: 4_097 })], [])).toEqual(['I11 heldAtDevice']);
});

test('what a device took from its tun was sent, waits or is counted', () => {
  const refused = { packetTooBig: 1, malformed_packet: 1, duplicate: 9 };
  const packets = { sent: 3, held: 2, heldDropped: 4, refused };
  expect(judged([device(11, packets)], [])).toEqual([]);
  expect(judged([device(12, packets)], [])).toEqual(['I11 countedAtDevice']);
  expect(judged([device(10, packets)], [])).toEqual(['I11 countedAtDevice']);
});

test('a hub has sixteen channels a device, and holds 512 packets for each', () => {
  const one = device(0, {});
  expect(judged([one], [hub(512, { channels: 16, held: [512] })])).toEqual([]);
  expect(judged([one], [hub(512, { channels: 17, held: [512] })])).toEqual(['I11 tablesAtHub']);
  expect(judged([one], [hub(514, { held: [1, 513] })])).toEqual(['I11 tablesAtHub']);
});

test('what a hub took from its tun was sent, waits or is counted', () => {
  const counters = { no_route: 1, no_destination: 2, packet_too_big: 3, replayed_datagram: 9 };
  const told = { sent: 4, held: [1, 2], counters };
  expect(judged([], [hub(13, told)])).toEqual([]);
  expect(judged([], [hub(14, told)])).toEqual(['I11 countedAtHub']);
});

test('frames are counted under channel_expired as well, packets that are missing at most', () => {
  const told = { sent: 4, counters: { channel_expired: 2 } };
  expect(
    judged(
      [],
      [4, 5, 6].map((reads) => hub(reads, told)),
    ),
  ).toEqual([]);
  expect(judged([], [hub(7, told)])).toEqual(['I11 countedAtHub']);
  expect(judged([], [hub(3, told)])).toEqual(['I11 countedAtHub']);
  const packets = { sent: 4, refused: { counterExhausted: 2 } };
  expect(judged([device(5, packets)], [])).toEqual([]);
  expect(judged([device(7, packets)], [])).toEqual(['I11 countedAtDevice']);
});

test('who sleeps, or does not run, is not asked', () => {
  const lost = hub(14, {});
  expect(judged([], [{ ...lost, machine: { ...lost.machine, isAwake: false } }])).toEqual([]);
  const dead = { ...lost.process, status: () => null };
  expect(judged([], [{ ...lost, process: dead }])).toEqual([]);
});
