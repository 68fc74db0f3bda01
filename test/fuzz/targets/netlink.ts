/**
 * rtnetlink messages: parsed by bounds alone, and a link table that stays consistent and bounded.
 *
 * @module
 */
import { parseNetlink } from '../../../hal/linux/netlink/parse.ts';
import { LinkTable } from '../../../hal/linux/netlink/table.ts';
import { parseCidr } from '../../../session/wire/cidr.ts';
import { parseIp } from '../../../session/wire/ip.ts';
import type { Random } from '../../sim/random.ts';
import { demand, type Target } from '../target.ts';
import { weightOf } from '../weight.ts';

const HEADER_BYTES = 16;

export const netlink: Target = {
  name: 'netlink',
  what: 'a datagram of rtnetlink messages',
  covers: ['hal/linux/netlink/', 'session/wire/ip.ts', 'session/wire/cidr.ts'],
  bytesMax: 4_096,
  generate: (random) =>
    Uint8Array.from(Array.from({ length: random.between(1, 6) }, () => message(random)).flat()),
  judge(input) {
    const before = input.slice();
    const read = parseNetlink(input);
    demand(Buffer.from(before).equals(Buffer.from(input)), 'the input is left as it was');
    if (!read.ok) {
      demand(read.code === 'malformed', `the documented code, not ${read.code}`);
      return 'refused';
    }
    const messages = read.value;
    demand(messages.length <= input.length / HEADER_BYTES, 'no more messages than headers fit');
    demand(weightOf(messages) <= 64 + 48 * input.length, 'no output beyond 48 × input');
    const table = new LinkTable();
    for (const { body } of messages) {
      if (body.kind === 'address') demand(parseIp(body.address).ok, 'addresses are addresses');
      if (body.kind === 'route' && body.destination !== null)
        demand(parseIp(body.destination).ok, 'destinations are addresses');
      table.apply(body);
    }
    table.applyRoutes(messages.map(({ body }) => body));
    const links = table.snapshot();
    demand(weightOf(links) <= 256 * (1 + input.length), 'the table is no larger than its news');
    for (const { addresses, networks, hasRoute, hasRoute4, hasRoute6 } of links) {
      demand(
        addresses.every((text) => parseIp(text).ok),
        'the table lists addresses',
      );
      demand(
        networks.every((text) => parseCidr(text).ok),
        'the table lists networks',
      );
      demand(hasRoute === (hasRoute4 || hasRoute6), 'a route is of one of the families');
    }
    // The same news twice say nothing that was not said.
    for (const { body } of messages) table.apply(body);
    return 'accepted';
  },
};

function message(random: Random): number[] {
  const type = [2, 3, 4, 16, 16, 17, 20, 20, 21, 24, 24, 25, 99][random.below(13)]!;
  const body = bodyOf(type, random);
  const length = HEADER_BYTES + body.length;
  const said = random.chance(96) ? length : random.below(80);
  const padding = Array<number>((4 - (body.length & 3)) & 3).fill(0);
  return [
    ...u32(said),
    ...u16(type),
    ...u16(random.below(64)),
    ...u32(1),
    ...u32(0),
    ...body,
    ...padding,
  ];
}

function bodyOf(type: number, random: Random): number[] {
  const family = [2, 10, 0][random.below(3)]!;
  const index = random.between(1, 3);
  if (type === 16 || type === 17) {
    const fixed = [0, 0, 0, 0, ...u32(index), ...u32(0x10043), ...u32(0)];
    const name = attribute(random, 3, [...Buffer.from('eth0'), 0]);
    return [...fixed, ...name, ...attribute(random, 4, u32(1_500)), ...stray(random)];
  }
  if (type === 20 || type === 21) {
    const address = attribute(random, random.between(1, 2), ipBytes(random, family));
    const fixed = [family, random.chance(80) ? 24 : random.below(256), random.below(256), 0];
    return [...fixed, ...u32(index), ...address, ...stray(random)];
  }
  if (type === 24 || type === 25) {
    const fixed = [
      family,
      random.below(129),
      0,
      0,
      254,
      4,
      random.chance(70) ? 0 : 253,
      1,
      ...u32(0),
    ];
    const hop = [...u16(16), 0, 0, ...u32(index), ...attribute(random, 5, u32(1))];
    const attributes = [
      attribute(random, 1, ipBytes(random, family)),
      attribute(random, 4, u32(index)),
      attribute(random, 5, ipBytes(random, family)),
      attribute(random, 15, u32(random.chance(50) ? 254 : 1_000)),
      attribute(random, 9, random.chance(80) ? hop : [...hop, ...hop]),
    ].filter(() => random.chance(60));
    return [...fixed, ...attributes.flat(), ...stray(random)];
  }
  return type === 2 ? u32(random.below(200)) : [...random.bytes(random.below(9))];
}

function attribute(random: Random, type: number, value: readonly number[]): number[] {
  const length = 4 + value.length;
  const said = random.chance(98) ? length : random.below(64);
  const padding = Array<number>((4 - (length & 3)) & 3).fill(0);
  return [...u16(said), ...u16(type), ...value, ...padding];
}

const stray = (random: Random) =>
  random.chance(80) ? [] : attribute(random, random.below(70), [...random.bytes(random.below(9))]);

function ipBytes(random: Random, family: number): number[] {
  if (random.chance(4)) return [...random.bytes(random.below(20))];
  if (family === 2) return [192, 0, 2, random.below(4)];
  return random.chance(20)
    ? [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1]
    : [0xfe, 0x80, ...Array<number>(13).fill(0), random.below(4)];
}

const u16 = (value: number) => [value & 255, (value >> 8) & 255];
const u32 = (value: number) => [...u16(value & 0xffff), ...u16(value >>> 16)];
