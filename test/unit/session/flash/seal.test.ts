import { expect, test } from 'bun:test';
import { bytesToHex } from '../../../../session/bytes.ts';
import {
  deriveSealKey,
  openSecret,
  SEALED_BYTES,
  sealSecret,
} from '../../../../session/flash/seal.ts';

const SESSION = '00112233445566778899aabbccddeeff';
const privateKey = Uint8Array.from({ length: 32 }, (_, at) => at);
const key = deriveSealKey(privateKey);
const nonce = new Uint8Array(24).fill(9);
const secret = new Uint8Array(32).fill(5);

test('the key is HKDF-BLAKE2s of the private key under our label', () => {
  // Computed with Python 3: hmac and hashlib.blake2s, RFC 5869 with an empty salt.
  expect(bytesToHex(key)).toBe('f33fb83cfec8e087891ca0c5f48964495b8c49eb4ca412c90f9eefe6f8ae5679');
});

test('what was sealed opens again, and only as a whole', () => {
  const sealed = sealSecret(key, nonce, SESSION, secret);
  expect(sealed.length).toBe(SEALED_BYTES);
  expect(openSecret(key, SESSION, sealed)).toEqual({ ok: true, value: secret });
  for (let at = 0; at < sealed.length; at++) {
    const damaged = sealed.slice();
    damaged[at]! ^= 1;
    expect(openSecret(key, SESSION, damaged)).toEqual({ ok: false, code: 'sealBroken' });
  }
  for (const bytes of [0, 24, SEALED_BYTES - 1]) {
    const short = openSecret(key, SESSION, sealed.slice(0, bytes));
    expect(short).toEqual({ ok: false, code: 'sealSizeWrong' });
  }
});

test('a seal opens for its own device and session only', () => {
  const sealed = sealSecret(key, nonce, SESSION, secret);
  const stranger = deriveSealKey(new Uint8Array(32).fill(1));
  expect(openSecret(stranger, SESSION, sealed)).toEqual({ ok: false, code: 'sealBroken' });
  const other = openSecret(key, 'ff'.repeat(16), sealed);
  expect(other).toEqual({ ok: false, code: 'sealBroken' });
});
