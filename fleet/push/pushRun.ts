/**
 * Carries out a rollout at a broker: hears, publishes, writes down; what is decided is `policies/rollout/`.
 *
 * First it hears what the broker has kept ({@link PushRun.ready}); which rollout it is may depend on that.
 *
 * @module
 */

import {
  answerTopics,
  type DesiredStream,
  desiredTopic,
  everyDesiredTopic,
} from '../../hal/mqtt/topics.ts';
import type { Progress, RolloutEffect, RolloutEvent } from '../../policies/rollout/plan.ts';
import type { Rollout } from '../../policies/rollout/rollout.ts';
import type { Target } from '../../policies/signed/claims.ts';
import type { SignedDocument } from '../../policies/signed/open.ts';
import { Answers, newestEmergency } from './answers.ts';
import { Arrival, silenceText } from './arrival.ts';
import { CanaryTopics } from './canaryTopics.ts';
import { type Own, othersDocument, overtakenText } from './overtaking.ts';
import { type PushAddress, PushLink } from './pushLink.ts';

/**
 * A broker that sends what it keeps in order has sent it when the link is up. Of another one: nothing more for so long, and it is all there
 * (chosen); at least two round trips, because TCP that begins slowly stands still for one.
 */
const QUIET_MS = 400;
const QUIET_ROUND_TRIPS = 2;
const TICK_MS = 200;
const TELL_MS = 1_000;
/** Without anything more of what the broker keeps, or without the broker. */
const SILENCE_MAX_MS = 20_000;
/** Before somebody who waits is told so, and between two times. */
const WAITING_AFTER_MS = 2_000;
const WAITING_AGAIN_MS = 10_000;
/** For the broker to take what was published last. */
const FAREWELL_MAX_MS = 5_000;

export interface PushRunParts {
  readonly address: PushAddress;
  readonly fleet: string;
  readonly target: Target;
  readonly stream: DesiredStream;
  /** Whether it publishes for devices alone, and so has to know what is kept for them. */
  readonly hasCanary: boolean;
  readonly nowMs: () => number;
  /** Tests shorten them. */
  readonly limits?: { readonly silenceMaxMs: number; readonly keepaliveS: number };
}

export interface PushSteps {
  /** Signed bytes, and how long they may be taken, in seconds. */
  readonly documentFor: (
    document: 'forward' | 'revert',
    to: Target,
  ) => { readonly bytes: Uint8Array; readonly expiresInS: number };
  /** Durable when it returns; what it throws ends the run. */
  readonly save: (progress: Progress) => void;
  /** About once a second, and whenever a stage begins. `left`: {@link PushEnd.left}. */
  readonly tell: (
    rollout: Rollout,
    brokerError: string | null,
    left: readonly SignedDocument[],
  ) => void;
  /** The operator wants it back. */
  readonly isAbort: boolean;
  /** Of a document that names the signer of ours: whether that key signed it, as far as that can be known. */
  readonly isGenuine: (bytes: Uint8Array) => boolean;
}

export interface PushEnd {
  readonly isGood: boolean;
  readonly why: string;
  /** From publishing to the last device that said what became of it; null where none did. */
  readonly lastedMs: number | null;
  /** What somebody else published for the target meanwhile, for which no more was sent there; or null. */
  readonly overtakenBy: SignedDocument | null;
  /** What somebody else published for devices of the canary, and stays there. */
  readonly left: readonly SignedDocument[];
}

interface Published {
  readonly to: Target;
  /** Empty: nothing of ours is to be kept there. */
  readonly payload: Uint8Array;
  readonly expiresInS: number | null;
  readonly atMs: number;
}

/** The broker is not there, or does not let us. */
export class PushError extends Error {}

export class PushRun {
  readonly #parts: PushRunParts;
  readonly #answers: Answers;
  readonly #link: PushLink;
  readonly #desired: string;
  #heard: RolloutEvent[] = [];
  #heardAtMs: number;
  readonly #arrival: Arrival;
  #quietMs = QUIET_MS;
  #retained: Uint8Array | null = null;
  /** What it was when all had been heard first. */
  #keptAtStart: Uint8Array | null = null;
  #overtakenBy: SignedDocument | null = null;
  /** Judges what comes on the target's topic while a rollout is under way. */
  #judge: ((bytes: Uint8Array) => SignedDocument | null) | null = null;
  readonly #canaryTopics: CanaryTopics;
  /** What it published last, by topic: a broker that was restarted may have forgotten it. */
  readonly #published = new Map<string, Published>();
  #wasUp = false;
  /** A connection after another one: what the broker still keeps is being heard. */
  #isBack = false;
  /** Something is to be published once that is known. */
  #isOwed = false;
  #isUp = false;
  #brokerError: string | null = null;
  #refused: string | null = null;
  #isInterrupted = false;

  constructor(parts: PushRunParts) {
    const { fleet, target, stream, hasCanary, address, nowMs, limits } = parts;
    this.#parts = parts;
    this.#answers = new Answers(fleet);
    this.#canaryTopics = new CanaryTopics(stream);
    this.#desired = desiredTopic(fleet, target, stream);
    this.#heardAtMs = nowMs();
    this.#arrival = new Arrival(nowMs());
    const { presence, health, policyReported } = answerTopics(
      fleet,
      target.level === 'device' ? target.name : null,
    );
    this.#link = new PushLink({
      address,
      topics: [
        ...[this.#desired, presence, policyReported, health],
        ...(hasCanary ? [everyDesiredTopic(fleet, stream)] : []),
      ],
      onMessage: (topic, payload, isRetained) => this.#onMessage(topic, payload, isRetained),
      onUp: (roundTripMs) => {
        this.#quietMs = Math.max(QUIET_MS, QUIET_ROUND_TRIPS * roundTripMs);
        this.#isBack = this.#wasUp;
        this.#wasUp = true;
        this.#onLink(true, null);
      },
      onDown: (why) => this.#onDown(why),
      onRefused: (topic) => {
        this.#refused = topic;
      },
      ...(limits === undefined ? {} : { keepaliveS: limits.keepaliveS }),
    });
  }

  /** The document that the broker keeps for the target, or that was published there since; or null. */
  get retained(): Uint8Array | null {
    return this.#retained;
  }

  /** Emergencies that devices report, the highest version: another one has to be above. 0 for none. */
  get emergencyMax(): number {
    return newestEmergency(this.#heard);
  }

  /**
   * Resolves when what the broker had kept has been heard, however long that takes: only silence ends it.
   *
   * @param tellWaiting after two seconds, then each ten: how many messages came, and why the broker is away.
   * @throws PushError
   */
  async ready(tellWaiting?: (count: number, brokerError: string | null) => void): Promise<void> {
    const { nowMs: now, limits } = this.#parts;
    const silenceMaxMs = limits?.silenceMaxMs ?? SILENCE_MAX_MS;
    let tellAtMs = now() + WAITING_AFTER_MS;
    for (;;) {
      this.#checkRefused();
      const nowMs = now();
      if (this.#isUp && this.#isQuiet(nowMs)) {
        this.#isBack = false;
        this.#keptAtStart = this.#retained;
        return;
      }
      if (!this.#isUp && this.#arrival.silenceMs(nowMs) > silenceMaxMs) {
        throw new PushError(silenceText(this.#arrival, this.#brokerError, silenceMaxMs));
      }
      if (nowMs >= tellAtMs) {
        tellAtMs = nowMs + WAITING_AGAIN_MS;
        tellWaiting?.(this.#arrival.countMax, this.#brokerError);
      }
      await Bun.sleep(20);
    }
  }

  /** Ends {@link run} at the next moment, with null: it can be gone on with. */
  interrupt(): void {
    this.#isInterrupted = true;
  }

  /** Until it is done. @throws PushError, and what `save` throws */
  async run(rollout: Rollout, steps: PushSteps): Promise<PushEnd | null> {
    const { nowMs } = this.#parts;
    let publishedAtMs: number | null = null;
    let toldAtMs = Number.NEGATIVE_INFINITY;
    let stage = rollout.stage;
    const beganAtMs = nowMs();
    let end: PushEnd | null = null;
    const perform = (effect: RolloutEffect) => {
      if (effect.kind === 'save') return steps.save(effect.progress);
      if (effect.kind === 'publish') {
        const { bytes, expiresInS } = steps.documentFor(effect.document, effect.to);
        publishedAtMs ??= nowMs();
        return this.#publish(effect.to, bytes, expiresInS);
      }
      if (effect.kind === 'clear') {
        const device = { level: 'device', fleet: this.#parts.fleet, name: effect.device } as const;
        return this.#publish(device, new Uint8Array(0), null);
      }
      const overtakenBy = this.#overtakenBy;
      const isTimed = publishedAtMs !== null && overtakenBy === null;
      const settledAtMs = isTimed ? rollout.settledAtMs : null;
      const lastedMs =
        settledAtMs === null ? null : Math.max(0, settledAtMs - (publishedAtMs ?? 0));
      const { isGood } = effect;
      const why =
        overtakenBy === null ? effect.why : `${overtakenText(overtakenBy)}; ${effect.why}`;
      end = { isGood, why, lastedMs, overtakenBy, left: this.#canaryTopics.left };
    };
    const feed = (event: RolloutEvent) => {
      for (const effect of rollout.feed(event)) perform(effect);
    };
    const hear = () => {
      for (const event of this.#heard.splice(0)) feed(event);
    };
    const own = this.#ownOf(steps);
    this.#canaryTopics.begin(own);
    this.#judge = (bytes) => {
      const isSent = this.#published.has(this.#desired);
      return othersDocument(bytes, { version: rollout.sought.version, isSent }, own);
    };
    feed({ kind: 'link', atMs: nowMs(), isUp: this.#isUp });
    hear();
    if (steps.isAbort) feed({ kind: 'abort', atMs: nowMs() });
    feed({ kind: 'ready', atMs: nowMs() });
    while (end === null && !this.#isInterrupted) {
      this.#checkRefused();
      hear();
      if (this.#overtakenBy !== null && !rollout.isOvertaken) {
        feed({ kind: 'overtaken', atMs: nowMs() });
        if (end !== null) break;
      }
      this.#publishAgain();
      feed({ kind: 'tick', atMs: nowMs() });
      if (end === null && (nowMs() - toldAtMs >= TELL_MS || rollout.stage !== stage)) {
        // A broker that does not take what was published says so first.
        while (!this.#link.isIdle && nowMs() - beganAtMs < TELL_MS) await Bun.sleep(5);
        this.#checkRefused();
        [toldAtMs, stage] = [nowMs(), rollout.stage];
        steps.tell(rollout, this.#isUp ? null : this.#brokerError, this.#canaryTopics.left);
      }
      if (end === null) await Bun.sleep(TICK_MS);
    }
    await this.#flushed();
    return end;
  }

  async stop(): Promise<void> {
    await this.#link.stop();
  }

  #publish(to: Target, payload: Uint8Array, expiresInS: number | null): void {
    const { fleet, stream, nowMs } = this.#parts;
    const topic = desiredTopic(fleet, to, stream);
    const published = { to, payload, expiresInS, atMs: nowMs() };
    this.#published.set(topic, published);
    // Somebody else may have published there meanwhile, and newer.
    if (!this.#isUp || this.#isBack) this.#isOwed = true;
    else this.#send(topic, published, expiresInS);
  }

  /** Where nothing of somebody else is to stay. */
  #send(topic: string, { to, payload }: Published, expiresInS: number | null): void {
    const isTarget = topic === this.#desired;
    const isFree = isTarget
      ? this.#overtakenBy === null
      : this.#canaryTopics.isFree(topic, to, payload);
    if (!isFree) return;
    this.#link.publish(topic, payload, expiresInS);
    if (!isTarget) this.#canaryTopics.onKept(topic, payload);
  }

  #isQuiet(nowMs: number): boolean {
    return nowMs - this.#heardAtMs >= this.#quietMs;
  }

  /** The same bytes: to a device that has them they are no news. What somebody else had published meanwhile stays. */
  #publishAgain(): void {
    const nowMs = this.#parts.nowMs();
    if (!this.#isBack || !this.#isUp || !this.#isQuiet(nowMs)) return;
    [this.#isBack, this.#isOwed] = [false, false];
    for (const [topic, published] of this.#published) {
      const { expiresInS, atMs } = published;
      const leftS = expiresInS === null ? null : expiresInS - (nowMs - atMs) / 1_000;
      if (leftS === null || leftS > 0) this.#send(topic, published, leftS);
    }
  }

  #ownOf({ documentFor, isGenuine }: PushSteps): Own {
    const { target, stream } = this.#parts;
    const documents = (['forward', 'revert'] as const).map(
      (document) => documentFor(document, target).bytes,
    );
    return { target, stream, documents, before: this.#keptAtStart, isGenuine };
  }

  /** What was said last shall be at the broker, if it is there. */
  async #flushed(): Promise<void> {
    const endsAtMs = this.#parts.nowMs() + FAREWELL_MAX_MS;
    const isLeft = () => !this.#link.isIdle || this.#isBack || this.#isOwed;
    while (isLeft() && this.#parts.nowMs() < endsAtMs) {
      this.#checkRefused();
      this.#publishAgain();
      await Bun.sleep(20);
    }
  }

  #onMessage(topic: string, payload: Uint8Array, isRetained: boolean): void {
    const atMs = this.#parts.nowMs();
    if (isRetained) {
      this.#heardAtMs = atMs;
      this.#arrival.onRetained(atMs);
    }
    if (topic === this.#desired) {
      this.#retained = payload.length === 0 ? null : payload;
      this.#overtakenBy ??= this.#judge?.(payload) ?? null;
      return;
    }
    if (topic.endsWith(`/${this.#parts.stream}/desired`)) {
      return this.#canaryTopics.onKept(topic, payload);
    }
    this.#heard.push(...this.#answers.read(topic, payload, isRetained, atMs));
  }

  #onLink(isUp: boolean, why: string | null): void {
    const atMs = this.#parts.nowMs();
    [this.#isUp, this.#brokerError, this.#heardAtMs] = [isUp, why, atMs];
    this.#heard.push({ kind: 'link', atMs, isUp });
  }

  #onDown(why: string): void {
    this.#arrival.onDown();
    // The next connection may bring another one before it is up.
    this.#retained = null;
    this.#canaryTopics.forget();
    this.#isBack = false;
    // Sent again only when it is known what the broker keeps then.
    for (const topic of this.#published.keys()) {
      this.#isOwed = this.#link.withdraw(topic) || this.#isOwed;
    }
    this.#onLink(false, why);
  }

  #checkRefused(): void {
    if (this.#refused === null) return;
    throw new PushError(`the broker does not allow us ${this.#refused}: see mosquitto.acl`);
  }
}
