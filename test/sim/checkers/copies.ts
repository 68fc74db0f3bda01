/**
 * ◆ Two devices with one identity: what a refused copy may not do, and what has to be asked before one wins.
 *
 * A conflict never ends the recorded session; the refused side keeps quiet for ten minutes, over restarts; and
 * whoever shows no more than a flash takes a session that the hub carries only after its binding was asked.
 * Source: docs/protocol.md, "Resuming, clones, takeover".
 *
 * @module
 */
import { equalBytes } from '../../../session/bytes.ts';
import { isSameClaim } from '../../../session/claim.ts';
import type { Durable } from './durability.ts';
import type { Commit, Report, Said, Watch } from './watch.ts';

/** Ten minutes, by a clock that drifts. */
const QUIET_MS = 590_000;

export class Copies implements Watch {
  readonly #report: Report;
  readonly #durableOf: (who: string) => Durable | null;
  /** By machine: since when it is refused. */
  readonly #refusedAtMs = new Map<string, number>();
  /** By the nonce of a claim: which machine made it. */
  readonly #authors = new Map<string, string>();
  /** By hub and device, as this hub process says it. */
  readonly #carried = new Set<string>();
  readonly #asked = new Set<string>();

  constructor(report: Report, durableOf: (who: string) => Durable | null) {
    this.#report = report;
    this.#durableOf = durableOf;
  }

  onSaid({ atMs, who, role, event }: Said): void {
    if (role === 'hub') return this.#onHub(who, event);
    const { nonce } = event.detail;
    if (event.event === 'claim' && typeof nonce === 'string') this.#authors.set(nonce, who);
    if (event.to === 'TERMINATED') {
      if (event.reasonCode === 'identity_conflict') this.#refusedAtMs.set(who, atMs);
      return;
    }
    const refusedAtMs = this.#refusedAtMs.get(who);
    if (refusedAtMs === undefined || event.event !== 'claim') return;
    const quietMs = atMs - refusedAtMs;
    this.#refusedAtMs.delete(who);
    const fault = `clone: claims ${Math.round(quietMs / 1_000)} s after an identity conflict`;
    this.#report('refusedCopy', who, quietMs < QUIET_MS ? fault : null);
  }

  #onHub(hub: string, event: Said['event']): void {
    const key = `${hub} ${event.device}`;
    if (event.to === 'ATTACHED') this.#carried.add(key);
    else if (event.to !== null) this.#carried.delete(key);
    if (event.reasonCode === 'ownership_conflict') this.#carried.delete(key);
    this.#judgeRefusal(hub, event);
    if (event.reasonCode !== 'challenge_sent') return;
    this.#asked.add(`${key} ${event.detail['claimedVersion']}`);
  }

  /** The keys of one session say nothing about a claim for another: that one is unknown. */
  #judgeRefusal(
    hub: string,
    { event, reasonCode, device, detail, sessionId }: Said['event'],
  ): void {
    const isConflict = reasonCode === 'identity_conflict' || reasonCode === 'bad_proof';
    const named = detail['claimedSessionId'];
    if (event !== 'refusal' || !isConflict || named === undefined || sessionId === null) return;
    const isAsked = this.#asked.has(`${hub} ${device} ${detail['claimedVersion']}`);
    const isOther = named !== sessionId && !isAsked;
    const fault = `I2: a claim for session ${named} is judged by the keys of session ${sessionId}`;
    this.#report('judgedByItsSession', hub, isOther ? fault : null);
  }

  onCommit({ hub, before, after }: Commit): void {
    if (before === null || before.terminated !== null) return;
    const isEnded = after.terminated === 'identity_conflict';
    const fault = 'clone: an identity conflict ends the recorded session';
    this.#report('conflictEndsNothing', hub, isEnded ? fault : null);
    if (isSameClaim(before.claim, after.claim) || after.claimKind !== 'attach') return;
    const isStale = equalBytes(before.secret, after.secret);
    const kept = 'clone: an ATTACH leaves the secret as it was';
    this.#report('secretRotates', hub, isStale ? kept : null);
    const isSame = before.sessionId === after.sessionId;
    const isForgotten = isSame && after.predecessorMemoryKey === null;
    const lost = 'clone: the memory key of the process before is forgotten';
    this.#report('predecessorKept', hub, isForgotten ? lost : null);
    const [former, author] = [before, after].map(({ claim }) => this.#authors.get(claim.nonce));
    const key = `${hub} ${after.device}`;
    // A machine that restarted is asked about as well; only copies are sure to be on another channel.
    const isOther = former !== undefined && author !== undefined && former !== author;
    if (!isOther || !this.#carried.has(key)) return;
    const isAsked = this.#asked.has(`${key} ${after.claim.stateVersion}`);
    const taken = `clone: ${author} takes the session of ${former}, which was not asked`;
    this.#report('askedFirst', hub, isAsked ? null : taken);
  }

  onDeath(who: string): void {
    for (const key of this.#carried) if (key.startsWith(`${who} `)) this.#carried.delete(key);
    // An end that was not durable yet is forgotten with its process.
    if (this.#refusedAtMs.has(who) && this.#durableOf(who)?.terminated !== 'identity_conflict') {
      this.#refusedAtMs.delete(who);
    }
  }

  onForgotten(who: string): void {
    this.#refusedAtMs.delete(who);
  }
}
