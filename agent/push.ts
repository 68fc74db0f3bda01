/**
 * Signed documents on a running device: carries out what `policies/signed/staging.ts` decides.
 *
 * What it decides is done in order, and what came of it is told to it behind that; a document's signature is judged here, one
 * document after the other. Whoever may write to the topic can make a device read, and neither write nor remember anything.
 *
 * A fault in here ends no session that follows what it would follow after a start (I10): documents are not taken any more until that
 * comes. Where it follows something else for a while, nobody looks after the end of it any more, and the start has to come.
 *
 * Source: docs/push.md.
 *
 * @module
 */

import type { Clock } from '../hal/clock.ts';
import type { Flash } from '../hal/flash.ts';
import type { HalFailure } from '../hal/result.ts';
import { waitingForRestart } from '../policies/restart.ts';
import type { Policy } from '../policies/schema.ts';
import type { Identity } from '../policies/signed/admit.ts';
import { anchorsOf } from '../policies/signed/anchors.ts';
import type { Command } from '../policies/signed/body.ts';
import { readEnvelope, type Sign1 } from '../policies/signed/envelope.ts';
import { openDocument } from '../policies/signed/open.ts';
import { isRefused, type Refused, refuse } from '../policies/signed/refusal.ts';
import { isSamePolicy } from '../policies/signed/samePolicy.ts';
import { nextPushDeadline, openPush, policyInForce, stepPush } from '../policies/signed/staging.ts';
import type { PushEffect, PushEvent, PushState, PushStep } from '../policies/signed/state.ts';
import { PushStore } from '../policies/signed/store.ts';
import { bytesToHex, equalBytes } from '../session/bytes.ts';
import { CommandRequests } from './commandRequests.ts';
import type { CarriedOut } from './commands.ts';
import { LaterDocuments } from './laterDocuments.ts';
import { isRefusal, type PushCode, Refusals, severityKind } from './pushRefusals.ts';
import type { CommandRequest, Documents } from './telemetry.ts';
import { CLOCK_SET_MS } from './wallClock.ts';

/** Documents that wait for their signature to be judged; one more is refused. As many as topics can retain for one device. */
const WAITING_MAX = 20;
/**
 * Suspended time counts and wakes nobody: a deadline is looked for at least this often (chosen). An emergency may last for days on a
 * device that sleeps for the battery, so that rarely; whoever runs this calls {@link Push.look} where a sleep may have ended.
 */
const LOOK_MAX_MS = { trial: 60_000, calm: 900_000 } as const;

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
  /** Asked for when a document is there whose signature has to be judged: loading it takes memory for good. */
  readonly loadSign1: () => Promise<Pick<Sign1, 'verify'>>;
}

/** What it needs of whoever runs it. */
export interface PushUsers {
  /** False: it is not followed, the one before is. */
  readonly follow: (policy: Policy, isOnTrial: boolean) => boolean;
  /** It proved itself and is on flash: to be followed for good, its bounds included. */
  readonly onConfirmed: (version: number) => void;
  /** Never rejects. */
  readonly carryOut: (command: Command, expiresS: number) => Promise<CarriedOut>;
  /** @param request of the command that it answers, the newest of this id; null: not known any more. */
  readonly onAnswer: (answer: Answer, why: string | null, request: CommandRequest | null) => void;
  readonly note: (event: 'notice' | 'refusal' | 'alarm', code: PushCode, detail: Detail) => void;
  /** What `reported` says is another one. */
  readonly onReport: () => void;
  /**
   * Nothing is taken any more. `isPending`: a policy is on trial, an emergency holds, or something else is not followed yet; nobody
   * looks after that either, so a start has to.
   */
  readonly onFault: (message: string, isPending: boolean) => void;
}

type Detail = Readonly<Record<string, string | number>>;
type Told = Readonly<Record<string, unknown>>;
type Answer = Omit<PushEffect & { kind: 'answer' }, 'kind'>;

export class Push {
  readonly #parts: PushParts;
  readonly #store: PushStore<HalFailure>;
  readonly #refusals = new Refusals();
  readonly #due: PushEvent[] = [];
  readonly #requests = new CommandRequests();
  readonly #later = new LaterDocuments();
  /** What the process began with: some values hold from the next start on. */
  readonly #started: Policy;
  #state: PushState;
  #begin: readonly PushEffect[];
  #users: PushUsers | null = null;
  #lastStep: Told | null = null;
  /** What was told of last, for an answer that follows. */
  #newest: Told | null = null;
  #lastRefusal: Told | null = null;
  #line: Promise<void> = Promise.resolve();
  #waiting = 0;
  #isWorking = false;
  /** What was decided to be followed, is. */
  #isFollowed = true;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isOver = false;
  /** What was pushed cannot be read any more, a confirmed policy among it, if there was one: the configuration's is followed. */
  readonly isLost: boolean;

  constructor(parts: PushParts) {
    this.#parts = parts;
    this.#store = new PushStore<HalFailure>(parts.flash);
    const { identity, signers, configured, policyVersionMin } = parts;
    const { state, effects } = openPush(
      { identity, signers, configured, policyVersionMin },
      this.#store,
      this.#moment(),
    );
    this.#state = state;
    this.#started = policyInForce(state);
    this.#begin = effects;
    this.isLost = effects.some(
      (effect) =>
        effect.kind === 'report' &&
        (effect.code === 'push_state_lost' ||
          // Followed only where the other one is too old for I4.
          (effect.code === 'push_slot_stale' && effect.detail['why'] === 'lost') ||
          effect.detail['kind'] === 'policy'),
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
  arrived(bytes: Uint8Array, isRetained: boolean, request: CommandRequest | null = null): void {
    if (!this.#isOver && bytes.length > 0)
      this.#guard(() => this.#take(bytes, isRetained, request));
  }

  #take(bytes: Uint8Array, isRetained: boolean, request: CommandRequest | null): void {
    // A retained document comes with each connection: what is on flash is no news.
    if (this.#holds(bytes)) return this.#refusals.count('document_replayed');
    const strange = this.#strangeness(bytes);
    if (strange !== null) return this.#tell(strange.refused, { why: strange.detail });
    if (this.#waiting >= WAITING_MAX) {
      return this.#tell('push_busy', { why: `${WAITING_MAX} documents wait` });
    }
    this.#waiting += 1;
    this.#line = this.#line.then(async () => {
      const sign1 = await this.#parts.loadSign1().catch(oneLine);
      this.#waiting -= 1;
      this.#guard(() => {
        // The next one may find it: a shortage of files or memory passes.
        if (typeof sign1 === 'string') {
          this.#tell('push_busy', { why: `its signature cannot be judged: ${sign1}` });
        } else this.#judge(bytes, isRetained, request, sign1);
      });
    });
  }

  /** The session has held under the policy of this version (`proven.ts`). */
  proven(version: number): void {
    if (this.onTrial === version) this.#feed({ kind: 'attached', atMs: this.#now() });
  }

  /** The configuration names this policy now; it is admitted and durable. False: nobody here follows it any more. */
  configured(policy: Policy): boolean {
    this.#feed({ kind: 'configured', atMs: this.#now(), policy });
    if (this.#isOver) return false;
    // No code is given for it, and what is followed is another one.
    this.#users?.onReport();
    return true;
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
      needs_restart: waitingForRestart(this.#started, this.policy),
      emergency: emergency?.document.version ?? null,
      emergency_expires_s: emergency?.document.expiresS ?? null,
      groups: this.#parts.identity.groups,
      last_step: this.#lastStep,
      last_refusal: this.#lastRefusal,
      counters: this.#refusals.counters,
    };
  }

  /** For whoever has a connection over which documents come. */
  get documents(): Documents {
    return {
      onDocument: (bytes, isRetained, request) => this.arrived(bytes, isRetained, request),
      reported: () => this.reported(),
    };
  }

  stop(): void {
    this.#isOver = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #judge(
    bytes: Uint8Array,
    isRetained: boolean,
    request: CommandRequest | null,
    sign1: Pick<Sign1, 'verify'>,
  ): void {
    const document = openDocument(bytes, this.#anchors, sign1);
    if (isRefused(document)) return this.#tell(document.refused, { why: document.detail });
    // The rest of a rollout comes to its canary as well.
    const isHeld = this.#held.some((held) => isSamePolicy(held, document));
    if (isHeld) return this.#refusals.count('document_replayed');
    if (request !== null) this.#requests.remember(request);
    const place = request?.place ?? null;
    this.#feed({ kind: 'arrived', ...this.#moment(), isRetained, place, document });
  }

  get #anchors(): ReadonlyMap<string, Uint8Array> {
    return anchorsOf(this.#parts.signers, this.#state.record.rotated);
  }

  /** What is wrong with it before there is a signature to judge, or null. It is asked again with the signature. */
  #strangeness(bytes: Uint8Array): Refused | null {
    const envelope = readEnvelope(bytes);
    if (isRefused(envelope)) return envelope;
    const signer = bytesToHex(envelope.keyId);
    return this.#anchors.has(signer) ? null : refuse('signer_unknown', `key id ${signer}`);
  }

  get #held(): readonly Uint8Array[] {
    const { confirmed, pending, emergency } = this.#state.record;
    return [confirmed, pending, emergency].filter((held) => held !== null);
  }

  #holds(bytes: Uint8Array): boolean {
    return this.#held.some((held) => equalBytes(held, bytes));
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
        this.#later.keep(next);
        this.#carryOut(stepPush(this.#state, next));
        if (this.#due.length === 0) {
          this.#due.push(...this.#later.next(this.#state, this.#moment()));
        }
      }
      this.#arm();
    });
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
        const { version } = policy;
        return this.#feed({ kind: 'applied', atMs: this.#now(), version, isApplied });
      }
      case 'report': {
        const { code, detail } = effect;
        const { version } = detail;
        if (code === 'policy_confirmed') this.#users?.onConfirmed(Number(version));
        return this.#tell(code, detail);
      }
      case 'run':
        return void this.#run(effect.command, effect.expiresS);
      case 'answer': {
        const { id, name, outcome } = effect;
        const why = this.#newest?.['code'] === outcome ? this.#newest['why'] : null;
        const request = this.#requests.take(id);
        const said = typeof why === 'string' ? why : null;
        return this.#users?.onAnswer({ id, name, outcome }, said, request);
      }
    }
  }

  async #run(command: Command, expiresS: number): Promise<void> {
    const done = await this.#users?.carryOut(command, expiresS);
    if (done === undefined) return;
    const { name, id } = command;
    const { outcome, why } = done;
    this.#guard(() => {
      this.#tell(outcome, { command: name, id, ...(why === null ? {} : { why }) });
      this.#feed({ kind: 'answered', atMs: this.#now(), id, outcome });
    });
  }

  /** Counted and reported; audited, unless it is a refusal that was audited a moment ago. */
  #tell(code: PushCode, detail: Detail): void {
    const told = { code, ts_ms: Math.round(this.#parts.clock.wallMs()), ...detail };
    // Apart, for anybody can have something refused.
    if (isRefusal(code)) this.#lastRefusal = told;
    else this.#lastStep = told;
    this.#newest = told;
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
    const atMs = this.#later.orSooner(nextPushDeadline(this.#state));
    if (atMs === null || this.#isOver) return;
    const isCalm = this.#state.trial === null && this.#state.retryAtMs === null;
    const mostMs = LOOK_MAX_MS[isCalm ? 'calm' : 'trial'];
    const waitMs = Math.min(mostMs, Math.max(0, Math.ceil(atMs - this.#now())));
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

  #onFault(error: unknown): void {
    const { trial, emergency } = this.#state;
    this.stop();
    const isPending = trial !== null || emergency !== null || !this.#isFollowed;
    this.#users?.onFault(`documents are not taken any more: ${oneLine(error)}`, isPending);
  }

  #moment() {
    const wallMs = this.#parts.clock.wallMs();
    return { atMs: this.#now(), clock: { wallMs, isKnown: wallMs >= CLOCK_SET_MS } };
  }

  #now(): number {
    return this.#parts.clock.monotonicMs();
  }
}

const oneLine = (error: unknown) => (error instanceof Error ? error.message : String(error));
