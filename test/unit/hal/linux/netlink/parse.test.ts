import { expect, test } from 'bun:test';
import { MESSAGE } from '../../../../../hal/linux/netlink/constants.ts';
import { parseNetlink } from '../../../../../hal/linux/netlink/parse.ts';
import {
  addAddressRequest,
  addRouteRequest,
  dumpRequest,
  mtuRequest,
} from '../../../../../hal/linux/netlink/request.ts';
import { LinkTable } from '../../../../../hal/linux/netlink/table.ts';
import { type Cidr, parseCidr } from '../../../../../session/wire/cidr.ts';

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (!parsed.ok) throw new Error(parsed.code);
  return parsed.value;
}

/** Requests have the layout of the kernel's own messages, so they serve as samples. */
const SAMPLES = [
  mtuRequest(7, 1_420),
  addAddressRequest(7, cidr('10.77.0.5/32')),
  addAddressRequest(7, cidr('fd77::5/128')),
  addRouteRequest({ destination: cidr('10.0.0.0/8'), index: 7, metric: 9, table: 254 }),
  addRouteRequest({ destination: cidr('::/0'), index: 7, metric: 0, table: 70_000 }),
];

test('addresses and routes are read as they were written', () => {
  const [, inner4, , network, fallback] = SAMPLES.map((sample) => {
    const parsed = parseNetlink(sample);
    return parsed.ok ? parsed.value[0]?.body : parsed.code;
  });
  expect(inner4).toEqual({
    kind: 'address',
    isRemoval: false,
    index: 7,
    family: 2,
    prefixBits: 32,
    scope: 0,
    flags: 0,
    address: '10.77.0.5',
  });
  const shared = {
    kind: 'route',
    isRemoval: false,
    type: 1,
    hasGateway: false,
    outInterfaces: [7],
  };
  expect<unknown>([network, fallback]).toEqual([
    {
      ...shared,
      family: 2,
      table: 254,
      scope: 253,
      destination: '10.0.0.0',
      prefixBits: 8,
      priority: 9,
    },
    {
      ...shared,
      family: 10,
      table: 70_000,
      scope: 0,
      destination: null,
      prefixBits: 0,
      priority: 0,
    },
  ]);
});

test('several messages in one datagram are all read', () => {
  const joined = new Uint8Array(SAMPLES.flatMap((sample) => [...sample]));
  const parsed = parseNetlink(joined);
  expect(parsed.ok && parsed.value.map(({ body }) => body.kind)).toEqual([
    'other', // a request for the kernel, nothing that it says
    'address',
    'address',
    'route',
    'route',
  ]);
});

test('a message that claims more or less than there is, is malformed', () => {
  for (const claimed of [0, 15, SAMPLES[1]!.length + 1, 0xffff_ffff]) {
    const bytes = SAMPLES[1]!.slice();
    new DataView(bytes.buffer).setUint32(0, claimed, true);
    expect(parseNetlink(bytes)).toEqual({ ok: false, code: 'malformed' });
  }
});

/**
 * Goal: no bytes make the parser or the table throw or run away.
 * Method: samples cut at every length and with bytes changed by a fixed sequence, types included.
 */
test('any bytes give a Result', () => {
  let state = 7;
  const draw = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
  const types = Object.values(MESSAGE);
  let understood = 0;
  for (let round = 0; round < 30_000; round++) {
    const bytes = SAMPLES[draw(SAMPLES.length)]!.slice();
    new DataView(bytes.buffer).setUint16(4, types[draw(types.length)]!, true);
    for (let change = draw(4); change > 0; change--) bytes[draw(bytes.length)] = draw(256);
    const parsed = parseNetlink(
      bytes.subarray(0, draw(3) === 0 ? draw(bytes.length) : bytes.length),
    );
    if (!parsed.ok) continue;
    const table = new LinkTable();
    for (const { body } of parsed.value) table.apply(body);
    table.applyRoutes(parsed.value.map(({ body }) => body));
    table.snapshot();
    understood++;
  }
  expect(understood).toBeGreaterThan(5_000);
  for (const sample of SAMPLES) {
    for (let bytes = 1; bytes < sample.length; bytes++) {
      expect(parseNetlink(sample.subarray(0, bytes))).toEqual({ ok: false, code: 'malformed' });
    }
  }
  expect(parseNetlink(dumpRequest(MESSAGE.getLink, 0)).ok).toBe(true);
});
