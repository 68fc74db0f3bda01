/**
 * Goal: the signature is that of RFC 8032 over the structure of RFC 9052 §4.4, as anybody else would make it.
 *
 * Method: vectors of RFC 8032 §7.1; the structure written out by hand; another implementation of the curve, both ways.
 */
import { expect, test } from 'bun:test';
import { ed25519 } from '@noble/curves/ed25519.js';
import { Decoder } from 'cbor-x';
import { COSE, signingPublicKey } from '../../../agent/cose.ts';
import { keyIdOf } from '../../../policies/signed/anchors.ts';
import { encodeCbor } from '../../../policies/signed/cbor.ts';
import { hexToBytes } from '../../../session/bytes.ts';

/** RFC 8032 §7.1, tests 1 to 3: seed and public key. */
const RFC8032 = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
  ],
] as const;

const PAYLOAD = Uint8Array.of(1, 2, 3);

/** RFC 9052 §4.4: what is signed. */
function toBeSigned(document: Uint8Array): { signed: Uint8Array; signature: Uint8Array } {
  const [header, , payload, signature] = new Decoder().decode(document.subarray(1));
  const parts = [header, new Uint8Array(0), payload].map((part) => Uint8Array.from(part));
  return { signed: encodeCbor(['Signature1', ...parts]), signature: Uint8Array.from(signature) };
}

test('public keys are those of RFC 8032', () => {
  for (const [seed, publicKey] of RFC8032) {
    expect(signingPublicKey(hexToBytes(seed))).toEqual(hexToBytes(publicKey));
  }
});

test('another implementation makes the same signature over the same structure', () => {
  for (const [seed] of RFC8032) {
    const privateKey = hexToBytes(seed);
    const publicKey = signingPublicKey(privateKey);
    const document = COSE.sign(PAYLOAD, keyIdOf(publicKey), privateKey);
    const { signed, signature } = toBeSigned(document);
    expect(signature).toEqual(ed25519.sign(signed, privateKey));
    expect(COSE.verify(document, publicKey)).toEqual(PAYLOAD);
  }
});

test('a signature whose second half is not below the order is refused', () => {
  const privateKey = hexToBytes(RFC8032[0][0]);
  const publicKey = signingPublicKey(privateKey);
  const document = COSE.sign(PAYLOAD, keyIdOf(publicKey), privateKey);
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const half = document.subarray(document.length - 32);
  let value = half.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n) + order;
  for (let at = 0; at < 32; at++, value /= 256n) half[at] = Number(value % 256n);
  expect(COSE.verify(document, publicKey)).toBeNull();
});

test('any bytes, any key: null, never an exception', () => {
  for (const length of [0, 1, 31, 33, 64]) {
    expect(COSE.verify(new Uint8Array(length), new Uint8Array(32))).toBeNull();
    expect(COSE.verify(Uint8Array.of(0xd2, 0x84), new Uint8Array(length))).toBeNull();
  }
});
