/**
 * Datagrams as the portable ciphers make them, for `proveDataKey.ts`: ChaCha20's made here, once, since they are what
 * a proof takes longest for, and those of AES written down (`aesProof.ts`).
 *
 * The nonce is built here by division, byte by byte: on purpose not as the data path writes it.
 *
 * @module
 */
import { assert } from '../assert.ts';
import { hexToBytes } from '../bytes.ts';
import { type CipherSuite, NONCE_BYTES, TAG_BYTES } from './aead.ts';
import { AES_SEALED } from './aesProof.ts';
import type { HeaderUse } from './dataKey.ts';
import { PortableChaChaKey } from './portableChaCha.ts';

const HEADER_BYTES = 16;

/** Consecutive ones, a change in every byte that carries, and the largest that a datagram may have. */
const COUNTERS = [5, 6, 255, 256, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];
const LENGTHS = [64, 0, 1, 17, 130];

/** WireGuard's datagrams, whose header is not associated data, have one cipher only. */
const USES: Readonly<Record<CipherSuite, readonly HeaderUse[]>> = {
  'aes-256-gcm': ['associated'],
  'chacha20-poly1305': ['associated', 'bare'],
};

export interface ProofCase {
  readonly use: HeaderUse;
  readonly counter: number;
  readonly packet: Uint8Array;
  /** Header, ciphertext and tag. */
  readonly datagram: Uint8Array;
}

export interface ProofCases {
  readonly suite: CipherSuite;
  readonly secret: Uint8Array;
  readonly uses: readonly HeaderUse[];
  readonly cases: readonly ProofCase[];
}

export function newProofCases(suite: CipherSuite): ProofCases {
  const secret = pattern(32, 0x80);
  const key = suite === 'chacha20-poly1305' ? new PortableChaChaKey(secret) : null;
  const uses = USES[suite];
  const cases = uses.flatMap((use) =>
    COUNTERS.map((counter, i) => {
      const packet = pattern(LENGTHS[i % LENGTHS.length] ?? 0, i + 3);
      const datagram = new Uint8Array(HEADER_BYTES + packet.length + TAG_BYTES);
      datagram.set(pattern(HEADER_BYTES, i));
      const header = datagram.slice(0, use === 'associated' ? HEADER_BYTES : 0);
      const sealed = datagram.subarray(HEADER_BYTES);
      if (key === null) sealed.set(writtenDown(i, sealed.length));
      else key.seal(nonceOf(counter), header, packet, sealed);
      return { use, counter, packet, datagram };
    }),
  );
  return { suite, secret, uses, cases };
}

/** AES-256-GCM has one use of the header, so the cases are the counters. */
function writtenDown(index: number, bytes: number): Uint8Array {
  const sealed = hexToBytes(AES_SEALED[index] ?? '');
  assert(sealed.length === bytes, 'every case of AES is written down');
  return sealed;
}

/** Bytes that differ from place to place and from seed to seed. */
function pattern(count: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => seed * 31 + i * 13);
}

function nonceOf(counter: number): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  let rest = counter;
  for (let i = NONCE_BYTES - 8; i < NONCE_BYTES; i++) {
    nonce[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return nonce;
}
