import { describe, expect, test } from 'bun:test';
import { bytesToHex } from '../../../session/bytes.ts';
import type { Claim } from '../../../session/claim.ts';
import { claimBytes, derive, isProven, PROOF_BYTES, prove } from '../../../session/proof.ts';

const KEY = new Uint8Array(32).fill(7);
const HASH = new Uint8Array(32).fill(9);
const CLAIM: Claim = {
  sessionId: '000102030405060708090a0b0c0d0e0f',
  stateVersion: 2 ** 40 + 5,
  transportId: 0x0102,
  nonce: 'f0f1f2f3f4f5f6f7',
};

describe('claimBytes', () => {
  test('is session id, version, transport id and nonce, big-endian, 34 bytes', () => {
    expect(bytesToHex(claimBytes(CLAIM))).toBe(
      '000102030405060708090a0b0c0d0e0f' + '0000010000000005' + '0102' + 'f0f1f2f3f4f5f6f7',
    );
  });

  test('differs for claims that differ in one field', () => {
    const others: Claim[] = [
      { ...CLAIM, sessionId: '000102030405060708090a0b0c0d0e10' },
      { ...CLAIM, stateVersion: CLAIM.stateVersion + 1 },
      { ...CLAIM, transportId: 0x0103 },
      { ...CLAIM, nonce: 'f0f1f2f3f4f5f6f8' },
    ];
    const written = [CLAIM, ...others].map((claim) => bytesToHex(claimBytes(claim)));
    expect(new Set(written).size).toBe(5);
  });

  test('carries the largest version a claim can have', () => {
    const bytes = claimBytes({ ...CLAIM, stateVersion: Number.MAX_SAFE_INTEGER });
    expect(bytesToHex(bytes.subarray(16, 24))).toBe('001fffffffffffff');
  });
});

describe('prove', () => {
  // Both digests of this file: Python 3 `hmac.new(key, message, hashlib.blake2s)`.
  test('is HMAC-BLAKE2s over label, zero, handshake hash and claim', () => {
    const proof = prove('attach', KEY, HASH, claimBytes(CLAIM));
    expect(bytesToHex(proof)).toBe(
      '03d2c896ccde9b91cf530db56e649be121096600ab4f8eeaf0e08dd88be9a3a5',
    );
    expect(proof.length).toBe(PROOF_BYTES);
  });

  test('made for one purpose it passes for no other', () => {
    const what = claimBytes(CLAIM);
    const proof = prove('attach', KEY, HASH, what);
    expect(isProven('attach', KEY, HASH, what, proof)).toBe(true);
    expect(isProven('reattach', KEY, HASH, what, proof)).toBe(false);
    expect(isProven('rotate', KEY, HASH, what, proof)).toBe(false);
  });

  test('captured in one channel it is worthless in another', () => {
    const what = claimBytes(CLAIM);
    const proof = prove('reattach', KEY, HASH, what);
    expect(isProven('reattach', KEY, new Uint8Array(32).fill(10), what, proof)).toBe(false);
  });

  test('every flipped bit of the proof is noticed', () => {
    const what = claimBytes(CLAIM);
    const proof = prove('reattach', KEY, HASH, what);
    for (let bit = 0; bit < PROOF_BYTES * 8; bit++) {
      const forged = proof.slice();
      forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(isProven('reattach', KEY, HASH, what, forged)).toBe(false);
    }
  });

  test('without a key on record, without a proof or with one of another length nothing is proven', () => {
    const what = claimBytes(CLAIM);
    const proof = prove('attach', KEY, HASH, what);
    expect(isProven('attach', null, HASH, what, proof)).toBe(false);
    expect(isProven('attach', KEY, HASH, what, null)).toBe(false);
    expect(isProven('attach', KEY, HASH, what, proof.subarray(0, 31))).toBe(false);
    expect(isProven('attach', KEY, HASH, what, new Uint8Array(0))).toBe(false);
  });
});

describe('derive', () => {
  test('gives what the seed, the label and the count give, and nothing else', () => {
    const expected = '18a1cb5d84ac7a629703523a31fbca3d03651143a788a40ed761292c8d4f972c';
    expect(bytesToHex(derive(KEY, 'claim', 3, 32))).toBe(expected);
    expect(bytesToHex(derive(KEY, 'claim', 3, 8))).toBe(expected.slice(0, 16));
  });

  test('never repeats over labels and counts', () => {
    const seen = new Set<string>();
    for (const label of ['claim', 'session', 'ttl', 'reopen']) {
      for (let count = 0; count < 500; count++) seen.add(bytesToHex(derive(KEY, label, count, 8)));
    }
    expect(seen.size).toBe(2_000);
  });

  test('depends on the whole seed', () => {
    const other = KEY.slice();
    other[31] = 8;
    expect(derive(KEY, 'claim', 1, 32)).not.toEqual(derive(other, 'claim', 1, 32));
  });
});
