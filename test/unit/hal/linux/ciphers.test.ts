import { expect, test } from 'bun:test';
import { nodeCiphers, nodeDh } from '../../../../hal/linux/ciphers.ts';
import { hexToBytes } from '../../../../session/bytes.ts';
import { plainMemory } from '../../../../session/memory.ts';
import { nobleDh, publicKeyOf } from '../../../../session/noise/dh.ts';
import { describeCiphers, describeWiping } from '../../session/channel/aeadCases.ts';
import { describeDataKeys } from '../../session/channel/dataKeyCases.ts';
import { Seeded } from '../../session/channel/seeded.ts';

describeCiphers('native ciphers', nodeCiphers);
describeWiping('native ciphers', nodeCiphers);
describeDataKeys('node:crypto', nodeCiphers, plainMemory);

test('native and portable X25519 agree on random keys', () => {
  const random = new Seeded(3);
  for (let i = 0; i < 40; i++) {
    const [privateKey, publicKey] = [random.bytes(32), random.bytes(32)];
    const shared = nodeDh(privateKey, publicKey);
    expect(shared).toEqual(nobleDh(privateKey, publicKey));
    expect(publicKeyOf(privateKey, nodeDh)).toEqual(publicKeyOf(privateKey, nobleDh));
  }
});

/** The points whose order divides the cofactor, and their non-canonical encodings. */
const LOW_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000080',
];

test('every point of low order gives null, native and portable', () => {
  const privateKey = new Seeded(4).bytes(32);
  for (const point of LOW_ORDER) {
    expect([point, nodeDh(privateKey, hexToBytes(point))]).toEqual([point, null]);
    expect([point, nobleDh(privateKey, hexToBytes(point))]).toEqual([point, null]);
  }
});
