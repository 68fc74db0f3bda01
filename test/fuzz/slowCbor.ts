/**
 * The slow, readable twin of `session/wire/cbor.ts`: RFC 8949 §3 item by item, without cbor-x, and with
 * the subset of that file's header. Shares no code with what it is held against.
 *
 * Also writes CBOR as an adversary would: every head in every width, floats, tags, indefinite lengths.
 *
 * @module
 */
import type { Random } from '../sim/random.ts';

export type SlowValue =
  | { readonly kind: 'integer'; readonly value: bigint }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'array'; readonly value: readonly SlowValue[] }
  | { readonly kind: 'map'; readonly value: readonly (readonly [SlowValue, SlowValue])[] }
  | { readonly kind: 'simple'; readonly value: boolean | null };

class NotOurs extends Error {}

const LIMIT = 2n ** 53n;

/** Null: outside the subset, or not one map and nothing behind it. */
export function slowRead(bytes: Uint8Array, levels: number): SlowValue | null {
  const reader = { bytes, at: 0 };
  try {
    const value = item(reader, levels);
    return value.kind === 'map' && reader.at === bytes.length ? value : null;
  } catch (error) {
    if (error instanceof NotOurs) return null;
    throw error;
  }
}

interface Reader {
  readonly bytes: Uint8Array;
  at: number;
}

function take(reader: Reader, count: number): Uint8Array {
  if (count > reader.bytes.length - reader.at) throw new NotOurs('ends early');
  reader.at += count;
  return reader.bytes.slice(reader.at - count, reader.at);
}

function item(reader: Reader, levels: number): SlowValue {
  const first = take(reader, 1)[0]!;
  const major = first >> 5;
  const detail = first & 31;
  if (major === 7) {
    if (detail === 20) return { kind: 'simple', value: false };
    if (detail === 21) return { kind: 'simple', value: true };
    if (detail === 22) return { kind: 'simple', value: null };
    throw new NotOurs('a float or another simple value');
  }
  const argument = argumentOf(reader, detail);
  if (major === 0) return { kind: 'integer', value: argument };
  if (major === 1) return { kind: 'integer', value: -1n - argument };
  if (major === 2) return { kind: 'bytes', value: take(reader, Number(argument)) };
  if (major === 3) return { kind: 'text', value: textOf(take(reader, Number(argument))) };
  if (major === 6) throw new NotOurs('a tag');
  if (levels === 0) throw new NotOurs('too deep');
  if (argument > BigInt(reader.bytes.length)) throw new NotOurs('more items than bytes');
  if (major === 4) {
    const items: SlowValue[] = [];
    for (let i = 0n; i < argument; i++) items.push(item(reader, levels - 1));
    return { kind: 'array', value: items };
  }
  const entries: (readonly [SlowValue, SlowValue])[] = [];
  for (let i = 0n; i < argument; i++) {
    const key = item(reader, levels - 1);
    if (key.kind !== 'integer' && key.kind !== 'text') throw new NotOurs('such a key');
    const isThere = entries.some(([old]) => old.kind === key.kind && old.value === key.value);
    if (isThere) throw new NotOurs('a key twice');
    entries.push([key, item(reader, levels - 1)]);
  }
  return { kind: 'map', value: entries };
}

function argumentOf(reader: Reader, detail: number): bigint {
  if (detail < 24) return BigInt(detail);
  if (detail > 27) throw new NotOurs('reserved or indefinite');
  let value = 0n;
  for (const byte of take(reader, 1 << (detail - 24))) value = value * 256n + BigInt(byte);
  if (value >= LIMIT) throw new NotOurs('beyond 2^53');
  return value;
}

function textOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(Buffer.from(bytes))) throw new NotOurs('no UTF-8');
  return text;
}

/** One item, mostly legal, from an adversary who knows the RFC. */
export function hostileItem(random: Random, levels: number): number[] {
  switch (random.below(levels > 0 ? 16 : 9)) {
    case 0:
    case 1:
      return head(random, random.chance(70) ? 0 : 1, hostileNumber(random));
    case 2: {
      const bytes = random.bytes([0, 8, 16, 32, 34][random.below(5)]!);
      return [...head(random, 2, BigInt(bytes.length)), ...bytes];
    }
    case 3:
    case 4:
      return hostileText(random);
    case 5:
      return [0xe0 + [20, 21, 22][random.below(3)]!];
    case 6: // floats, NaN among them, undefined, other simple values
      return [
        [0xf9, 0x7e, 0],
        [0xf7],
        [0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0],
        [0xf8, 255],
        [0xfa, 1, 2, 3, 4],
      ][random.below(5)]!;
    case 7: // tags: a date, a bignum, a typed array, cbor-x's own record and reference tags
      return [
        ...[[0xc1], [0xc2], [0xd8, 64], [0xd9, 0xdf, 0xff], [0xd8, 28]][random.below(5)]!,
        ...hostileItem(random, 0),
      ];
    case 8: // indefinite lengths and reserved heads
      return [[0x5f, 0x41, 1, 0xff], [0x9f, 1, 0xff], [0xbf, 0xff], [0xff], [0x1c]][
        random.below(5)
      ]!;
    case 9:
    case 10:
    case 11: {
      const count = random.below(4);
      const items = Array.from({ length: count }, () => hostileItem(random, levels - 1)).flat();
      const said = random.chance(95) ? BigInt(count) : hostileNumber(random);
      return [...head(random, 4, said), ...items];
    }
    default:
      return hostileMap(random, levels);
  }
}

export function hostileMap(random: Random, levels: number): number[] {
  const count = random.below(6);
  const entries = Array.from({ length: count }, (_, at) => [
    ...(random.chance(70)
      ? head(random, 0, BigInt(random.chance(90) ? at : random.below(4)))
      : hostileItem(random, 0)),
    ...hostileItem(random, levels - 1),
  ]).flat();
  const said = random.chance(97) ? BigInt(count) : hostileNumber(random);
  return [...head(random, 5, said), ...entries];
}

function hostileText(random: Random): number[] {
  const texts = [
    '__proto__',
    'constructor',
    'length',
    '',
    '1',
    '\ufeffa',
    'a',
    'ä',
    '\u{1f600}',
    'eth0',
  ];
  const bytes = random.chance(90)
    ? [...Buffer.from(texts[random.below(texts.length)]!)]
    : [...random.bytes(random.below(6))];
  return [...head(random, 3, BigInt(bytes.length)), ...bytes];
}

function hostileNumber(random: Random): bigint {
  const bounds = [0n, 1n, 23n, 24n, 255n, 256n, 65535n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n];
  const large = [2n ** 53n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
  if (random.chance(50)) return BigInt(random.below(24));
  const all = random.chance(85) ? bounds : large;
  return all[random.below(all.length)]!;
}

/** The shortest head, or a longer one than needed: both are legal CBOR. */
function head(random: Random, major: number, argument: bigint): number[] {
  const least =
    argument < 24n ? 0 : argument < 256n ? 1 : argument < 65536n ? 2 : argument < 2n ** 32n ? 3 : 4;
  const width = random.chance(85) ? least : random.between(least, 4);
  if (width === 0) return [(major << 5) | Number(argument)];
  const bytes = 1 << (width - 1);
  return [
    (major << 5) | (23 + width),
    ...Array.from({ length: bytes }, (_, i) =>
      Number((argument >> BigInt(8 * (bytes - 1 - i))) & 0xffn),
    ),
  ];
}
