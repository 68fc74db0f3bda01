/**
 * Signed documents on a running device: what `policies/signed/staging.ts` decides is carried out while the process does other things.
 *
 * What it decides is done by `pushRunner.ts`; here are what takes time, what is counted, and the bounds on strangers. A document's
 * signature is judged one document after the other. Whoever may write to the topic can make a device read, and neither write nor remember anything.
 *
 * A fault in here ends no session that follows what it would follow after a start (I10): documents are not taken any more until that
 * comes. Where it follows something else for a while, nobody looks after the end of it any more, and the start has to come.
 *
 * Source: docs/push.md.
 *
 * @module
 */
import type { Policy } from '../policies/schema.ts';
import { readEnvelope, type Sign1 } from '../policies/signed/envelope.ts';
import { isRefused, type Refused, refuse } from '../policies/signed/refusal.ts';
import { bytesToHex, equalBytes } from '../session/bytes.ts';
import { isRefusal, type PushCode, Refusals, severityKind } from './pushRefusals.ts';
import { PushRunner, type RunnerParts, type RunnerUsers } from './pushRunner.ts';
import type { Documents } from './telemetry.ts';

/** Documents that wait for their signature to be judged; one more is refused (chosen). */
const WAITING_MAX = 8;
/**
 * Suspended time counts and wakes nobody: a deadline is looked for at least this often (chosen). An emergency may last for days on a
 * device that sleeps for the battery, so that rarely; whoever runs this calls {@link Push.look} where a sleep may have ended.
 */
const LOOK_MAX_MS = { trial: 60_000, emergency: 900_000 } as const;

export interface PushParts extends RunnerParts {
  /** Asked for when a document is there whose signature has to be judged: loading it takes memory for good. */
  readonly loadSign1: () => Promise<Pick<Sign1, 'verify'>>;
}

/** What it needs of whoever runs it. */
export interface PushUsers extends Omit<RunnerUsers, 'tell'> {
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

export class Push {
  readonly #parts: PushParts;
  readonly #runner: PushRunner;
  readonly #refusals = new Refusals();
  #users: PushUsers | null = null;
  #lastStep: Told | null = null;
  #lastRefusal: Told | null = null;
  #line: Promise<void> = Promise.resolve();
  #waiting = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isOver = false;

  constructor(parts: PushParts) {
    this.#parts = parts;
    this.#runner = new PushRunner(parts);
  }

  /** What was pushed cannot be read any more, a confirmed policy among it, if there was one: the configuration's is followed. */
  get isLost(): boolean {
    return this.#runner.isLost;
  }

  /** What the device has to follow now. */
  get policy(): Policy {
    return this.#runner.policy;
  }

  /** Version of the confirmed policy, and whether it came as a document. */
  get confirmed(): { readonly version: number; readonly isPushed: boolean } {
    const { confirmed, setup } = this.#runner.state;
    return { version: confirmed.version, isPushed: confirmed !== setup.configured };
  }

  /** Version of the policy on trial, or null. */
  get onTrial(): number | null {
    return this.#runner.state.trial?.policy.version ?? null;
  }

  /** Before anything is decided under {@link policy}: what a start has to say goes first. */
  begin(users: PushUsers): void {
    this.#users = users;
    const { follow, onConfirmed } = users;
    const tell = (code: PushCode, detail: Detail) => this.#tell(code, detail);
    this.#run((runner) => runner.begin({ follow, onConfirmed, tell }));
  }

  /** Bytes from anyone. An empty payload only clears a retained document. */
  arrived(bytes: Uint8Array, isRetained: boolean): void {
    if (this.#isOver || bytes.length === 0) return;
    // A retained document comes with each connection: what is on flash is no news.
    if (this.#holds(bytes)) return this.#refusals.count('document_replayed');
    const strange = this.#strangeness(bytes);
    if (strange !== null) return this.#refuse(strange.refused, strange.detail);
    if (this.#waiting >= WAITING_MAX) {
      return this.#refuse('push_busy', `${WAITING_MAX} documents wait`);
    }
    this.#waiting += 1;
    this.#line = this.#line.then(async () => {
      const sign1 = await this.#parts.loadSign1().catch(oneLine);
      this.#waiting -= 1;
      // The next one may find it: a shortage of files or memory passes.
      if (typeof sign1 === 'string') {
        this.#refuse('push_busy', `its signature cannot be judged: ${sign1}`);
      } else this.#run((runner) => runner.judge(bytes, isRetained, sign1));
    });
  }

  /** The session has held under the policy of this version (`proven.ts`). */
  proven(version: number): void {
    this.#run((runner) => runner.proven(version));
  }

  /** The configuration names this policy now; it is admitted and durable. False: nobody here follows it any more. */
  configured(policy: Policy): boolean {
    this.#run((runner) => runner.configured(policy));
    if (this.#isOver) return false;
    // No code is given for it, and what is followed is another one.
    this.#users?.onReport();
    return true;
  }

  /** Time passed. Too often is harmless. */
  look(): void {
    this.#run((runner) => runner.look());
  }

  /** For `jvpn status` and for `policy/reported` (docs/mqtt.md); plain values. */
  reported() {
    const { trial, emergency } = this.#runner.state;
    const { name, version } = this.policy;
    return {
      v: 1,
      ts_ms: Math.round(this.#parts.clock.wallMs()),
      policy: { name, version },
      confirmed: this.confirmed.version,
      on_trial: trial?.policy.version ?? null,
      emergency: emergency?.document.version ?? null,
      last_step: this.#lastStep,
      last_refusal: this.#lastRefusal,
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

  /** What is wrong with it before there is a signature to judge, or null. It is asked again with the signature. */
  #strangeness(bytes: Uint8Array): Refused | null {
    const envelope = readEnvelope(bytes);
    if (isRefused(envelope)) return envelope;
    const signer = bytesToHex(envelope.keyId);
    return this.#runner.anchors.has(signer) ? null : refuse('signer_unknown', `key id ${signer}`);
  }

  #holds(bytes: Uint8Array): boolean {
    const { confirmed, pending, emergency } = this.#runner.state.record;
    return [confirmed, pending, emergency].some((held) => held !== null && equalBytes(held, bytes));
  }

  #refuse(code: PushCode, why: string): void {
    this.#run(() => this.#tell(code, { why }));
  }

  /** A fault ends it, and nothing else. */
  #run(work: (runner: PushRunner) => void): void {
    if (this.#isOver || this.#users === null) return;
    try {
      work(this.#runner);
      this.#arm();
    } catch (error) {
      const { isPending } = this.#runner;
      this.stop();
      this.#users.onFault(`documents are not taken any more: ${oneLine(error)}`, isPending);
    }
  }

  /** Counted and reported; audited, unless it is a refusal that was audited a moment ago. */
  #tell(code: PushCode, detail: Detail): void {
    const told = { code, ts_ms: Math.round(this.#parts.clock.wallMs()), ...detail };
    // Apart, for anybody can have something refused.
    if (isRefusal(code)) this.#lastRefusal = told;
    else this.#lastStep = told;
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
    const atMs = this.#runner.nextDeadlineMs();
    if (atMs === null || this.#isOver) return;
    const { trial, emergency, retryAtMs } = this.#runner.state;
    const isCalm = emergency !== null && trial === null && retryAtMs === null;
    const mostMs = LOOK_MAX_MS[isCalm ? 'emergency' : 'trial'];
    const waitMs = Math.min(mostMs, Math.max(0, Math.ceil(atMs - this.#now())));
    this.#timer = setTimeout(() => this.look(), waitMs);
    this.#timer.unref();
  }

  #now(): number {
    return this.#parts.clock.monotonicMs();
  }
}

const oneLine = (error: unknown) => (error instanceof Error ? error.message : String(error));
