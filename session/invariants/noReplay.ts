/**
 * I5 no-replay: no packet, claim, policy or command takes effect twice or after its freshness ended.
 *
 * An answer counts once and only while its claim is open: being answered, being superseded, a refusal, or the death of
 * the binding closes it.
 *
 * Source: docs/protocol.md, "state_version, claims and answers". Asserted by the device for each answer it takes, by
 * the hub for each claim it sends to the store; packets by `session/replay.ts` at the packet.
 *
 * @module
 */
import { type Claim, isSameClaim } from '../claim.ts';
import { isRestart, type WatchedEvent } from './watchedEvent.ts';

/** What is wrong with an answer to `answered` taking effect while `open` is the open claim, or null. */
export function strayAnswer(open: Claim | null, answered: Claim): string | null {
  if (open === null)
    return `I5: an answer to version ${answered.stateVersion} counted, no claim is open`;
  if (isSameClaim(open, answered)) return null;
  return `I5: an answer to version ${answered.stateVersion} counted, version ${open.stateVersion} is open`;
}

/** What is wrong with committing `claim` after `recorded`, or null. */
export function repeatedClaim(recorded: Claim | null, claim: Claim): string | null {
  if (recorded === null || !isSameClaim(recorded, claim)) return null;
  return `I5: the claim of version ${claim.stateVersion} is committed twice`;
}

/** The triggers by which a device moves because its claim was answered. */
const ACCEPTED: readonly unknown[] = [
  'attach_accepted',
  'reattach_accepted',
  'switch_abandoned',
  'switch_abandoned_degraded',
];

/** The claims of one device, from its own events. */
export class AnswerWatch {
  #openVersion: number | null = null;
  #judged = 0;

  /** How many answers were looked at. */
  get judged(): number {
    return this.#judged;
  }

  see(event: WatchedEvent): string | null {
    if (event.event === 'claim') this.#openVersion = event.stateVersion;
    // Of a claim, by the hub, which says whether it is fatal: a device refuses documents and policies itself.
    const isRefused = event.event === 'refusal' && event.detail['fatal'] !== undefined;
    if (isRefused || isRestart(event, 'agent_restarted')) this.#openVersion = null;
    if (event.event !== 'transition') return null;
    const isAnswer = ACCEPTED.includes(event.detail['trigger']);
    const wasOpen = this.#openVersion !== null;
    const isClosing = event.to === 'RECOVERING' || event.to === 'TERMINATED';
    if (isAnswer || isClosing) this.#openVersion = null;
    if (!isAnswer) return null;
    this.#judged += 1;
    if (wasOpen) return null;
    return `I5: an answer counted at version ${event.stateVersion}, and no claim was open`;
  }
}

/** Things that may take effect once. Remembers all of them: for runs that end. */
export class EffectWatch {
  readonly #taken = new Set<string>();

  /** An inner packet came out of a tunnel; `name` tells it from all others of the run. */
  packet(name: string): string | null {
    return this.#take(`packet ${name}`);
  }

  /** An initiation was answered: `sender` is the index that it names, of one device's or one machine's. */
  initiation(device: string, sender: number): string | null {
    return this.#take(`initiation ${sender} of ${device}`);
  }

  /** A claim became the record's. */
  claim({ nonce, stateVersion }: Claim): string | null {
    return this.#take(`claim ${nonce} of version ${stateVersion}`);
  }

  #take(what: string): string | null {
    if (this.#taken.has(what)) return `I5: ${what} took effect twice`;
    this.#taken.add(what);
    return null;
  }
}
