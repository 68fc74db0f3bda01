/**
 * The rules of an AEAD implementation, run for the portable one and for the native one.
 *
 * @module
 */
import { describe, expect, test } from 'bun:test';
import { bytesToHex, hexToBytes } from '../../../../session/bytes.ts';
import { type Ciphers, TAG_BYTES } from '../../../../session/channel/aead.ts';
import { nobleCiphers } from '../../../../session/channel/noble.ts';
import aes from '../../../vectors/aead-aes-256-gcm.json';
import chacha from '../../../vectors/aead-chacha20-poly1305.json';
import wycheproofAes from '../../../vectors/wycheproof-aes-256-gcm.json';
import wycheproofChacha from '../../../vectors/wycheproof-chacha20-poly1305.json';
import { Seeded } from './seeded.ts';

/** One row of test/vectors/wycheproof-*.json, by its "columns". */
type WycheproofRow = [number, boolean, string, string, string, string, string, string];

const SUITES = ['aes-256-gcm', 'chacha20-poly1305'] as const;

export function describeCiphers(name: string, ciphers: Ciphers): void {
  describe(name, () => {
    for (const suite of SUITES) {
      for (const vector of suite === 'aes-256-gcm' ? aes.cases : chacha.cases) {
        test(`${suite}: ${vector.name}, both directions`, () => {
          const key = ciphers.newKey(suite, hexToBytes(vector.key));
          const [nonce, associated] = [hexToBytes(vector.nonce), hexToBytes(vector.associated)];
          const plaintext = hexToBytes(vector.plaintext);
          const sealed = new Uint8Array(plaintext.length + TAG_BYTES);
          key.seal(nonce, associated, plaintext, sealed);
          expect(bytesToHex(sealed)).toBe(vector.sealed);
          const opened = new Uint8Array(plaintext.length);
          expect(key.open(nonce, associated, sealed, opened)).toBe(true);
          expect(bytesToHex(opened)).toBe(vector.plaintext);
        });
      }

      test(`${suite}: seals and refuses what Project Wycheproof says`, () => {
        const { cases } = suite === 'aes-256-gcm' ? wycheproofAes : wycheproofChacha;
        expect(cases.length).toBeGreaterThan(60);
        for (const row of cases as WycheproofRow[]) {
          const [id, valid, secret, nonceHex, associatedHex, plaintext, sealed] = row;
          const key = ciphers.newKey(suite, hexToBytes(secret));
          const [nonce, associated] = [hexToBytes(nonceHex), hexToBytes(associatedHex)];
          const text = new Uint8Array(plaintext.length / 2);
          const isOpened = key.open(nonce, associated, hexToBytes(sealed), text);
          expect([id, isOpened]).toEqual([id, valid]);
          expect([id, bytesToHex(text)]).toEqual([
            id,
            valid ? plaintext : '00'.repeat(text.length),
          ]);
          if (valid) {
            const own = new Uint8Array(text.length + TAG_BYTES);
            key.seal(nonce, associated, text, own);
            expect([id, bytesToHex(own)]).toEqual([id, sealed]);
          }
          key.close();
          key.close();
        }
      });

      test(`${suite}: agrees with the portable cipher for all lengths, in place too`, () => {
        const random = new Seeded(1);
        const [secret, nonce, header] = [random.bytes(32), random.bytes(12), random.bytes(16)];
        const own = ciphers.newKey(suite, secret);
        const portable = nobleCiphers.newKey(suite, secret);
        for (const bytes of [0, 1, 15, 16, 17, 63, 64, 65, 1400, 9000]) {
          const plaintext = random.bytes(bytes);
          const expected = new Uint8Array(bytes + TAG_BYTES);
          portable.seal(nonce, header, plaintext, expected);

          const buffer = new Uint8Array(bytes + TAG_BYTES + 40).fill(9);
          buffer.set(plaintext, 16);
          own.seal(nonce, header, buffer.subarray(16, 16 + bytes), buffer.subarray(16));
          const sealed = buffer.slice(16, 32 + bytes);
          expect(sealed).toEqual(expected);
          expect([...buffer.slice(0, 16), ...buffer.slice(32 + bytes)]).toEqual(
            new Array(40).fill(9),
          );

          const place = buffer.subarray(16, 32 + bytes);
          expect(own.open(nonce, header, place, place)).toBe(true);
          expect(place.slice(0, bytes)).toEqual(plaintext);
        }
      });

      test(`${suite}: whatever is changed is refused, and nothing is written`, () => {
        const random = new Seeded(2);
        const key = ciphers.newKey(suite, random.bytes(32));
        const [nonce, header, plaintext] = [random.bytes(12), random.bytes(16), random.bytes(50)];
        const sealed = new Uint8Array(66);
        key.seal(nonce, header, plaintext, sealed);
        const target = new Uint8Array(300).fill(5);
        const flip = (bytes: Uint8Array, at: number) =>
          bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));

        expect(key.open(flip(nonce, 3), header, sealed, target)).toBe(false);
        expect(key.open(nonce, flip(header, 2), sealed, target)).toBe(false);
        for (const at of [0, 49, 50, 65]) {
          expect(key.open(nonce, header, flip(sealed, at), target)).toBe(false);
        }
        for (let i = 0; i < 200; i++) {
          expect(key.open(nonce, header, random.bytes(i % 80), target)).toBe(false);
        }
        expect(target.every((byte) => byte === 5)).toBe(true);
        expect(key.open(nonce, header, sealed, target)).toBe(true);
      });

      test(`${suite}: a key is copied, so that the caller may wipe its own`, () => {
        const secret = new Uint8Array(32).fill(3);
        const [nonce, none] = [new Uint8Array(12), new Uint8Array(0)];
        const key = ciphers.newKey(suite, secret);
        secret.fill(0);
        const sealed = new Uint8Array(TAG_BYTES);
        key.seal(nonce, none, none, sealed);
        const same = ciphers.newKey(suite, new Uint8Array(32).fill(3));
        expect(same.open(nonce, none, sealed, none)).toBe(true);
      });
    }
  });
}

/** For keys in TypeScript's hands: closing leaves zeros, told here by what such a key would seal. */
export function describeWiping(name: string, ciphers: Ciphers): void {
  test(`${name}: a closed key holds nothing of its secret`, () => {
    for (const suite of SUITES) {
      const [nonce, none] = [new Uint8Array(12), new Uint8Array(0)];
      const [closed, zeros] = [new Uint8Array(TAG_BYTES), new Uint8Array(TAG_BYTES)];
      const key = ciphers.newKey(suite, new Uint8Array(32).fill(3));
      key.close();
      key.seal(nonce, none, none, closed);
      ciphers.newKey(suite, new Uint8Array(32)).seal(nonce, none, none, zeros);
      expect(closed).toEqual(zeros);
    }
  });
}
