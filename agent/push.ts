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
import { oneLine } from '../hal/oneLine.ts';
import type { HalFailure } from '../hal/result.ts';
import { waitingForRestart } from '../policies/restart.ts';
import type { Policy } from '../policies/schema.ts';
import type { Identity } from '../policies/signed/admit.ts';
import type { Command } from '../policies/signed/body.ts';
import type { Sign1 } from '../policies/signed/envelope.ts';
import { nextPushDeadline, openPush, policyInForce, stepPush } from '../policies/signed/staging.ts';
import type { PushEffect, PushEvent, PushState, PushStep } from '../policies/signed/state.ts';
import { PushStore } from '../policies/signed/store.ts';
import { CommandRequests } from './commandRequests.ts';
import { LaterDocuments } from './laterDocuments.ts';
import { type Arrival, Arrivals } from './push/arrivals.ts';
import { waitForLookMs } from './push/look.ts';
import { type Detail, Told } from './push/told.ts';
import type { PushUsers } from './push/users.ts';
import { type PushCode, severityKind } from './pushRefusals.ts';
import type { CommandRequest, Documents } from './telemetry.ts';
import { CLOCK_SET_MS } from './wallClock.ts';

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

export class Push {
  readonly #parts: PushParts;
  readonly #store: PushStore<HalFailure>;
  readonly #told = new Told();
  readonly #arrivals: Arrivals;
  readonly #due: PushEvent[] = [];
  readonly #requests = new CommandRequests();
  readonly #later = new LaterDocuments();
  /** What the process began with: some values hold from the next start on. */
  readonly #started: Policy;
  #state: PushState;
  #begin: readonly PushEffect[];
  #users: PushUsers | null = null;
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
    this.#arrivals = new Arrivals({
      ...{ signers, record: () => this.#state.record, loadSign1: parts.loadSign1 },
      guard: (work) => this.#guard(work),
      tell: (code, why) => this.#tell(code, { why }),
      countHeld: () => this.#told.count('document_replayed'),
      onOpened: (document, arrival) => this.#onOpened(document, arrival),
    });
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
    if (this.#isOver || bytes.length === 0) return;
    this.#guard(() => this.#arrivals.take({ bytes, isRetained, request }));
  }

  /** The session has held under the policy of this version (`proven.ts`). */
  proven(version: number): void {
    if (this.onTrial === version) this.#feed({ kind: 'proven', atMs: this.#now() });
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
      last_step: this.#told.lastStep,
      last_refusal: this.#told.lastRefusal,
      counters: this.#told.counters,
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

  #onOpened(
    document: (PushEvent & { kind: 'arrived' })['document'],
    { isRetained, request }: Arrival,
  ): void {
    if (request !== null) this.#requests.remember(request);
    const place = request?.place ?? null;
    this.#feed({ kind: 'arrived', ...this.#moment(), isRetained, place, document });
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
        const why = this.#told.whyOf(outcome);
        return this.#users?.onAnswer({ id, name, outcome }, why, this.#requests.take(id));
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
    const at = { atMs: this.#now(), wallMs: this.#parts.clock.wallMs() };
    const audited = this.#told.note(code, detail, at);
    if (audited === null) return;
    this.#users?.note(severityKind(code), code, audited);
    this.#users?.onReport();
  }

  #arm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const deadlineMs = this.#later.orSooner(nextPushDeadline(this.#state));
    const waitMs = waitForLookMs(this.#state, deadlineMs, this.#now());
    if (waitMs === null || this.#isOver) return;
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
