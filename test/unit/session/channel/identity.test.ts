import { expect, test } from 'bun:test';
import { bytesToHex, hexToBytes } from '../../../../session/bytes.ts';
import {
  clampPrivateKey,
  decodeKey,
  encodeKey,
  newIdentity,
} from '../../../../session/channel/identity.ts';
import { nobleDh } from '../../../../session/noise/portableDh.ts';
import { Seeded } from './seeded.ts';

const ALICE = '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a';
const BOB = '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb';

test('public keys and the shared secret are those of RFC 7748 §6.1', () => {
  const [alice, bob] = [
    newIdentity(hexToBytes(ALICE), nobleDh),
    newIdentity(hexToBytes(BOB), nobleDh),
  ];
  expect(bytesToHex(alice.publicKey)).toBe(
    '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
  );
  const shared = nobleDh(alice.privateKey, bob.publicKey);
  expect(shared === null ? null : bytesToHex(shared)).toBe(
    '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
  );
});

test('a public key is what `wg pubkey` of wireguard-tools 1.0 prints', () => {
  const privateKey = decodeKey('yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=');
  if (!privateKey.ok) throw new Error(privateKey.code);
  const { publicKey } = newIdentity(privateKey.value, nobleDh);
  expect(encodeKey(publicKey)).toBe('HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw=');
});

test('clamping fixes five bits and copies', () => {
  const ones = new Uint8Array(32).fill(255);
  const clamped = clampPrivateKey(ones);
  expect([clamped[0], clamped[1], clamped[31]]).toEqual([248, 255, 127]);
  const zero = clampPrivateKey(new Uint8Array(32));
  expect([zero[0], zero[31]]).toEqual([0, 64]);
  expect(ones[0]).toBe(255);
});

test('keys print as wg prints them and read back', () => {
  const random = new Seeded(1);
  for (let i = 0; i < 50; i++) {
    const key = random.bytes(32);
    const text = encodeKey(key);
    expect(text).toBe(Buffer.from(key).toString('base64'));
    expect(decodeKey(text)).toEqual({ ok: true, value: key });
  }
});

test('text that is not exactly one key says why', () => {
  const good = encodeKey(new Uint8Array(32).fill(1));
  expect(decodeKey('')).toEqual({ ok: false, code: 'keyLengthWrong' });
  expect(decodeKey(good.slice(0, 43))).toEqual({ ok: false, code: 'keyLengthWrong' });
  expect(decodeKey(`${good}\n`)).toEqual({ ok: false, code: 'keyLengthWrong' });
  expect(decodeKey(`-${good.slice(1)}`)).toEqual({ ok: false, code: 'keyCharacterWrong' });
  expect(decodeKey(`${good.slice(0, 43)}A`)).toEqual({ ok: false, code: 'keyCharacterWrong' });
  expect(decodeKey(`${good.slice(0, 42)}F=`)).toEqual({ ok: false, code: 'keyNotCanonical' });
});
