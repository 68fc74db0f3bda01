/**
 * What may follow what in the store: I4 no-rollback, I2 no-silent-reset, I7 bounded-switching, and the
 * rule of clones, each told from two records that follow each other.
 *
 * @module
 */
import { isSameClaim } from '../../../session/claim.ts';
import { excessSwitching } from '../../../session/invariants/boundedSwitching.ts';
import { rollbackBetween } from '../../../session/invariants/noRollback.ts';
import type { Commit, Held, Report, Said, Watch } from './watch.ts';

/** Of all policies that a run may use. */
const MINUTE_MS = 60_000;

export class Records implements Watch {
  readonly #report: Report;
  readonly #switchesMax: () => number;
  /** By the nonce of a claim: whose it is, and what its process held when it was made. */
  readonly #authors = new Map<string, { readonly who: string; readonly held: Held }>();
  readonly #switchedAtMs = new Map<string, number[]>();

  constructor(report: Report, switchesMax: () => number) {
    this.#report = report;
    this.#switchesMax = switchesMax;
  }

  onSaid({ who, event, held }: Said): void {
    const nonce = event.detail['nonce'];
    if (event.event !== 'claim' || held === null || typeof nonce !== 'string') return;
    if (!this.#authors.has(nonce)) this.#authors.set(nonce, { who, held });
  }

  onCommit(commit: Commit): void {
    const { before, after } = commit;
    if (before === null) return;
    const must = (holds: boolean, invariant: 'I2' | 'I4', sentence: string) => {
      if (!holds) this.#report(invariant, 'records', sentence);
    };
    const rollback = rollbackBetween(before, after);
    must(rollback === null, 'I4', rollback ?? '');
    must(after.revision === before.revision + 1, 'I4', 'a swap raises the revision by one');
    const isNewClaim = !isSameClaim(before.claim, after.claim);
    const isNewer = !isNewClaim || after.stateVersion > before.stateVersion;
    must(isNewer, 'I4', 'a commit is newer than the record');
    const isSameSession = after.sessionId === before.sessionId;
    must(
      isSameSession || after.previousSessionId === before.sessionId,
      'I2',
      'a new session names its predecessor',
    );
    const isRevived = isSameSession && before.terminated !== null && after.terminated === null;
    must(!isRevived, 'I2', 'an ended session never comes back');
    this.#countSwitch(commit, isSameSession);
    if (isNewClaim && before.terminated === null) this.#mustBeProven(commit);
  }

  /** Counted from outside, in the world's time; the record's own list is bounded as well. */
  #countSwitch({ atMs, before, after }: Commit, isSameSession: boolean): void {
    const most = this.#switchesMax();
    const { device, switchedAtMs } = after;
    const newest = switchedAtMs.at(-1) ?? 0;
    const listed = switchedAtMs.filter((at) => at > newest - MINUTE_MS);
    if (listed.length > most) {
      this.#report('I7', 'recordedSwitches', `the record lists ${listed.length} switches a minute`);
    }
    if (!isSameSession || before?.transportId === after.transportId) return;
    const own = (this.#switchedAtMs.get(device) ?? []).filter((at) => at > atMs - MINUTE_MS);
    own.push(atMs);
    this.#switchedAtMs.set(device, own);
    const excess = excessSwitching(own, most);
    if (excess !== null) this.#report('I7', 'committedSwitches', excess);
  }

  /** ◆ Whoever changes a living session held one of its keys: a copy older than one rotation never wins. */
  #mustBeProven({ before, after }: Commit): void {
    const author = this.#authors.get(after.claim.nonce);
    if (before === null || author === undefined) return;
    const { secret, memoryKey } = author.held;
    const isProven =
      isOneOf(secret, before.secret, before.previousSecret) ||
      isOneOf(memoryKey, before.memoryKey, before.predecessorMemoryKey);
    const isUnconfirmedBirth =
      before.claimKind === 'attach' && secret === null && before.sessionId === after.sessionId;
    if (isProven || isUnconfirmedBirth) return;
    this.#report('clone', 'provenClaims', `${author.who} won without a key of the session`);
  }
}

function isOneOf(key: Uint8Array | null, ...known: readonly (Uint8Array | null)[]): boolean {
  return key !== null && known.some((one) => one?.every((byte, at) => byte === key[at]) === true);
}
