import { expect, test } from 'bun:test';
import { mergeOuterEcn, outerEcn } from '../../../../session/packet/ecn.ts';
import { Random } from '../../../sim/random.ts';
import { randomPacket } from './traffic.ts';
import { encodeMarked, encodeWhole, type Packet } from './twin.ts';

/** In the order of RFC 6040's figures. */
const FIELDS = { 'Not-ECT': 0, 'ECT(0)': 2, 'ECT(1)': 1, CE: 3 } as const;
const nameOf = (field: number) => Object.entries(FIELDS).find(([, value]) => value === field)![0];

/** What becomes of `packet` when its outer header arrives with `outer`; null: dropped. */
function merged(packet: Packet, outer: number, encode = encodeWhole): number[] | null {
  const sent = encode(packet);
  const bytes = Uint8Array.from([7, ...sent, 7]);
  const kept = mergeOuterEcn(bytes, 1, sent.length, outer);
  expect([bytes[0], bytes[bytes.length - 1]]).toEqual([7, 7]);
  const after = [...bytes.subarray(1, -1)];
  if (!kept) expect(after).toEqual(sent);
  return kept ? after : null;
}

/**
 * Goal: decapsulation is RFC 6040 figure 4, and nothing else in the packet changes.
 * Method: the whole table, over seeded packets of both versions, against the twin's encoding.
 */
test('what arrives, by the inner and the outer field', () => {
  const random = new Random(1);
  const rows = Object.entries(FIELDS).map(([name, inner]) => {
    const cells = Object.values(FIELDS).map((outer) => {
      const results = new Set<string>();
      for (let round = 0; round < 50; round++) {
        const base = randomPacket(random, 30);
        const packet = {
          ...base,
          trafficClass: base.trafficClass - (base.trafficClass & 3) + inner,
        };
        const after = merged(packet, outer);
        if (after === null) {
          results.add('drop');
          continue;
        }
        const low = packet.version === 4 ? after[1]! & 3 : (after[1]! >> 4) & 3;
        expect(after).toEqual(
          encodeWhole({ ...packet, trafficClass: packet.trafficClass - inner + low }),
        );
        results.add(nameOf(low));
      }
      return [...results].join(' or ');
    });
    return [name, ...cells]
      .map((cell) => cell.padEnd(8))
      .join('')
      .trimEnd();
  });
  expect(`\n${rows.join('\n')}\n`).toBe(`
Not-ECT Not-ECT Not-ECT Not-ECT drop
ECT(0)  ECT(0)  ECT(0)  ECT(1)  CE
ECT(1)  ECT(1)  ECT(1)  ECT(1)  CE
CE      CE      CE      CE      CE
`);
});

test('the outer field is a copy of the inner one', () => {
  expect([0, 1, 2, 3].map(outerEcn)).toEqual([0, 1, 2, 3]);
});

test('the mark in the first byte stays', () => {
  const packet = { ...randomPacket(new Random(2), 30), trafficClass: 2 };
  expect(merged(packet, 3, encodeMarked)).toEqual(encodeMarked({ ...packet, trafficClass: 3 }));
});

test('what is no IP packet is dropped', () => {
  for (const bytes of [[], [0x45], Array<number>(19).fill(0x45), Array<number>(40).fill(0)]) {
    expect(mergeOuterEcn(Uint8Array.from(bytes), 0, bytes.length, 0)).toBe(false);
  }
});
