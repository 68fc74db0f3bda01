/**
 * X25519 by libcrypto, with the same answers as `nobleDh`: null for a point of low order.
 *
 * Keys live in libcrypto while it computes, and it wipes them (EVP_PKEY_free). Same vectors as the portable code
 * (test/unit/hal/linux/libcryptoDh.test.ts), and {@link isProven} asks for one before it serves.
 *
 * Source: EVP_PKEY_new(3), EVP_PKEY_derive(3); EVP_PKEY_X25519 is NID_X25519 of openssl/obj_mac.h.
 *
 * @module
 */
import type { Pointer } from 'bun:ffi';
import { assert } from '../../session/assert.ts';
import { bytesToHex, hexToBytes } from '../../session/bytes.ts';
import { type Dh, KEY_BYTES } from '../../session/noise/dh.ts';
import { type LibcryptoSymbols, pointerOf } from './libcrypto.ts';
import { addressOf, nativeBytes } from './memory.ts';

const EVP_PKEY_X25519 = 1034;
const NULL = 0 as Pointer;

export function libcryptoDh(lib: LibcryptoSymbols): Dh {
  // Kept, as their addresses are; wiped after each use.
  const [own, peer, shared] = [KEY_BYTES, KEY_BYTES, KEY_BYTES].map(nativeBytes) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const length = nativeBytes(8); // size_t
  const lengthView = new DataView(length.buffer);
  const [ownAt, peerAt, sharedAt, lengthAt] = [own, peer, shared, length].map(addressOf) as [
    Pointer,
    Pointer,
    Pointer,
    Pointer,
  ];

  const derive = (ownKey: Pointer, peerKey: Pointer): boolean => {
    const context = pointerOf(lib.EVP_PKEY_CTX_new(ownKey, NULL));
    assert(context !== null, 'libcrypto has memory for a key agreement');
    lengthView.setBigUint64(0, BigInt(KEY_BYTES), true);
    const isReady =
      lib.EVP_PKEY_derive_init(context) === 1 &&
      lib.EVP_PKEY_derive_set_peer(context, peerKey) === 1;
    // Of what is left, only a point of low order is refused.
    const isDerived = isReady && lib.EVP_PKEY_derive(context, sharedAt, lengthAt) === 1;
    lib.EVP_PKEY_CTX_free(context);
    assert(isReady, 'libcrypto takes two keys of X25519');
    return isDerived && lengthView.getBigUint64(0, true) === BigInt(KEY_BYTES);
  };

  return (privateKey, publicKey) => {
    assert(privateKey.length === KEY_BYTES && publicKey.length === KEY_BYTES, 'keys have 32 bytes');
    own.set(privateKey);
    peer.set(publicKey);
    const size = KEY_BYTES;
    const ownKey = pointerOf(lib.EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, ownAt, size));
    const peerKey = pointerOf(lib.EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, peerAt, size));
    own.fill(0);
    assert(ownKey !== null && peerKey !== null, 'libcrypto has memory for a key of X25519');
    const isDerived = derive(ownKey, peerKey);
    lib.EVP_PKEY_free(ownKey);
    lib.EVP_PKEY_free(peerKey);
    // Checked here as well: not every build refuses an all-zero result.
    const answer = isDerived && shared.some((byte) => byte !== 0) ? new Uint8Array(shared) : null;
    shared.fill(0);
    return answer;
  };
}

/** RFC 7748 §6.1: Alice's private key, Bob's public one, what they share. */
const ALICE = '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a';
const BOB = 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f';
const SHARED = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';

/** Whether `dh` computes what it must, twice, and refuses the point 0. */
export function isProven(dh: Dh): boolean {
  const share = () => dh(hexToBytes(ALICE), hexToBytes(BOB));
  const isRight = [share(), share()].every((got) => got !== null && bytesToHex(got) === SHARED);
  return isRight && dh(hexToBytes(ALICE), new Uint8Array(KEY_BYTES)) === null;
}
