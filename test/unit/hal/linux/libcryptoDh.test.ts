import { expect, test } from 'bun:test';
import { nodeDh } from '../../../../hal/linux/ciphers.ts';
import { libcrypto } from '../../../../hal/linux/libcrypto.ts';
import { isProven, libcryptoDh } from '../../../../hal/linux/libcryptoDh.ts';
import { openDh } from '../../../../hal/linux/means.ts';
import { bytesToHex, hexToBytes } from '../../../../session/bytes.ts';
import { publicKeyOf } from '../../../../session/noise/dh.ts';
import { nobleDh } from '../../../../session/noise/portableDh.ts';
import { Seeded } from '../../session/channel/seeded.ts';
import { LOW_ORDER } from '../../session/noise/lowOrder.ts';

const library = present();
const dh = libcryptoDh(library.symbols);

function present() {
  const opened = libcrypto();
  if (!opened.ok) throw new Error(opened.reason);
  return opened.value;
}

test('libcrypto and portable X25519 agree on random keys, and the keys handed in stay as they are', () => {
  const random = new Seeded(5);
  for (let i = 0; i < 40; i++) {
    const [privateKey, publicKey] = [random.bytes(32), random.bytes(32)];
    const before = [bytesToHex(privateKey), bytesToHex(publicKey)];
    expect(dh(privateKey, publicKey)).toEqual(nobleDh(privateKey, publicKey));
    expect(publicKeyOf(privateKey, dh)).toEqual(publicKeyOf(privateKey, nobleDh));
    expect([bytesToHex(privateKey), bytesToHex(publicKey)]).toEqual(before);
  }
});

test('every point of low order gives null, and what follows is right again', () => {
  const privateKey = new Seeded(4).bytes(32);
  for (const point of LOW_ORDER) {
    expect([point, dh(privateKey, hexToBytes(point))]).toEqual([point, null]);
    expect(isProven(dh)).toBe(true);
  }
});

test('an answer is the caller’s own: the next one does not change it', () => {
  const random = new Seeded(6);
  const first = dh(random.bytes(32), random.bytes(32))!;
  const copy = first.slice();
  dh(random.bytes(32), random.bytes(32));
  expect(first).toEqual(copy);
});

/** Goal: a library that computes something else serves nobody. Method: one that swaps, forgets or lets zero through. */
test('what does not compute the vector, or lets a point of low order through, is not proven', async () => {
  const random = new Seeded(7);
  expect(isProven((a, b) => nobleDh(b, a))).toBe(false);
  expect(isProven(() => random.bytes(32))).toBe(false);
  expect(isProven(() => null)).toBe(false);
  expect(isProven((a, b) => nobleDh(a, b) ?? new Uint8Array(32))).toBe(false);
  const always = { ...library.symbols, EVP_PKEY_derive: () => 1 };
  const lying = always as unknown as typeof library.symbols;
  expect(await openDh({ ok: true, value: { ...library, symbols: lying } })).toBe(nodeDh);
});

test('where there is no libcrypto, node:crypto serves', async () => {
  expect(await openDh({ ok: false, reason: 'not installed' })).toBe(nodeDh);
  expect(await openDh()).not.toBe(nodeDh);
});
