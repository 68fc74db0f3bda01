/**
 * Carries out what `policies/signed/staging.ts` decides, in order, and tells it what came of that: on a device (`push.ts`) and in the
 * simulator.
 *
 * Without promises and timers: the caller asks for `nextDeadlineMs` and calls `look` when it is due; a spurious one is harmless. What flash
 * and users throw goes through to the caller; behind that nothing of this may be used but `isPending`.
 *
 * Source: docs/push.md.
 *
 * @module
 */
import type { Clock } from '../hal/clock.ts';
import type { Flash } from '../hal/flash.ts';
import type { HalFailure } from '../hal/result.ts';
import type { Policy } from '../policies/schema.ts';
import type { Identity } from '../policies/signed/admit.ts';
import { anchorsOf } from '../policies/signed/anchors.ts';
import type { Sign1 } from '../policies/signed/envelope.ts';
import { openDocument } from '../policies/signed/open.ts';
import { isRefused } from '../policies/signed/refusal.ts';
import { nextPushDeadline, openPush, policyInForce, stepPush } from '../policies/signed/staging.ts';
import type {
  PushEffect,
  PushEvent,
  PushState,
  PushStep,
  ReportDetail,
} from '../policies/signed/state.ts';
import { PushStore } from '../policies/signed/store.ts';
import type { PushCode } from './pushRefusals.ts';
import { CLOCK_SET_MS } from './wallClock.ts';

export interface RunnerParts {
  /** Slots of `PUSH_RECORD_BYTES` of its own. */
  readonly flash: Flash;
  readonly identity: Identity;
  /** Of the configuration, 32 bytes each. */
  readonly signers: readonly Uint8Array[];
  readonly configured: Policy;
  /** Version of the newest policy ever confirmed or configured (I4), 0 for none. */
  readonly policyVersionMin: number;
  readonly clock: Clock;
}

export interface RunnerUsers {
  /** False: it is not followed, the one before is. */
  readonly follow: (policy: Policy, isOnTrial: boolean) => boolean;
  /** It proved itself and is on flash: to be followed for good, its bounds included. */
  readonly onConfirmed: (version: number) => void;
  /** Why a document was not taken, or what became of one that was. */
  readonly tell: (code: PushCode, detail: ReportDetail) => void;
}

export class PushRunner {
  readonly #parts: RunnerParts;
  readonly #store: PushStore<HalFailure>;
  readonly #due: PushEvent[] = [];
  #state: PushState;
  #begin: readonly PushEffect[];
  #users: RunnerUsers | null = null;
  #isWorking = false;
  /** What was decided to be followed, is. */
  #isFollowed = true;
  /** What was pushed cannot be read any more, a confirmed policy among it, if there was one: the configuration's is followed. */
  readonly isLost: boolean;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#store = new PushStore<HalFailure>(parts.flash);
    const { identity, configured, policyVersionMin } = parts;
    const setup = { identity, configured, policyVersionMin };
    const { state, effects } = openPush(setup, this.#store, this.#moment());
    this.#state = state;
    this.#begin = effects;
    this.isLost = effects.some(
      (effect) =>
        effect.kind === 'report' &&
        (effect.code === 'push_state_lost' || effect.detail['kind'] === 'policy'),
    );
  }

  /** It never changes in place. */
  get state(): PushState {
    return this.#state;
  }

  /** What the device has to follow now. */
  get policy(): Policy {
    return policyInForce(this.#state);
  }

  /** Whose signatures count: key id in hex → public key. */
  get anchors(): ReadonlyMap<string, Uint8Array> {
    return anchorsOf(this.#parts.signers, this.#state.record.rotated);
  }

  /** What is followed would end by itself, or is not what was decided: somebody has to go on with it, or a start. */
  get isPending(): boolean {
    const { trial, emergency } = this.#state;
    return trial !== null || emergency !== null || !this.#isFollowed;
  }

  nextDeadlineMs(): number | null {
    return nextPushDeadline(this.#state);
  }

  /** Before anything is decided under {@link policy}: what a start has to say goes first. */
  begin(users: RunnerUsers): void {
    this.#users = users;
    this.#work({ state: this.#state, effects: this.#begin });
    this.#begin = [];
  }

  /** A document from anyone. */
  judge(bytes: Uint8Array, isRetained: boolean, sign1: Pick<Sign1, 'verify'>): void {
    const document = openDocument(bytes, this.anchors, sign1);
    if (isRefused(document)) return this.#users?.tell(document.refused, { why: document.detail });
    const { kind, version } = document;
    if (kind === 'command') {
      const why = 'no command is carried out in this version';
      return this.#users?.tell('document_invalid', { kind, version, why });
    }
    this.#feed({ kind: 'arrived', ...this.#moment(), isRetained, document });
  }

  /** The session has held under the policy of this version (`proven.ts`). */
  proven(version: number): void {
    if (this.#state.trial?.policy.version !== version) return;
    this.#feed({ kind: 'attached', atMs: this.#moment().atMs });
  }

  /** The configuration names this policy now; it is admitted and durable. */
  configured(policy: Policy): void {
    this.#feed({ kind: 'configured', atMs: this.#moment().atMs, policy });
  }

  /** Time passed. Too often is harmless. */
  look(): void {
    this.#feed({ kind: 'tick', ...this.#moment() });
  }

  /** What happens while something is carried out comes behind it. */
  #feed(event: PushEvent): void {
    if (this.#users === null) return;
    this.#due.push(event);
    if (!this.#isWorking) this.#work(null);
  }

  /** Carries out `first`, then what is due. */
  #work(first: PushStep | null): void {
    this.#isWorking = true;
    if (first !== null) this.#carryOut(first);
    for (let next = this.#due.shift(); next !== undefined; next = this.#due.shift()) {
      this.#carryOut(stepPush(this.#state, next));
    }
    this.#isWorking = false;
  }

  #carryOut({ state, effects }: PushStep): void {
    this.#state = state;
    if (effects.some(({ kind }) => kind === 'apply')) this.#isFollowed = false;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: PushEffect): void {
    switch (effect.kind) {
      case 'write': {
        const isDurable = this.#store.save(effect.record).ok;
        return this.#feed({ kind: 'written', ...this.#moment(), isDurable });
      }
      case 'apply': {
        const { policy, isOnTrial } = effect;
        const isApplied = this.#users?.follow(policy, isOnTrial) === true;
        this.#isFollowed = isApplied;
        const { atMs } = this.#moment();
        return this.#feed({ kind: 'applied', atMs, version: policy.version, isApplied });
      }
      case 'report': {
        const { code, detail } = effect;
        if (code === 'policy_confirmed') this.#users?.onConfirmed(Number(detail['version']));
        return this.#users?.tell(code, detail);
      }
      // No command gets that far.
      case 'run':
      case 'answer':
        return;
    }
  }

  #moment() {
    const { clock } = this.#parts;
    const wallMs = clock.wallMs();
    return { atMs: clock.monotonicMs(), clock: { wallMs, isKnown: wallMs >= CLOCK_SET_MS } };
  }
}
