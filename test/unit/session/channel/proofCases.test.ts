/**
 * Goal: what native code is proven against is what independent code makes of the same packets.
 * Method: seal every case again with @noble/ciphers and with node:crypto, nonces written by DataView.
 */
import { expect, test } from 'bun:test';
import { nodeCiphers } from '../../../../hal/linux/ciphers.ts';
import { bytesToHex } from '../../../../session/bytes.ts';
import { nobleCiphers } from '../../../../session/channel/noble.ts';
import { newProofCases } from '../../../../session/channel/proofCases.ts';

for (const suite of ['aes-256-gcm', 'chacha20-poly1305'] as const) {
  test(`the cases of ${suite} are what two other implementations seal`, () => {
    const { secret, cases, uses } = newProofCases(suite);
    expect(cases.length).toBe(8 * uses.length);
    for (const { use, counter, packet, datagram } of cases) {
      const nonce = new Uint8Array(12);
      new DataView(nonce.buffer).setBigUint64(4, BigInt(counter), true);
      const header = datagram.slice(0, use === 'associated' ? 16 : 0);
      for (const ciphers of [nobleCiphers, nodeCiphers]) {
        const sealed = new Uint8Array(packet.length + 16);
        ciphers.newKey(suite, secret).seal(nonce, header, packet, sealed);
        expect(bytesToHex(datagram.subarray(16))).toBe(bytesToHex(sealed));
      }
    }
  });
}
