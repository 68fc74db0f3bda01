import { describe, expect, test } from 'bun:test';
import { blake2s } from '@noble/hashes/blake2.js';
import { bytesToHex, hexToBytes } from '../../../../session/bytes.ts';
import { hash, kdf1, kdf2, kdf3, mac } from '../../../../session/noise/kdf.ts';
import vectors from '../../../vectors/blake2s.json';

describe('BLAKE2s', () => {
  for (const { name, input, key, hash: expected } of vectors.cases) {
    test(name, () => {
      const keyed = key === '' ? {} : { key: hexToBytes(key) };
      expect(bytesToHex(blake2s(hexToBytes(input), { dkLen: 32, ...keyed }))).toBe(expected);
    });
  }

  test('self test of RFC 7693 Appendix E: four digest lengths, keyed and not', () => {
    const total = blake2s.create({ dkLen: 32 });
    for (const dkLen of [16, 20, 28, 32]) {
      for (const inputBytes of [0, 3, 64, 65, 255, 1024]) {
        const input = fibonacciBytes(inputBytes, inputBytes);
        total.update(blake2s(input, { dkLen }));
        total.update(blake2s(input, { dkLen, key: fibonacciBytes(dkLen, dkLen) }));
      }
    }
    expect(bytesToHex(total.digest())).toBe(vectors.selfTest);
  });
});

test('hash and mac take their input in parts', () => {
  const [a, b] = [hexToBytes('0102'), hexToBytes('03')];
  expect(hash(a, b)).toEqual(hash(hexToBytes('010203')));
  const key = new Uint8Array(32).fill(7);
  expect(mac(key, a, b)).toEqual(mac(key, hexToBytes('010203')));
  expect(mac(key, a).length).toBe(16);
  expect(mac(new Uint8Array(16), a)).not.toEqual(mac(key, a));
});

test('the three key derivations agree on their common outputs', () => {
  const [chain, input] = [hash(hexToBytes('aa')), hexToBytes('bb')];
  const [first, second, third] = kdf3(chain, input);
  expect(kdf2(chain, input)).toEqual([first, second]);
  expect(kdf1(chain, input)).toEqual(first);
  expect(new Set([first, second, third].map(bytesToHex)).size).toBe(3);
});

/** The input generator of RFC 7693 Appendix E. */
function fibonacciBytes(count: number, seed: number): Uint8Array {
  let a = Math.imul(0xdead4bad, seed) >>> 0;
  let b = 1;
  return Uint8Array.from({ length: count }, () => {
    const next = (a + b) >>> 0;
    a = b;
    b = next;
    return next >>> 24;
  });
}
