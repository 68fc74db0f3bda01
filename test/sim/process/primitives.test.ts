/** Goal: the cheap primitives keep what the protocol relies on: agreement, lengths, and refusal of anything else. */
import { describe, expect, test } from 'bun:test';
import { newIdentity } from '../../../session/channel/identity.ts';
import { memoryOf } from '../../../session/memory.ts';
import { Random } from '../random.ts';
import { fastPrimitives, realPrimitives } from './primitives.ts';

const random = new Random(5);

for (const { name, dh, ciphers } of [fastPrimitives, realPrimitives]) {
  describe(name, () => {
    test('two ends agree on a secret, and a third does not', () => {
      for (let round = 0; round < 50; round++) {
        const [a, b, c] = [0, 0, 0].map(() => newIdentity(random.bytes(32), dh));
        const shared = dh(a!.privateKey, b!.publicKey);
        expect(dh(b!.privateKey, a!.publicKey)).toEqual(shared!);
        expect(dh(c!.privateKey, b!.publicKey)).not.toEqual(shared!);
        expect(dh(a!.privateKey, new Uint8Array(32))).toBeNull();
      }
    });

    for (const suite of ['aes-256-gcm', 'chacha20-poly1305'] as const) {
      test(`${suite}: what was sealed opens, and with any bit changed it does not`, () => {
        const key = random.bytes(32);
        const [sealer, opener] = [ciphers.newKey(suite, key), ciphers.newKey(suite, key)];
        const other = ciphers.newKey(suite, random.bytes(32));
        const [nonce, head, plain] = [random.bytes(12), random.bytes(16), random.bytes(40)];
        const sealed = new Uint8Array(56);
        sealer.seal(nonce, head, plain, sealed);
        const opened = new Uint8Array(40);
        expect(opener.open(nonce, head, sealed, opened)).toBe(true);
        expect(opened).toEqual(plain);
        expect(other.open(nonce, head, sealed, opened)).toBe(false);
        for (const bytes of [nonce, head, sealed]) {
          for (let bit = 0; bit < bytes.length * 8; bit++) {
            bytes[bit >> 3]! ^= 1 << (bit & 7);
            expect(opener.open(nonce, head, sealed, opened)).toBe(false);
            bytes[bit >> 3]! ^= 1 << (bit & 7);
          }
        }
      });

      test(`${suite}: a datagram opens under its counter, header and key only`, () => {
        const key = random.bytes(32);
        const sealer = ciphers.newDataKey(suite, key, 'associated');
        const opener = ciphers.newDataKey(suite, key, 'associated');
        const datagram = memoryOf(random.bytes(32 + 50));
        const packet = memoryOf(random.bytes(50));
        sealer.seal(9, packet, 0, 50, datagram, 0);
        const target = memoryOf(random.bytes(50));
        expect(opener.open(9, datagram, 0, 82, target, 0)).toBe(true);
        expect(target.bytes).toEqual(packet.bytes);
        expect(opener.open(10, datagram, 0, 82, target, 0)).toBe(false);
        for (let bit = 0; bit < 82 * 8; bit++) {
          datagram.bytes[bit >> 3]! ^= 1 << (bit & 7);
          expect(opener.open(9, datagram, 0, 82, target, 0)).toBe(false);
          datagram.bytes[bit >> 3]! ^= 1 << (bit & 7);
        }
        sealer.seal(11, datagram, 16, 50, datagram, 0); // in place
        expect(opener.open(11, datagram, 0, 82, datagram, 16)).toBe(true);
      });
    }
  });
}
