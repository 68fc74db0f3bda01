import { describe, expect, test } from 'bun:test';
import { bytesToHex, hexToBytes } from '../../../../session/bytes.ts';
import { type CborMap, decodeCborMap, encodeCborMap } from '../../../../session/wire/cbor.ts';
import vectors from '../../../vectors/cbor.json';

describe('our subset of CBOR', () => {
  for (const { name, bytes } of vectors.valid) {
    test(`accepts ${name}`, () => expect(decodeCborMap(hexToBytes(bytes)).ok).toBe(true));
  }
  for (const { name, bytes } of vectors.invalid) {
    test(`refuses ${name}`, () =>
      expect(decodeCborMap(hexToBytes(bytes))).toEqual({ ok: false, code: 'cborMalformed' }));
  }

  test('numbers of every size come back as they went', () => {
    for (const value of [0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32, 2 ** 53 - 1]) {
      for (const number of [value, -value]) {
        const map: CborMap = new Map([[1, number === 0 ? 0 : number]]);
        const decoded = decodeCborMap(encodeCborMap(map));
        expect(decoded).toEqual({ ok: true, value: map });
      }
    }
  });

  test('keys of every size come back as they went', () => {
    for (const key of [2 ** 31, 2 ** 32, 2 ** 53 - 1, -(2 ** 31) - 1]) {
      const map: CborMap = new Map([[key, 1]]);
      expect(decodeCborMap(encodeCborMap(map))).toEqual({ ok: true, value: map });
    }
  });

  test('a byte order mark tells two keys apart', () => {
    const map: CborMap = new Map([
      ['a', 1],
      ['\ufeffa', 2],
    ]);
    expect(decodeCborMap(encodeCborMap(map))).toEqual({ ok: true, value: map });
  });

  test('a number that is no safe integer is our own bug', () => {
    expect(() => encodeCborMap(new Map([[1, 0.5]]))).toThrow('safe integer');
  });

  test('what is decoded keeps no hold of the datagram', () => {
    const bytes = hexToBytes('a1014401020304');
    const decoded = decodeCborMap(bytes);
    bytes.fill(0);
    const value = decoded.ok ? decoded.value.get(1) : null;
    expect(value instanceof Uint8Array ? bytesToHex(value) : null).toBe('01020304');
  });
});
