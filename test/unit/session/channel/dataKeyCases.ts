/**
 * The rules of a data key, run for every implementation.
 *
 * @module
 */
import { describe, expect, test } from 'bun:test';
import type { Ciphers } from '../../../../session/channel/aead.ts';
import { nobleCiphers } from '../../../../session/channel/noble.ts';
import type { Memory } from '../../../../session/memory.ts';
import { Seeded } from './seeded.ts';

const SUITES = ['aes-256-gcm', 'chacha20-poly1305'] as const;
const COUNTERS = [0, 1, 255, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 3, 2 ** 53 - 1];

function nonceOf(counter: number): Uint8Array {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setBigUint64(4, BigInt(counter), true);
  return nonce;
}

export function describeDataKeys(
  name: string,
  ciphers: Ciphers,
  newMemory: (bytes: number) => Memory,
): void {
  describe(`data keys, ${name}`, () => {
    for (const suite of SUITES) {
      for (const use of ['associated', 'bare'] as const) {
        test(`${suite}, header ${use}: datagrams are those of the portable cipher`, () => {
          const random = new Seeded(1);
          const secret = random.bytes(32);
          const key = ciphers.newDataKey(suite, secret, use);
          const reference = nobleCiphers.newKey(suite, secret);
          const [from, to, back] = [newMemory(2000), newMemory(2000), newMemory(2000)];
          for (const counter of COUNTERS) {
            for (const bytes of [0, 1, 15, 16, 64, 1400]) {
              const [packet, header] = [random.bytes(bytes), random.bytes(16)];
              const associated = use === 'associated' ? header : new Uint8Array(0);
              const expected = new Uint8Array(bytes + 16);
              reference.seal(nonceOf(counter), associated, packet, expected);

              for (const memory of [from, to, back]) memory.bytes.fill(9);
              from.bytes.set(packet, 5);
              to.bytes.set(header, 100);
              key.seal(counter, from, 5, bytes, to, 100);
              expect(to.bytes.slice(116, 132 + bytes)).toEqual(expected);
              expect(to.bytes.slice(100, 116)).toEqual(header);
              expect(key.open(counter, to, 100, bytes + 32, back, 7)).toBe(true);
              expect(back.bytes.slice(7, 7 + bytes)).toEqual(packet);
              const around = [...to.bytes.slice(0, 100), ...to.bytes.slice(132 + bytes)];
              around.push(...back.bytes.slice(0, 7), ...back.bytes.slice(7 + bytes));
              expect(around.every((byte) => byte === 9)).toBe(true);

              from.bytes.set(header, 0);
              from.bytes.set(packet, 16);
              key.seal(counter, from, 16, bytes, from, 0);
              expect(from.bytes.slice(16, 32 + bytes)).toEqual(expected);
              expect(key.open(counter, from, 0, bytes + 32, from, 16)).toBe(true);
              expect(from.bytes.slice(16, 16 + bytes)).toEqual(packet);
            }
          }
          key.close();
        });

        test(`${suite}, header ${use}: every byte counts, and only the right counter opens`, () => {
          const random = new Seeded(2);
          const key = ciphers.newDataKey(suite, random.bytes(32), use);
          const [memory, back] = [newMemory(200), newMemory(200)];
          const datagram = random.bytes(72);
          memory.bytes.set(datagram);
          key.seal(7, memory, 16, 40, memory, 0);
          const opens = (counter: number) => key.open(counter, memory, 0, 72, back, 0);
          for (let at = 0; at < 72; at++) {
            memory.bytes[at]! ^= 1 << (at & 7);
            expect([at, opens(7)]).toEqual([at, use === 'bare' && at < 16]);
            memory.bytes[at]! ^= 1 << (at & 7);
          }
          for (const counter of [0, 6, 8, 7 + 2 ** 32, 7 * 256]) expect(opens(counter)).toBe(false);
          expect(key.open(7, memory, 0, 71, back, 0)).toBe(false);
          expect(key.open(7, memory, 0, 32, back, 0)).toBe(false);
          expect(opens(7)).toBe(true);
          key.close();
        });
      }

      test(`${suite}: nothing outside its memory, and closing twice is harmless`, () => {
        const key = ciphers.newDataKey(suite, new Uint8Array(32), 'associated');
        const [memory, small] = [newMemory(100), newMemory(40)];
        expect(() => key.seal(0, memory, 70, 31, memory, 0)).toThrow('memory');
        expect(() => key.seal(0, memory, 0, 9, small, 0)).toThrow();
        expect(() => key.open(0, memory, 60, 41, small, 0)).toThrow('memory');
        expect(() => key.open(0, memory, 0, 100, small, 0)).toThrow();
        expect(() => key.open(0, memory, 0, 31, small, 0)).toThrow();
        key.close();
        key.close();
      });
    }

    test('a key is copied, so that the caller may wipe its own', () => {
      const secret = new Uint8Array(32).fill(3);
      const key = ciphers.newDataKey('aes-256-gcm', secret, 'bare');
      secret.fill(0);
      const memory = newMemory(40);
      key.seal(1, memory, 16, 8, memory, 0);
      const same = ciphers.newDataKey('aes-256-gcm', new Uint8Array(32).fill(3), 'bare');
      expect(same.open(1, memory, 0, 40, memory, 16)).toBe(true);
    });
  });
}
