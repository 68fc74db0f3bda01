/**
 * The strict CBOR reader against its slow twin: both accept the same bytes and read the same out of them.
 *
 * @module
 */
import {
  type CborValue,
  DEPTH_MAX,
  decodeCborMap,
  encodeCborMap,
} from '../../../session/wire/cbor.ts';
import { hostileMap, type SlowValue, slowRead } from '../slowCbor.ts';
import { demand, type Target } from '../target.ts';
import { weightOf } from '../weight.ts';

export const cbor: Target = {
  name: 'cbor',
  what: 'one CBOR map, the body of a control frame',
  covers: ['session/wire/cbor.ts'],
  bytesMax: 1_200,
  words: [[0xbf], [0xff], [0xa1, 1], [0x5b, 0, 0, 0, 1], [0xd9, 0xdf, 0xff]].map((bytes) =>
    Uint8Array.from(bytes),
  ),
  generate: (random) => Uint8Array.from(hostileMap(random, random.between(1, DEPTH_MAX + 1))),
  judge(input) {
    const before = input.slice();
    const read = decodeCborMap(input);
    const twin = slowRead(input, DEPTH_MAX);
    demand(same(before, input), 'the input is left as it was');
    if (!read.ok) {
      demand(read.code === 'cborMalformed', `the documented code, not ${read.code}`);
      demand(twin === null, 'refused, though the twin reads it');
      return 'refused';
    }
    demand(twin !== null, 'accepted, though the twin refuses it');
    demand(isEqual(read.value as CborValue, twin), 'it reads what the twin reads');
    demand(weightOf(read.value) <= 64 + 17 * input.length, 'no output beyond 17 × input');
    if (hasExtreme(twin)) return 'accepted'; // −2^53 is read and never written
    const again = decodeCborMap(encodeCborMap(read.value));
    demand(again.ok && isEqual(again.value as CborValue, twin), 'it survives a round trip');
    input.fill(0xee);
    demand(isEqual(read.value as CborValue, twin), 'it shares no memory with the input');
    return 'accepted';
  },
};

function hasExtreme(value: SlowValue): boolean {
  if (value.kind === 'integer') return value.value < -(2n ** 53n - 1n);
  if (value.kind === 'array') return value.value.some(hasExtreme);
  return value.kind === 'map' && value.value.some((entry) => entry.some(hasExtreme));
}

function isEqual(value: CborValue, twin: SlowValue): boolean {
  switch (twin.kind) {
    case 'integer':
      return typeof value === 'number' && BigInt(value) === twin.value;
    case 'text':
    case 'simple':
      return value === twin.value;
    case 'bytes':
      return value instanceof Uint8Array && same(value, twin.value);
    case 'array':
      return (
        Array.isArray(value) &&
        value.length === twin.value.length &&
        twin.value.every((item, at) => isEqual(value[at], item))
      );
    case 'map': {
      if (!(value instanceof Map) || value.size !== twin.value.length) return false;
      const keys = [...value.keys()];
      return twin.value.every(
        ([key, item], at) => isEqual(keys[at], key) && isEqual(value.get(keys[at]), item),
      );
    }
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
