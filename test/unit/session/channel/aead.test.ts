import { expect, test } from 'bun:test';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { bytesToHex, hexToBytes } from '../../../../session/bytes.ts';
import { nobleCiphers } from '../../../../session/channel/noble.ts';
import { plainMemory } from '../../../../session/memory.ts';
import vectors from '../../../vectors/aead-xchacha20-poly1305.json';
import { describeCiphers, describeWiping } from './aeadCases.ts';
import { describeDataKeys } from './dataKeyCases.ts';

describeCiphers('portable ciphers', nobleCiphers);
describeWiping('portable ciphers', nobleCiphers);
describeDataKeys('portable', nobleCiphers, plainMemory);

for (const vector of vectors.cases) {
  test(`XChaCha20-Poly1305, which seals cookies and clock hints: ${vector.name}`, () => {
    const [key, nonce] = [hexToBytes(vector.key), hexToBytes(vector.nonce)];
    const cipher = xchacha20poly1305(key, nonce, hexToBytes(vector.associated));
    expect(bytesToHex(cipher.encrypt(hexToBytes(vector.plaintext)))).toBe(vector.sealed);
    expect(bytesToHex(cipher.decrypt(hexToBytes(vector.sealed)))).toBe(vector.plaintext);
  });
}
