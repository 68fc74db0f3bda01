/**
 * What is on the wire: I12 nonce-once, I9 fail-closed.
 *
 * A key is named by who sends and the receiver's index. With stand-in ciphers everybody can read packets, so
 * whether they are readable is asked for real ones only.
 *
 * @module
 */
import { exposed } from '../../../session/invariants/failClosed.ts';
import { NonceWatch } from '../../../session/invariants/nonceOnce.ts';
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import { counterOf, receiverOf, transportIdOf } from '../../../session/wire/transport.ts';
import { decodeMessageType } from './messageForm.ts';
import type { Report, Sent, Watch } from './watch.ts';

/** `JVSM`, in every inner packet. */
const MARK = Uint8Array.of(0x4a, 0x56, 0x53, 0x4d);

export class Seals implements Watch {
  readonly #report: Report;
  readonly #isSealed: boolean;
  readonly #nonces = new NonceWatch();

  constructor(report: Report, isSealed: boolean) {
    this.#report = report;
    this.#isSealed = isSealed;
  }

  onSent({ from, bytes }: Sent): void {
    const form = decodeMessageType(bytes);
    if (form === null) {
      this.#report('strayDatagram', from, `I9: ${bytes.length} bytes that are no message of ours`);
    }
    if (this.#isSealed) this.#report('exposed', from, exposed(bytes, MARK));
    const receiver = receiverOf(bytes);
    if (receiver < 0) return;
    const sealed = {
      keyId: `${from} ${receiver}`,
      type: bytes[0] === MESSAGE_TYPE.data ? ('data' as const) : ('control' as const),
      lane: transportIdOf(bytes),
      counter: counterOf(bytes),
      hash: digestOf(bytes),
    };
    this.#report('nonceOnce', from, this.#nonces.sealed(sealed));
  }
}

/** FNV-1a. */
function digestOf(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return hash.toString(36);
}
