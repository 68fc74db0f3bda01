import { expect, test } from 'bun:test';
import { encodePayload } from '../../../agent/payload.ts';
import { decodeDocument, PAYLOAD_BYTES_MAX } from '../../../fleet/document.ts';
import { newRandom } from '../../lab/random.ts';
import { healthPayload } from './sample.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));

test('what agents write is read, as CBOR and as JSON the same', () => {
  const cbor = decodeDocument(healthPayload({ seq: 3, format: 'cbor' }));
  const json = decodeDocument(healthPayload({ seq: 3, format: 'json' }));
  if (!cbor.ok || !json.ok) throw new Error('not read');
  expect(JSON.stringify(cbor.value)).toBe(JSON.stringify(json.value));
});

test('numbers of every width, long and foreign texts', () => {
  const value = {
    ...{ a: 0, b: 23, c: 24, d: 255, e: 256, f: 65_536, g: 2 ** 40, h: -1, i: -500, j: 1.5 },
    ...{ text: 'ü→', long: 'x'.repeat(300), list: [1, [true, false, null]], empty: {} },
  };
  const decoded = decodeDocument(encodePayload(value, 'cbor'));
  expect(decoded.ok && JSON.parse(JSON.stringify(decoded.value))).toEqual(value);
});

test('what reports are not made of is refused', () => {
  for (const hex of [
    ...['', 'a1', 'a16161', 'a1616101ff', '01', '80', 'f6'],
    ...['bf616101ff', 'a161615f40ff', 'a16161c100', 'a1616141ff', 'a10101'],
    ...['a16161f97c00', 'a16161fb7ff8000000000000', 'a161619b7fffffffffffffff', 'a1617aff'],
    ...['bb0000000100000000', 'a16161818181818181818101'],
  ]) {
    expect([hex, decodeDocument(bytes(hex))]).toEqual([hex, { ok: false, code: 'malformed' }]);
  }
  const nested = new TextEncoder().encode(`{"a":${'['.repeat(30_000)}`);
  expect(decodeDocument(nested)).toEqual({ ok: false, code: 'malformed' });
  const tooLong = new Uint8Array(PAYLOAD_BYTES_MAX + 1);
  expect(decodeDocument(tooLong)).toEqual({ ok: false, code: 'tooLong' });
});

test('random bytes, and reports with random mistakes, never throw', () => {
  const random = newRandom(7, 'documents');
  const below = (limit: number) => Math.floor(random() * limit);
  const good = healthPayload({ seq: 1 });
  for (let round = 0; round < 2_000; round++) {
    const broken = Uint8Array.from(good);
    for (let times = 0; times <= below(4); times++) {
      broken[below(broken.length)] = below(256);
    }
    decodeDocument(broken.subarray(0, below(broken.length + 1)));
    decodeDocument(Uint8Array.from({ length: below(60) }, () => below(256)));
  }
});
