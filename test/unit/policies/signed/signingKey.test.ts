/**
 * Goal: no key may sign for which anybody can make up a signature, and none has two forms.
 *
 * Method: the points of small order, by a library that knows the curve, with both signs of x; and what a forger needs, tried on
 * node:crypto.
 */
import { expect, test } from 'bun:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import { COSE } from '../../../../agent/cose.ts';
import { keyIdOf, keyIdText } from '../../../../policies/signed/anchors.ts';
import { encodeClaims } from '../../../../policies/signed/claims.ts';
import {
  ALGORITHM_EDDSA,
  DOCUMENT_TYPE,
  HEADER,
  SIGNATURE_BYTES,
} from '../../../../policies/signed/envelope.ts';
import { openDocument } from '../../../../policies/signed/open.ts';
import { isRefused } from '../../../../policies/signed/refusal.ts';
import { isSigningKey } from '../../../../policies/signed/signingKey.ts';
import { bytesToHex } from '../../../../session/bytes.ts';
import { Random } from '../../../sim/random.ts';
import { claimsOf, envelope, header, signerOf } from './documents.ts';

const { Point } = ed25519;
const ORDER = Point.Fn.ORDER;

/** What is left of any point of the curve times the order of the base point has an order that divides 8. */
function smallOrderKeys(): Uint8Array[] {
  const found = new Map<string, Uint8Array>();
  const random = new Random(3);
  while (found.size < 8) {
    try {
      const point = Point.fromBytes(random.bytes(32));
      // Times the order without reducing it: times one less, and once more.
      const small = point.multiplyUnsafe(ORDER - 1n).add(point);
      found.set(small.toHex(), small.toBytes());
    } catch {
      // Half of all bytes are no point.
    }
  }
  return [...found.values()];
}

test('no point of small order, whatever the sign of its x', () => {
  for (const key of smallOrderKeys()) {
    const other = key.slice();
    other[31]! ^= 0x80;
    for (const one of [key, other]) {
      expect([bytesToHex(one), isSigningKey(one)]).toEqual([bytesToHex(one), false]);
    }
  }
});

test('no y from the prime on', () => {
  const last = (first: number) =>
    Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? first : at === 31 ? 0x7f : 0xff));
  expect(isSigningKey(last(0xeb))).toBe(true);
  for (let first = 0xed; first <= 0xff; first++) {
    const key = last(first);
    expect(isSigningKey(key)).toBe(false);
    key[31] = 0xff;
    expect(isSigningKey(key)).toBe(false);
  }
});

test('any key that somebody made', () => {
  for (let number = 1; number <= 50; number++) {
    expect(isSigningKey(signerOf(number).publicKey)).toBe(true);
  }
});

test('why: a document that nobody signed is taken under such a key', () => {
  const key = new Uint8Array(32);
  const protectedHeader = header([
    [HEADER.algorithm, ALGORITHM_EDDSA],
    [HEADER.keyId, keyIdOf(key)],
    [HEADER.type, DOCUMENT_TYPE],
  ]);
  const signature = new Uint8Array(SIGNATURE_BYTES);
  signature[0] = 1; // R is the neutral point, S is 0
  const forged = Array.from({ length: 64 }, (_, at) => {
    const payload = encodeClaims(claimsOf({ version: at + 2 }));
    return envelope([protectedHeader, new Map(), payload, signature]);
  }).filter(
    (document) => !isRefused(openDocument(document, new Map([[keyIdText(key), key]]), COSE)),
  );
  expect(forged.length).toBeGreaterThan(0);
});
