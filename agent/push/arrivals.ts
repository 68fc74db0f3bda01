/**
 * A document from its arrival to where it is known who signed it: one after the other, and as few as can be are judged.
 *
 * Whoever may write to the topic can make a device read; it neither writes nor remembers anything for that.
 *
 * @module
 */
import { oneLine } from '../../hal/oneLine.ts';
import { anchorsOf } from '../../policies/signed/anchors.ts';
import { readEnvelope, type Sign1 } from '../../policies/signed/envelope.ts';
import { openDocument } from '../../policies/signed/open.ts';
import { isRefused, type Refused, refuse } from '../../policies/signed/refusal.ts';
import { isSamePolicy } from '../../policies/signed/samePolicy.ts';
import type { PushEvent, PushState } from '../../policies/signed/state.ts';
import { bytesToHex, equalBytes } from '../../session/bytes.ts';
import type { PushCode } from '../pushRefusals.ts';
import type { CommandRequest } from '../telemetry.ts';

/** Documents that wait for their signature to be judged; one more is refused. As many as topics can retain for one device. */
const WAITING_MAX = 20;

export interface Arrival {
  readonly bytes: Uint8Array;
  readonly isRetained: boolean;
  /** Null: it came where everything but commands comes. */
  readonly request: CommandRequest | null;
}

type Opened = (PushEvent & { kind: 'arrived' })['document'];

export interface ArrivalParts {
  /** Of the configuration, 32 bytes each. */
  readonly signers: readonly Uint8Array[];
  /** What is on flash. */
  readonly record: () => PushState['record'];
  /** Asked for when a document is there whose signature has to be judged: loading it takes memory for good. */
  readonly loadSign1: () => Promise<Pick<Sign1, 'verify'>>;
  /** Nothing in here may throw past it. */
  readonly guard: (work: () => void) => void;
  readonly tell: (code: PushCode, why: string) => void;
  /** It is on flash: no news, and not worth a line. */
  readonly countHeld: () => void;
  /** A trusted key signed it, and it is another one than those on flash. */
  readonly onOpened: (document: Opened, arrival: Arrival) => void;
}

export class Arrivals {
  readonly #parts: ArrivalParts;
  #line: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(parts: ArrivalParts) {
    this.#parts = parts;
  }

  take(arrival: Arrival): void {
    const { tell, countHeld, loadSign1, guard } = this.#parts;
    // A retained document comes with each connection: what is on flash is no news.
    if (this.#held.some((held) => equalBytes(held, arrival.bytes))) return countHeld();
    const strange = this.#strangeness(arrival.bytes);
    if (strange !== null) return tell(strange.refused, strange.detail);
    if (this.#waiting >= WAITING_MAX) return tell('push_busy', `${WAITING_MAX} documents wait`);
    this.#waiting += 1;
    this.#line = this.#line.then(async () => {
      const sign1 = await loadSign1().catch(oneLine);
      this.#waiting -= 1;
      guard(() => {
        // The next one may find it: a shortage of files or memory passes.
        if (typeof sign1 === 'string') {
          tell('push_busy', `its signature cannot be judged: ${sign1}`);
        } else this.#judge(arrival, sign1);
      });
    });
  }

  #judge(arrival: Arrival, sign1: Pick<Sign1, 'verify'>): void {
    const { tell, countHeld, onOpened } = this.#parts;
    const document = openDocument(arrival.bytes, this.#anchors, sign1);
    if (isRefused(document)) return tell(document.refused, document.detail);
    // The rest of a rollout comes to its canary as well.
    if (this.#held.some((held) => isSamePolicy(held, document))) return countHeld();
    onOpened(document, arrival);
  }

  /** What is wrong with it before there is a signature to judge, or null. It is asked again with the signature. */
  #strangeness(bytes: Uint8Array): Refused | null {
    const envelope = readEnvelope(bytes);
    if (isRefused(envelope)) return envelope;
    const signer = bytesToHex(envelope.keyId);
    return this.#anchors.has(signer) ? null : refuse('signer_unknown', `key id ${signer}`);
  }

  get #anchors(): ReadonlyMap<string, Uint8Array> {
    const { signers, record } = this.#parts;
    return anchorsOf(signers, record().rotated);
  }

  get #held(): readonly Uint8Array[] {
    const { confirmed, pending, emergency } = this.#parts.record();
    return [confirmed, pending, emergency].filter((held) => held !== null);
  }
}
