/**
 * Signed documents on a running device: carries out what `policies/signed/staging.ts` decides.
 *
 * What it decides is done in order, and what came of it is told to it behind that; a document's signature is judged here, one
 * document after the other. Whoever may write to the topic can make a device read, and neither write nor remember anything.
 *
 * A fault in here ends no session that follows a policy which proved itself (I10): documents are not taken any more until the next start.
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
import { encodeCbor } from '../policies/signed/cbor.ts';
import type { Sign1 } from '../policies/signed/envelope.ts';
import { openDocument, reopenDocument, type SignedDocument } from '../policies/signed/open.ts';
import { isRefused } from '../policies/signed/refusal.ts';
import { nextPushDeadline, openPush, policyInForce, stepPush } from '../policies/signed/staging.ts';
import type { PushEffect, PushEvent, PushState, PushStep } from '../policies/signed/state.ts';
import { PushStore } from '../policies/signed/store.ts';
import { equalBytes } from '../session/bytes.ts';
import { type PushCode, Refusals, severityKind } from './pushRefusals.ts';
import type { Documents } from './telemetry.ts';
import { CLOCK_SET_MS } from './wallClock.ts';

/** Documents that wait for their signature to be judged; one more is refused. As many as topics can retain for one device. */
const WAITING_MAX = 20;
/** Suspended time counts and wakes nobody: a deadline is looked for at least this often (chosen). */
const LOOK_MAX_MS = 60_000;

export interface PushParts {
  /** Slots of `PUSH_RECORD_BYTES` of its own. */
  readonly flash: Flash;
  readonly identity: Identity;
  /** Of the configuration, 32 bytes each. */
  readonly signers: readonly Uint8Array[];
  readonly configured: Policy;
  /** Version of the newest policy ever confirmed or configured (I4), 0 for none. */
  readonly policyVersionMin: number;
  readonly clock: Clock;
  /** Asked for when the first document is there. */
  readonly loadSign1: () => Promise<Pick<Sign1, 'verify'>>;
}

/** What it needs of whoever runs it. */
export interface PushUsers {
  /** False: it is not followed, the one before is. */
  readonly follow: (policy: Policy, isOnTrial: boolean) => boolean;
  /** It proved itself and is on flash. */
  readonly onConfirmed: (version: number) => void;
  readonly note: (event: 'notice' | 'refusal' | 'alarm', code: PushCode, detail: Detail) => void;
  /** What `reported` says is another one. */
  readonly onReport: () => void;
  /** Nothing is taken any more. With a policy on trial nobody looks after that either: a start has to roll it back. */
  readonly onFault: (message: string, isOnTrial: boolean) => void;
}

/** A policy that came while another one was on trial. Retained, it comes no second time on this connection. */
type Later = Pick<PushEvent & { kind: 'arrived' }, 'document' | 'isRetained'>;

type Detail = Readonly<Record<string, string | number>>;

export class Push {
  readonly #parts: PushParts;
  readonly #store: PushStore<HalFailure>;
  readonly #refusals = new Refusals();
  readonly #due: PushEvent[] = [];
  #later: Later | null = null;
  #state: PushState;
  #begin: readonly PushEffect[];
  #users: PushUsers | null = null;
  #last: Readonly<Record<string, unknown>> | null = null;
  #line: Promise<void> = Promise.resolve();
  #waiting = 0;
  #isWorking = false;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isOver = false;
  /** What was pushed cannot be read any more, a confirmed policy among it, if there was one: the configuration's is followed. */
  readonly isLost: boolean;

  constructor(parts: PushParts) {
    this.#parts = parts;
    this.#store = new PushStore<HalFailure>(parts.flash);
    const { identity, configured, policyVersionMin } = parts;
    const { state, effects } = openPush(
      { identity, configured, policyVersionMin },
      this.#store,
      this.#moment(),
    );
    this.#state = state;
    this.#begin = effects;
    this.isLost = effects.some(
      (effect) =>
        effect.kind === 'report' &&
        (effect.code === 'push_state_lost' || effect.detail['kind'] === 'policy'),
    );
  }

  /** What the device has to follow now. */
  get policy(): Policy {
    return policyInForce(this.#state);
  }

  /** Version of the confirmed policy, and whether it came as a document. */
  get confirmed(): { readonly version: number; readonly isPushed: boolean } {
    const { confirmed, setup } = this.#state;
    return { version: confirmed.version, isPushed: confirmed !== setup.configured };
  }

  /** Version of the policy on trial, or null. */
  get onTrial(): number | null {
    return this.#state.trial?.policy.version ?? null;
  }

  get isEmergency(): boolean {
    return this.#state.emergency !== null;
  }

  /** Before anything is decided under {@link policy}: what a start has to say goes first. */
  begin(users: PushUsers): void {
    this.#users = users;
    this.#work({ state: this.#state, effects: this.#begin });
    this.#begin = [];
  }

  /** Bytes from anyone. An empty payload only clears a retained document. */
  arrived(bytes: Uint8Array, isRetained: boolean): void {
    if (this.#isOver || bytes.length === 0) return;
    if (this.#waiting >= WAITING_MAX) {
      return this.#tell('push_busy', { why: `${WAITING_MAX} documents wait` });
    }
    this.#waiting += 1;
    this.#line = this.#line.then(async () => {
      const sign1 = await this.#parts.loadSign1().catch((error: unknown) => this.#onFault(error));
      this.#waiting -= 1;
      if (sign1) this.#guard(() => this.#judge(bytes, isRetained, sign1));
    });
  }

  /** The session is ATTACHED under the policy of this version, and the hub has answered since. */
  proven(version: number): void {
    if (this.onTrial === version) this.#feed({ kind: 'attached', atMs: this.#now() });
  }

  /** The configuration names this policy now; it is admitted and durable. False: nobody here follows it any more. */
  configured(policy: Policy): boolean {
    this.#feed({ kind: 'configured', atMs: this.#now(), policy });
    return !this.#isOver;
  }

  /** Time passed. Too often is harmless. */
  look(): void {
    this.#feed({ kind: 'tick', ...this.#moment() });
  }

  /** For `jvpn status` and for `policy/reported` (docs/mqtt.md); plain values. */
  reported() {
    const { trial, emergency } = this.#state;
    const { name, version } = this.policy;
    return {
      v: 1,
      ts_ms: Math.round(this.#parts.clock.wallMs()),
      policy: { name, version },
      confirmed: this.confirmed.version,
      on_trial: trial?.policy.version ?? null,
      emergency: emergency?.document.version ?? null,
      emergency_expires_s: emergency?.document.expiresS ?? null,
      groups: this.#parts.identity.groups,
      last: this.#last,
      counters: this.#refusals.counters,
    };
  }

  /** For whoever has a connection over which documents come. */
  get documents(): Documents {
    return {
      onDocument: (bytes, isRetained) => this.arrived(bytes, isRetained),
      reported: () => this.reported(),
    };
  }

  stop(): void {
    this.#isOver = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #judge(bytes: Uint8Array, isRetained: boolean, sign1: Pick<Sign1, 'verify'>): void {
    const anchors = anchorsOf(this.#parts.signers, this.#state.record.rotated);
    const document = openDocument(bytes, anchors, sign1);
    if (isRefused(document)) return this.#tell(document.refused, { why: document.detail });
    const { kind, version } = document;
    if (kind === 'command') {
      const why = 'no command is carried out in this version';
      return this.#tell('document_invalid', { kind, version, why });
    }
    // A retained document comes with each connection: what is on flash is no news.
    if (this.#holds(document)) return this.#refusals.count('document_replayed');
    this.#feed({ kind: 'arrived', ...this.#moment(), isRetained, document });
  }

  /** The document itself, or the same policy for another target: the rest of a rollout comes to its canary as well. */
  #holds(document: SignedDocument): boolean {
    const { confirmed, pending, emergency } = this.#state.record;
    return [confirmed, pending, emergency].some((held) => {
      if (held === null) return false;
      return equalBytes(held, document.bytes) || isSamePolicy(held, document);
    });
  }

  /** What happens while something is carried out comes behind it. */
  #feed(event: PushEvent): void {
    if (this.#isOver || this.#users === null) return;
    this.#due.push(event);
    if (!this.#isWorking) this.#work(null);
  }

  /** Carries out `first`, then what is due. */
  #work(first: PushStep | null): void {
    this.#isWorking = true;
    this.#guard(() => {
      if (first !== null) this.#carryOut(first);
      for (let next = this.#due.shift(); next !== undefined; next = this.#due.shift()) {
        const step = stepPush(this.#state, next);
        if (next.kind === 'arrived') this.#keepForLater(next, step);
        this.#carryOut(step);
        if (this.#due.length === 0) this.#lookAtLater();
      }
      this.#arm();
    });
    this.#isWorking = false;
  }

  /** Of policies that are refused for the trial alone the newest gets its turn behind it. */
  #keepForLater({ document, isRetained }: Later, { effects }: PushStep): void {
    const isBusy = effects.some(
      (effect) => effect.kind === 'report' && effect.code === 'push_busy',
    );
    if (!isBusy || document.kind !== 'policy') return;
    if (document.version > (this.#later?.document.version ?? 0)) {
      this.#later = { document, isRetained };
    }
  }

  #lookAtLater(): void {
    const { trial, writing, record } = this.#state;
    if (this.#later === null || trial !== null || writing !== null || record.pending !== null)
      return;
    const later = this.#later;
    this.#later = null;
    this.#due.push({ kind: 'arrived', ...this.#moment(), ...later });
  }

  #carryOut({ state, effects }: PushStep): void {
    this.#state = state;
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
        const { version } = policy;
        return this.#feed({ kind: 'applied', atMs: this.#now(), version, isApplied });
      }
      case 'report': {
        const { code, detail } = effect;
        const { version } = detail;
        if (code === 'policy_confirmed') this.#users?.onConfirmed(Number(version));
        return this.#tell(code, detail);
      }
      // No command gets that far.
      case 'run':
      case 'answer':
        return;
    }
  }

  /** Counted and reported; audited, unless it is a refusal that was audited a moment ago. */
  #tell(code: PushCode, detail: Detail): void {
    this.#last = { code, ts_ms: Math.round(this.#parts.clock.wallMs()), ...detail };
    const repeated = this.#refusals.note(code, this.#now());
    if (repeated !== null) {
      const more = repeated === 0 ? {} : { repeated };
      this.#users?.note(severityKind(code), code, { ...detail, ...more });
      this.#users?.onReport();
    }
  }

  #arm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const atMs = nextPushDeadline(this.#state);
    if (atMs === null || this.#isOver) return;
    const waitMs = Math.min(LOOK_MAX_MS, Math.max(0, Math.ceil(atMs - this.#now())));
    this.#timer = setTimeout(() => this.look(), waitMs);
    this.#timer.unref();
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#onFault(error);
    }
  }

  #onFault(error: unknown): undefined {
    const message = `documents are not taken any more: ${error instanceof Error ? error.message : String(error)}`;
    this.stop();
    this.#users?.onFault(message, this.#state.trial !== null);
    return undefined;
  }

  #moment() {
    const wallMs = this.#parts.clock.wallMs();
    return { atMs: this.#now(), clock: { wallMs, isKnown: wallMs >= CLOCK_SET_MS } };
  }

  #now(): number {
    return this.#parts.clock.monotonicMs();
  }
}

function isSamePolicy(held: Uint8Array, { kind, target, version, body }: SignedDocument): boolean {
  const other = reopenDocument(held);
  if (isRefused(other) || kind !== 'policy' || other.kind !== kind) return false;
  const isOtherTarget = other.target.level !== target.level || other.target.name !== target.name;
  return (
    isOtherTarget &&
    other.version === version &&
    equalBytes(encodeCbor(other.body), encodeCbor(body))
  );
}
