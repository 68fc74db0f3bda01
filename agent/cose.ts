/**
 * COSE_Sign1 by `@ldclabs/cose-ts`, with Ed25519 (RFC 8032) by the runtime's node:crypto.
 *
 * Loaded by `import()` and only when a document is there: an idle agent has no room for it (docs/decisions/0020-what-a-thread-loads.md).
 * The library builds and reads the message and what is signed of it; it takes more than a document may be (a missing
 * algorithm, a detached payload, other tags), so `policies/signed/envelope.ts` judges the form first.
 *
 * Source: RFC 9052 §4.2 and §4.4; docs/decisions/0030-signed-documents.md.
 *
 * @module
 */
import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto';
import { Header } from '@ldclabs/cose-ts/header';
import { Key } from '@ldclabs/cose-ts/key';
import { Sign1Message } from '@ldclabs/cose-ts/sign1';
import { ALGORITHM_EDDSA, DOCUMENT_TYPE, HEADER, type Sign1 } from '../policies/signed/envelope.ts';
import { assert } from '../session/assert.ts';

/** A key in the form that node:crypto takes: RFC 8410 §4 and §7, in front of its 32 bytes. */
const SPKI = Uint8Array.from([48, 42, 48, 5, 6, 3, 43, 101, 112, 3, 33, 0]);
const PKCS8 = Uint8Array.from([48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32]);

/** The library's own class of this name brings a curve in JavaScript, whose tables take ten megabytes at the first signature. */
class Ed25519Key extends Key {
  readonly #key: KeyObject;

  constructor(key: KeyObject) {
    super();
    this.alg = ALGORITHM_EDDSA;
    this.#key = key;
  }

  sign(message: Uint8Array): Uint8Array {
    return new Uint8Array(signBytes(null, message, this.#key));
  }

  verify(message: Uint8Array, signature: Uint8Array): boolean {
    return verifyBytes(null, message, this.#key, signature);
  }
}

function publicKeyOf(bytes: Uint8Array): KeyObject {
  const key = Buffer.concat([SPKI, bytes]);
  return createPublicKey({ key, format: 'der', type: 'spki' });
}

function privateKeyOf(seed: Uint8Array): KeyObject {
  assert(seed.length === 32, 'a signing key has 32 bytes');
  const key = Buffer.concat([PKCS8, seed]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

export const COSE: Sign1 = {
  verify(document, publicKey) {
    try {
      return Sign1Message.fromBytes(new Ed25519Key(publicKeyOf(publicKey)), document).payload;
    } catch {
      return null; // a wrong signature is an exception like any other there
    }
  },

  sign(payload, keyId, privateKey) {
    const header = new Header()
      .setParam(HEADER.algorithm, ALGORITHM_EDDSA)
      .setParam(HEADER.keyId, keyId)
      .setParam(HEADER.type, DOCUMENT_TYPE);
    const message = new Sign1Message(payload, header, new Header());
    return Sign1Message.withTag(message.toBytes(new Ed25519Key(privateKeyOf(privateKey))));
  },
};

/** The public key of a signing key. Both have 32 bytes. */
export function signingPublicKey(privateKey: Uint8Array): Uint8Array {
  const spki = createPublicKey(privateKeyOf(privateKey)).export({ format: 'der', type: 'spki' });
  return new Uint8Array(spki.subarray(SPKI.length));
}
