/**
 * X25519 as the handshake sees it.
 *
 * Injected, because native code is some 17 times faster than portable code (`portableDh.ts`) and the core may not
 * import it. Refuses all-zero results: a peer that sends a point of low order would otherwise fix
 * the shared secret (RFC 7748 §6.1).
 *
 * @module
 */
export const KEY_BYTES = 32;

/** The shared secret of two 32-byte keys, or null where it would be all zero. Never throws. */
export type Dh = (privateKey: Uint8Array, publicKey: Uint8Array) => Uint8Array | null;

const BASE_POINT = Uint8Array.of(9, ...new Uint8Array(KEY_BYTES - 1));

/** The public key of `privateKey`, by the same X25519 that the handshake uses. */
export function publicKeyOf(privateKey: Uint8Array, dh: Dh): Uint8Array | null {
  return dh(privateKey, BASE_POINT);
}
