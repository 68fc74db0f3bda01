import { expect, test } from 'bun:test';
import { bytesToHex, hexToBytes } from '../../../../session/bytes.ts';
import { crc32 } from '../../../../session/flash/crc.ts';
import {
  decodeRecord,
  encodeRecord,
  type FlashRecord,
  RECORD_BYTES,
} from '../../../../session/flash/record.ts';
import vectors from '../../../vectors/flash-record.json' with { type: 'json' };

function recordOf(plain: (typeof vectors.valid)[number]['record']): FlashRecord {
  const { session } = plain;
  if (session === null) return { ...plain, session };
  return { ...plain, session: { ...session, sealedSecret: hexToBytes(session.sealedSecret) } };
}

for (const { name, record, hex } of vectors.valid) {
  test(`${name}: encodes to the vector and decodes from it`, () => {
    expect(bytesToHex(encodeRecord(recordOf(record)))).toBe(hex);
    expect(decodeRecord(hexToBytes(hex))).toEqual({ ok: true, value: recordOf(record) });
  });
}

for (const { name, code, hex } of vectors.invalid) {
  test(`${name} is refused as ${code}`, () => {
    expect<unknown>(decodeRecord(hexToBytes(hex))).toEqual({ ok: false, code });
  });
}

/**
 * Goal: a record that decodes has one encoding, and nothing throws, even with a right checksum.
 * Method: change one byte at every place to a few values and make the sum right again.
 */
test('no byte can differ without being refused or meaning something else', () => {
  for (const { hex } of vectors.valid) {
    for (let at = 0; at < RECORD_BYTES - 4; at++) {
      for (const change of [1, 0x20, 0x80, 0xff]) {
        const bytes = hexToBytes(hex);
        bytes[at]! ^= change;
        expect(decodeRecord(bytes).ok).toBe(false);
        new DataView(bytes.buffer).setUint32(RECORD_BYTES - 4, crc32(bytes.subarray(0, -4)));
        const decoded = decodeRecord(bytes);
        if (decoded.ok) expect(bytesToHex(encodeRecord(decoded.value))).toBe(bytesToHex(bytes));
      }
    }
  }
});

test('our own mistakes are assertions', () => {
  const record = recordOf(vectors.valid[0]!.record);
  expect(() => encodeRecord({ ...record, generation: 0 })).toThrow('generations start at 1');
  expect(() => encodeRecord({ ...record, versionCeiling: 2 ** 53 })).toThrow('0…2^53−1');
  expect(() => encodeRecord({ ...record, policyVersion: -1 })).toThrow('0…2^53−1');
});
