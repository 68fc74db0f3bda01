import { expect, test } from 'bun:test';
import { isIPv4, isIPv6 } from 'node:net';
import { bytesOfIpv4, bytesOfIpv6, parseEndpoint, parsePrefix } from '../../../policies/address.ts';

test('IPv4: four decimal bytes and no octal', () => {
  expect(bytesOfIpv4('198.51.100.7')).toEqual([198, 51, 100, 7]);
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.4 ',
    '1..2.3',
    '0x1.1.1.1',
  ]) {
    expect([text, bytesOfIpv4(text)]).toEqual([text, null]);
  }
});

test('IPv6: groups, one "::", a dotted quad at the end', () => {
  const zeros = (count: number) => new Array<number>(count).fill(0);
  expect(bytesOfIpv6('::')).toEqual(zeros(16));
  expect(bytesOfIpv6('2001:db8::1')).toEqual([0x20, 1, 0x0d, 0xb8, ...zeros(11), 1]);
  expect(bytesOfIpv6('::ffff:10.0.0.1')).toEqual([...zeros(10), 255, 255, 10, 0, 0, 1]);
  for (const text of [
    '',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    'g::',
    '10.0.0.1::',
    '1:2:3:4:5:6:7::8',
    'fe80::1%eth0',
  ]) {
    expect([text, bytesOfIpv6(text)]).toEqual([text, null]);
  }
});

/**
 * Goal: agree with the runtime's own parser on texts near the border.
 * Method: every text of up to 5 pieces from a small alphabet of address parts.
 */
test('agrees with node:net', () => {
  const pieces = ['::', ':', '1', 'ffff', '10.0.0.1', '0'];
  let texts = [''];
  for (let depth = 0; depth < 5; depth++) {
    texts = texts.flatMap((text) => pieces.map((piece) => text + piece));
    for (const text of texts) {
      expect([text, bytesOfIpv6(text) !== null]).toEqual([text, isIPv6(text)]);
      expect([text, bytesOfIpv4(text) !== null]).toEqual([text, isIPv4(text)]);
    }
  }
});

test('a prefix is a network only without host bits', () => {
  expect(parsePrefix('10.77.0.0/16')).toMatchObject({ family: 4, lengthBits: 16, isNetwork: true });
  expect(parsePrefix('10.77.0.5/16')).toMatchObject({ family: 4, isNetwork: false });
  expect(parsePrefix('10.64.0.0/10')?.isNetwork).toBe(true);
  expect(parsePrefix('10.96.0.0/10')?.isNetwork).toBe(false);
  expect(parsePrefix('fd77::/64')).toMatchObject({ family: 6, lengthBits: 64, isNetwork: true });
  expect(parsePrefix('fd77::1/64')?.isNetwork).toBe(false);
  expect(parsePrefix('0.0.0.0/0')?.isNetwork).toBe(true);
  expect(parsePrefix('10.0.0.1/32')?.isNetwork).toBe(true);
  for (const text of [
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    'fd77::/129',
    '/8',
    'x/8',
    '10.0.0.0/8/8',
  ]) {
    expect([text, parsePrefix(text)]).toEqual([text, null]);
  }
});

test('an endpoint is an address with a port, IPv6 in brackets, never a name', () => {
  expect(parseEndpoint('198.51.100.1:51820')).toEqual({
    host: '198.51.100.1',
    port: 51_820,
    family: 4,
  });
  expect(parseEndpoint('[2001:db8::1]:65535')).toEqual({
    host: '2001:db8::1',
    port: 65_535,
    family: 6,
  });
  for (const text of [
    '198.51.100.1',
    '198.51.100.1:0',
    '198.51.100.1:65536',
    '2001:db8::1:51820',
    '[1.2.3.4]:5',
    '[]:5',
    'hub.example:51820',
    '1.2.3.999:5',
    ':5',
    '',
  ]) {
    expect([text, parseEndpoint(text)]).toEqual([text, null]);
  }
});

test('an IPv4 network written as IPv6 is refused: the routing would read another length', () => {
  for (const text of ['::ffff:10.0.0.0/104', '::ffff:a00:1/128', '::ffff:0.0.0.0/96']) {
    expect([text, parsePrefix(text)]).toEqual([text, null]);
  }
});
