import { expect, test } from 'bun:test';
import {
  icmpError,
  ipv4Number,
  ipv4Text,
  isFragment,
  readUdp,
  udpHeaders,
} from '../../../lab/hostile/packet.ts';

const SOURCE = { address: '198.18.0.1', port: 4_444 };
const TARGET = { address: '203.0.113.1', port: 51_820 };

test('an address is a number and back', () => {
  for (const address of ['0.0.0.0', '198.18.255.254', '255.255.255.255']) {
    expect(ipv4Text(ipv4Number(address))).toBe(address);
  }
});

test('what is written as UDP is read as the same', () => {
  const packet = new Uint8Array([...udpHeaders(SOURCE, TARGET, 3), 7, 8, 9]);
  expect(readUdp(packet, 5)).toEqual({
    source: SOURCE,
    target: TARGET,
    payload: Uint8Array.of(7, 8, 9),
    atMs: 5,
  });
});

test('a fragment is no datagram, and is recognised', () => {
  const packet = udpHeaders(SOURCE, TARGET, 0);
  expect([isFragment(packet), readUdp(packet, 0) === null]).toEqual([false, false]);
  packet[6] = 0x20; // more fragments
  expect([isFragment(packet), readUdp(packet, 0)]).toEqual([true, null]);
  packet[6] = 0x40; // do not fragment
  expect(isFragment(packet)).toBe(false);
});

test('an ICMP error quotes the packet and has a right checksum (RFC 1071)', () => {
  const about = udpHeaders(SOURCE, TARGET, 100);
  const error = icmpError('10.0.0.1', '203.0.113.1', { type: 3, code: 4, mtuBytes: 576 }, about);
  expect(error.subarray(28)).toEqual(about);
  const view = new DataView(error.buffer, 20);
  expect([view.getUint8(0), view.getUint8(1), view.getUint16(6)]).toEqual([3, 4, 576]);
  let sum = 0;
  for (let at = 0; at < error.length - 20; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  expect(sum).toBe(0xffff);
});
