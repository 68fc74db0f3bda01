/**
 * What a broker keeps on the topics of a canary's devices, where somebody else may publish for one of them while a rollout is under way.
 *
 * Published over is what is older or nobody's, cleared is what is ours: a device that was away would never get what somebody sent it.
 * By versions, whoever signed: a device takes none below the one that it has, of whatever key.
 *
 * @module
 */
import type { DesiredStream } from '../../hal/mqtt/topics.ts';
import { isSameTarget, type Target } from '../../policies/signed/claims.ts';
import { reopenDocument, type SignedDocument } from '../../policies/signed/open.ts';
import { isRefused } from '../../policies/signed/refusal.ts';
import { isSameButTimes, type Own } from './overtaking.ts';

/** Whoever may publish may name as many as they like; more devices than a push hears of. */
const TOPICS_MAX = 20_000;

/** What a rollout wants there: a document, or none, which is empty. */
interface Want {
  readonly to: Target;
  readonly payload: Uint8Array;
}

export class CanaryTopics {
  readonly #stream: DesiredStream;
  readonly #kept = new Map<string, Uint8Array>();
  readonly #wanted = new Map<string, Want>();
  #own: readonly SignedDocument[] = [];
  #isGenuine: Own['isGenuine'] = () => false;

  constructor(stream: DesiredStream) {
    this.#stream = stream;
  }

  /** What is ours says the same, for whatever target. */
  begin({ documents, isGenuine }: Own): void {
    this.#own = documents.map(reopenDocument).flatMap((one) => (isRefused(one) ? [] : [one]));
    this.#isGenuine = isGenuine;
  }

  /** Of any topic on which a device alone is sent documents; also what we have just sent ourselves. */
  onKept(topic: string, payload: Uint8Array): void {
    if (payload.length === 0) this.#kept.delete(topic);
    else if (this.#kept.has(topic) || this.#kept.size < TOPICS_MAX) this.#kept.set(topic, payload);
  }

  /** The next connection brings what is kept then. */
  forget(): void {
    this.#kept.clear();
  }

  /** Whether `payload` may be published there now. */
  isFree(topic: string, to: Target, payload: Uint8Array): boolean {
    const want = { to, payload };
    this.#wanted.set(topic, want);
    if (payload.length > 0) return this.#othersAt(topic, want) === null;
    const kept = this.#documentAt(topic, to);
    return kept !== null && this.#isOurs(kept);
  }

  /** What somebody else published for devices of the canary and stays there. */
  get left(): readonly SignedDocument[] {
    return [...this.#wanted].flatMap(([topic, want]) => this.#othersAt(topic, want) ?? []);
  }

  #othersAt(topic: string, { to, payload }: Want): SignedDocument | null {
    const kept = this.#documentAt(topic, to);
    if (kept === null || this.#isOurs(kept)) return null;
    const namesOurs = this.#own.some(({ signer }) => signer === kept.signer);
    if (namesOurs && !this.#isGenuine(kept.bytes)) return null;
    const wanted = payload.length === 0 ? null : reopenDocument(payload);
    if (wanted === null || isRefused(wanted)) return kept;
    return kept.version >= wanted.version ? kept : null;
  }

  #documentAt(topic: string, to: Target): SignedDocument | null {
    const bytes = this.#kept.get(topic);
    const found = bytes === undefined ? null : reopenDocument(bytes);
    if (found === null || isRefused(found)) return null;
    return found.kind === this.#stream && isSameTarget(found.target, to) ? found : null;
  }

  #isOurs(kept: SignedDocument): boolean {
    return this.#own.some((one) => one.signer === kept.signer && isSameButTimes(one, kept));
  }
}
