import { expect, test } from 'bun:test';
import { nodeCiphers, nodeDh } from '../../../../hal/linux/ciphers.ts';
import { hexToBytes } from '../../../../session/bytes.ts';
import { plainMemory } from '../../../../session/memory.ts';
import { publicKeyOf } from '../../../../session/noise/dh.ts';
import { nobleDh } from '../../../../session/noise/portableDh.ts';
import { describeCiphers, describeWiping } from '../../session/channel/aeadCases.ts';
import { describeDataKeys } from '../../session/channel/dataKeyCases.ts';
import { Seeded } from '../../session/channel/seeded.ts';
import { LOW_ORDER } from '../../session/noise/lowOrder.ts';

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

test('every point of low order gives null, native and portable', () => {
  const privateKey = new Seeded(4).bytes(32);
  for (const point of LOW_ORDER) {
    expect([point, nodeDh(privateKey, hexToBytes(point))]).toEqual([point, null]);
    expect([point, nobleDh(privateKey, hexToBytes(point))]).toEqual([point, null]);
  }
});
