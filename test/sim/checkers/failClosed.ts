/**
 * I9 fail-closed, on the wire: what leaves a machine is one of our messages, and no inner packet shows in it.
 *
 * With stand-in ciphers the second half says nothing, so it is asked for real ones only.
 *
 * @module
 */
import { decodeMessageType } from './messageForm.ts';
import type { Report, Sent, Watch } from './watch.ts';

/** `JVSM`, in every inner packet. */
const MARK = [0x4a, 0x56, 0x53, 0x4d] as const;

export class FailClosed implements Watch {
  readonly #report: Report;
  readonly #isSealed: boolean;

  constructor(report: Report, isSealed: boolean) {
    this.#report = report;
    this.#isSealed = isSealed;
  }

  onSent({ from, bytes }: Sent): void {
    if (decodeMessageType(bytes) === null) {
      this.#report('I9', 'strayDatagram', `${from} sent ${bytes.length} bytes that are no message`);
    }
    if (this.#isSealed && holdsMark(bytes)) {
      this.#report('I9', 'plaintext', `${from} sent an inner packet in the clear`);
    }
  }
}

function holdsMark(bytes: Uint8Array): boolean {
  for (let at = bytes.indexOf(MARK[0]); at >= 0; at = bytes.indexOf(MARK[0], at + 1)) {
    if (MARK.every((byte, offset) => bytes[at + offset] === byte)) return true;
  }
  return false;
}
