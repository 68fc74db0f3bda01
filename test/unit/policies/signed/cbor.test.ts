/**
 * Goal: each value has one encoding, and nothing else is read.
 *
 * Method: the examples of RFC 8949, appendix A, that belong to the subset and that do not; random values both ways, against
 * cbor-x; random bytes, which are refused or are exactly what would be written.
 */
import { expect, test } from 'bun:test';
import { Decoder } from 'cbor-x';
import { type Cbor, decodeCbor, encodeCbor } from '../../../../policies/signed/cbor.ts';
import { bytesToHex, hexToBytes } from '../../../../session/bytes.ts';
import { Random } from '../../../sim/random.ts';

// biome-ignore format: this is a table
const SAME: readonly [string, Cbor][] = [
  ['00', 0], ['17', 23], ['1818', 24], ['1903e8', 1_000], ['1a000f4240', 1_000_000], ['1b000000e8d4a51000', 1_000_000_000_000],
  ['1b001fffffffffffff', Number.MAX_SAFE_INTEGER], ['20', -1], ['3863', -100], ['3b001ffffffffffffe', Number.MIN_SAFE_INTEGER],
  ['fb3ff199999999999a', 1.1], ['fbc010666666666666', -4.1], ['f4', false], ['f5', true], ['f6', null],
  ['40', new Uint8Array(0)], ['4401020304', Uint8Array.of(1, 2, 3, 4)], ['60', ''], ['6449455446', 'IETF'], ['62c3bc', 'ü'],
  ['80', []], ['83010203', [1, 2, 3]], ['a0', new Map()], ['a201020304', new Map([[1, 2], [3, 4]])],
  ['a1616101', new Map([['a', 1]])],
];
// biome-ignore format: this is a table
const REFUSED: readonly [string, string][] = [
  ['', 'nothing'], ['1800', '0 in two bytes'], ['190017', '23 in three'], ['1a0000ffff', '65535 in five'],
  ['1b00000000ffffffff', '2^32 − 1 in nine'], ['1b0020000000000000', '2^53'], ['3b001fffffffffffff', '−2^53'],
  ['f93e00', 'a float of 16 bits'], ['fa47c35000', 'of 32 bits'], ['fb3ff0000000000000', '1.0'], ['fb7ff8000000000000', 'NaN'],
  ['fb7ff0000000000000', 'infinity'], ['fb8000000000000000', '−0.0'], ['f7', 'undefined'], ['f0', 'simple 16'],
  ['f8ff', 'simple 255'], ['c11a514b67b0', 'a tag'], ['c249010000000000000000', 'a big number'],
  ['5f42010243030405ff', 'bytes without a length'], ['7f657374726561646d696e67ff', 'text without a length'],
  ['9fff', 'an array without a length'], ['bf6161f5ff', 'a map without a length'], ['ff', 'a break'], ['1c', 'a reserved length'],
  ['61ff', 'text that is not UTF-8'], ['6141ff', 'something behind it'], ['0000', 'two items'], ['8201', 'an array cut short'],
  ['a101', 'a map cut short'], ['4501', 'bytes cut short'], ['a201020103', 'a key twice'], ['a203040102', 'keys out of order'],
  ['a261620161610 2'.replace(' ', ''), 'text keys out of order'], ['a1f501', 'true as a key'], ['a1fb3ff199999999999a01', 'a fraction as a key'],
  ['a1800 1'.replace(' ', ''), 'an array as a key'], ['9bffffffffffffffff', 'an array that says it is endless'],
  ['bb00000000ffffffff', 'a map longer than the bytes'], ['5b7fffffffffffffff', 'bytes longer than memory'],
];

for (const [hex, value] of SAME) {
  test(`${hex} both ways`, () => {
    expect(decodeCbor(hexToBytes(hex))).toEqual(value as never);
    expect(bytesToHex(encodeCbor(value))).toBe(hex);
  });
}

for (const [hex, why] of REFUSED) {
  test(`${why} is refused`, () => expect(decodeCbor(hexToBytes(hex))).toBeUndefined());
}

function draw(random: Random, depth: number): Cbor {
  const numbers = [
    0,
    23,
    24,
    255,
    256,
    65_535,
    65_536,
    2 ** 32,
    Number.MAX_SAFE_INTEGER,
    0.5,
    -7.25,
  ];
  switch (random.below(depth === 0 ? 5 : 7)) {
    case 0:
      return numbers[random.below(numbers.length)]! * (random.chance(50) ? 1 : -1) + 0;
    case 1:
      return 'äbc__proto__'.slice(0, random.below(12));
    case 2:
      return random.bytes(random.below(300));
    case 3:
      return random.chance(50);
    case 4:
      return null;
    case 5:
      return Array.from({ length: random.below(4) }, () => draw(random, depth - 1));
    default: {
      const key = () => (random.chance(50) ? random.below(300) - 150 : `k${random.below(50)}`);
      const entries = Array.from({ length: random.below(6) }, () => [
        key(),
        draw(random, depth - 1),
      ]);
      return new Map(entries as [number | string, Cbor][]);
    }
  }
}

/** Maps compare by their entries, whatever their order. */
const plain = (value: unknown): unknown => {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint8Array) return `h'${bytesToHex(value)}'`;
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return Object.is(value, -0) ? 0 : value;
  return [...value]
    .map(([key, item]) => [plain(key), plain(item)])
    .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
};

test('random values go both ways, and another decoder reads the same', () => {
  const random = new Random(11);
  const other = new Decoder({ mapsAsObjects: false, useRecords: false });
  for (let round = 0; round < 500; round++) {
    const value = draw(random, 4);
    const bytes = encodeCbor(value);
    const decoded = decodeCbor(bytes);
    expect(plain(decoded)).toEqual(plain(value));
    expect(encodeCbor(decoded as Cbor)).toEqual(bytes);
    expect(plain(other.decode(bytes))).toEqual(plain(value));
  }
});

test('random bytes are refused, or are what would be written', () => {
  const random = new Random(12);
  let read = 0;
  for (let round = 0; round < 5_000; round++) {
    const bytes = random.bytes(1 + random.below(12));
    const value = decodeCbor(bytes);
    if (value === undefined) continue;
    read++;
    expect(encodeCbor(value)).toEqual(bytes);
  }
  expect(read).toBeGreaterThan(50);
});
