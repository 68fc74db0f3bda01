import { expect, test } from 'bun:test';
import { formatAddress, isSameAddress, parseAddress } from '../../../../session/wire/address.ts';
import { formatCidr, isWithin, networkOf, parseCidr } from '../../../../session/wire/cidr.ts';
import { formatIp, parseIp } from '../../../../session/wire/ip.ts';
import vectors from '../../../vectors/address.json' with { type: 'json' };

for (const [text, canonical] of vectors.canonical) {
  test(`${text} is ${canonical}`, () => {
    const parsed = parseAddress(text!);
    if (!parsed.ok) throw new Error(parsed.code);
    expect(formatAddress(parsed.value)).toBe(canonical!);
    const again = parseAddress(canonical!);
    expect(again.ok && isSameAddress(again.value, parsed.value)).toBe(true);
  });
}

for (const [text, code] of vectors.invalid) {
  test(`'${text}' is refused as ${code}`, () => {
    expect(parseAddress(text!) as unknown).toEqual({ ok: false, code });
  });
}

/**
 * Goal: no text makes the parsers throw, and what they take they print and take again.
 * Method: texts drawn from the characters that addresses are made of, by a fixed sequence.
 */
test('any text gives a Result, and canonical text is stable', () => {
  const alphabet = '0123456789abcdf:.[]%/:::';
  let state = 1;
  const draw = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  let taken = 0;
  for (let round = 0; round < 50_000; round++) {
    const text = Array.from({ length: draw(14) }, () => alphabet[draw(alphabet.length)]).join('');
    const address = parseAddress(text);
    if (address.ok) expect(parseAddress(formatAddress(address.value))).toEqual(address);
    const ip = parseIp(text);
    if (ip.ok) expect(parseIp(formatIp(ip.value))).toEqual(ip);
    const cidr = parseCidr(text);
    if (cidr.ok) expect(parseCidr(formatCidr(cidr.value))).toEqual(cidr);
    if (ip.ok) taken++;
  }
  expect(taken).toBeGreaterThan(20);
});

test('a network is the address without its host bits', () => {
  const networks = ['10.77.3.5/20', '10.1.2.3/32', '10.1.2.3/0', '2001:db8:ffff::1/33'].map(
    (text) => {
      const cidr = parseCidr(text);
      return cidr.ok ? formatCidr(networkOf(cidr.value)) : cidr.code;
    },
  );
  expect(networks).toEqual(['10.77.0.0/20', '10.1.2.3/32', '0.0.0.0/0', '2001:db8:8000::/33']);
});

test('prefixes that do not fit are refused', () => {
  const codes = ['10.0.0.1', '10.0.0.1/33', '10.0.0.1/', '10.0.0.1/08', '::/129', 'x/8'].map(
    (text) => {
      const cidr = parseCidr(text);
      return cidr.ok ? 'ok' : cidr.code;
    },
  );
  expect<unknown>(codes).toEqual([...new Array<string>(5).fill('prefixInvalid'), 'addressInvalid']);
});

test('an address is within its network and its family', () => {
  const within = (ip: string, cidr: string) => {
    const [a, b] = [parseIp(ip), parseCidr(cidr)];
    return a.ok && b.ok && isWithin(a.value, b.value);
  };
  expect(within('192.0.2.77', '192.0.2.1/24')).toBe(true);
  expect(within('192.0.3.77', '192.0.2.1/24')).toBe(false);
  expect(within('2001:db8::9', '2001:db8::/64')).toBe(true);
  expect(within('10.0.0.1', '::/0')).toBe(false);
});

test('an IPv4 network written as IPv6 is none: people disagree about its length', () => {
  for (const text of ['::ffff:10.0.0.0/8', '::ffff:10.0.0.0/104', '::ffff:a00:1/32']) {
    expect([text, parseCidr(text).ok]).toEqual([text, false]);
  }
});
