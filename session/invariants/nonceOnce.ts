/**
 * I12 nonce-once: no nonce is used twice under one key for different plaintext.
 *
 * A data nonce is the counter alone, a control nonce is transport id and counter; both types have keys of their own.
 * The same bytes once more (a resend, a copy that the network made) are no second use.
 *
 * Source: docs/protocol.md, "Channel and keys". Asserted at the counter (`session/channel/sendCounter.ts`) and at the
 * slot (`session/sealed/slot.ts`); the watch sees what is on the wire.
 *
 * @module
 */

/** A sealed datagram on the wire. */
export interface Sealed {
  /** The receiver's index of the keypair, made unique over processes. */
  readonly keyId: string;
  readonly type: 'data' | 'control' | 'plain';
  /** transport_id of the header. */
  readonly lane: number;
  readonly counter: number;
  /** Of header and ciphertext: any text that differs where they do. */
  readonly hash: string;
}

/** All that was sealed. Remembers each nonce: for runs that end. */
export class NonceWatch {
  readonly #hashes = new Map<string, string>();

  sealed({ keyId, type, lane, counter, hash }: Sealed): string | null {
    const nonce = type === 'control' ? `lane ${lane} counter ${counter}` : `counter ${counter}`;
    const key = `${type} key ${keyId}, ${nonce}`;
    const before = this.#hashes.get(key) ?? hash;
    this.#hashes.set(key, before);
    return before === hash ? null : `I12: ${key} sealed two different datagrams`;
  }
}
