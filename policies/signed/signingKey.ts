/**
 * Which public keys of Ed25519 may sign: those whose signatures only somebody with a private key can make.
 *
 * Refuses points of small order (RFC 8032 §8.9: for some of them signatures can be made up by anybody, and node:crypto takes those)
 * and encodings of a y that is not below the field's prime, by which one key would have two key ids. Whether the bytes are a point of
 * the curve at all is not asked: under one that is none no signature is valid.
 *
 * Source: RFC 8032 §5.1.3; the orders by curve25519's cofactor, 8. Vectors: test/unit/policies/signed/signingKey.test.ts, where
 * @noble/curves finds the same points.
 *
 * @module
 */
import { hexToBytes } from '../../session/bytes.ts';

/** The y of all points whose order is 1, 2, 4 or 8; little-endian, without the bit of x. */
const SMALL_ORDER_YS = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map(hexToBytes);

const LAST = 31;

/** @param key 32 bytes. */
export function isSigningKey(key: Uint8Array): boolean {
  const y = key.slice();
  y[LAST]! &= 0x7f;
  return (
    isBelowPrime(y) && !SMALL_ORDER_YS.some((small) => small.every((byte, at) => byte === y[at]))
  );
}

/** 2^255 − 19 is ed ff … ff 7f. */
function isBelowPrime(y: Uint8Array): boolean {
  const isTop = y[LAST] === 0x7f && y.subarray(1, LAST).every((byte) => byte === 0xff);
  return !isTop || y[0]! < 0xed;
}
