/**
 * A document on its way to many devices: first to a few, watched, then to the rest; or back.
 *
 * ```text
 *            ready           all said, enough confirmed     soaked            all that are there said
 *   begin ────────► canary ───────────────────────────► soak ──────► rest ─────────────────────────► done
 *     │               │        a condition holds,         │           │
 *     │               └──────► rolled back, refused ◄─────┘◄──────────┘
 *     └── without canary: rest            │
 *                                     reverting ──── all that are there said ────► aborted
 * ```
 *
 * Knows what was heard over the broker and nothing else. The soak counts only time in which it hears the canary. `save` comes
 * before whatever is published, so a process that is killed and started again goes on where it was; publishing the same
 * document again changes nothing at a device.
 *
 * A canary device is sent a document of its own, the rest one document for the target, with the same version: it is no news to the
 * canary. A revert has a higher version, because no device goes back (I4).
 *
 * Pure: events with their time in, effects out. Its map of devices is its own.
 *
 * Source: docs/push.md, "A rollout".
 *
 * @module
 */
import { canaryOf } from './canary.ts';
import { brokenCondition, type Tally, withStrict } from './condition.ts';
import { type Counted, countDevices, summaryOf } from './count.ts';
import { type Failure, failuresOf } from './failure.ts';
import { isSettled, outcomeOf, type Reported, type Sought, UNHEARD, WAITING } from './outcome.ts';
import {
  BEGINNING,
  type Plan,
  type Progress,
  type RolloutEffect,
  type RolloutEvent,
  type Stage,
} from './plan.ts';
import { publicationsOf } from './publications.ts';
import { areHeard, type DeviceView, tryingOf, UNSEEN, withPresence } from './view.ts';

/** Time of a process that did not run is no soak. */
const TICK_MAX_MS = 5_000;
/** How much of a soak a kill may cost (chosen). */
const SAVE_EVERY_MS = 10_000;
/** For devices that a broker which was restarted lost: from when the canary is back, for the others (chosen). */
const RETURN_MS = 10_000;
const FOLLOW_OTHERS = 'the canary follows a higher version by now, which somebody else sent it';

export class Rollout {
  readonly plan: Plan;
  #progress: Progress;
  readonly #devices = new Map<string, DeviceView>();
  /** Those that were there when the stage began, or came back to one that was gone on with: cars that were parked before are not its doing. */
  #reachable: ReadonlySet<string> = new Set();
  #isUp = false;
  #isReady = false;
  #isOver = false;
  #isUnwanted = false;
  #isOvertaken = false;
  /** Gone on with at a broker that may have been restarted: devices come back one by one, the canary perhaps before the others. */
  #isSparse = false;
  /** Since the stage began, while the broker was heard. */
  #waitedMs = 0;
  #tickAtMs: number | null = null;
  /** Since it was ready, while the broker was heard. */
  #heardMs = 0;
  #wasHeard = false;
  /** When the newest device came to its outcome. */
  settledAtMs: number | null = null;
  /** Of what ended it: of the new policy, then of the one before. */
  failures: readonly Failure[] = [];

  constructor(plan: Plan, progress: Progress = BEGINNING) {
    this.plan = plan;
    this.#progress = progress;
  }

  get progress(): Progress {
    return this.#progress;
  }

  /** Whether the soak is counting. */
  get isHeard(): boolean {
    return this.#wasHeard;
  }

  /** Somebody else published for the target: nothing more of ours is sent there. */
  get isOvertaken(): boolean {
    return this.#isOvertaken;
  }

  /** What is sought of devices now. */
  get sought(): Sought {
    const { sought, canary } = this.plan;
    const isBack = this.stage === 'reverting' || this.stage === 'aborted';
    return isBack && canary !== null ? { ...sought, version: canary.revertVersion } : sought;
  }

  get stage(): Stage {
    return this.#progress.stage;
  }

  /** The devices that the stage is about, and what is known of them. */
  counted(): Counted {
    return this.#count(this.#population());
  }

  #count(devices: Parameters<typeof countDevices>[0]): Counted {
    const { version } = this.sought;
    return countDevices(devices, version, this.#isLate, this.#heardMs, this.#reachable);
  }

  get #isLate(): boolean {
    const { canary, patienceMs } = this.plan;
    const isBack = this.stage === 'reverting' && canary !== null;
    return this.#waitedMs > (isBack ? canary.revertPatienceMs : patienceMs);
  }

  /** What follows from an event, in order; nothing once it has finished. Times of events never go back. */
  feed(event: RolloutEvent): readonly RolloutEffect[] {
    if (this.#isOver) return [];
    switch (event.kind) {
      case 'reported':
        this.#onReported(event.device, event.reported, event.atMs);
        return [];
      case 'health': {
        const { health, isRetained, atMs } = event;
        // One that is there replaces what is retained at its interval: how old that is nobody knows, but not older than that.
        const knownAtMs = this.#devices.get(event.device)?.healthAtMs ?? null;
        const healthAtMs = isRetained && knownAtMs !== null ? knownAtMs : atMs;
        this.#change(event.device, { health, healthAtMs });
        return [];
      }
      case 'presence':
        this.#onPresence(event.device, event.online);
        return [];
      case 'link':
        this.#isUp = event.isUp;
        return [];
      case 'ready':
        if (this.#isReady) return [];
        this.#isReady = true;
        this.#tickAtMs = event.atMs;
        if (this.stage === 'begin') return this.#isUnwanted ? [] : this.#begin(event.atMs);
        return this.#isUnwanted ? this.#onAbort(event.atMs) : this.#resume(event.atMs);
      case 'abort':
        // Sent to all at once there is nothing to go back to.
        if (this.plan.canary === null) return [];
        this.#isUnwanted = true;
        return this.#isReady ? this.#onAbort(event.atMs) : [];
      case 'overtaken':
        this.#isOvertaken = true;
        // What the canary was sent is still its doing, and its topics are others.
        return this.#isWatched || (this.stage === 'reverting' && !this.#progress.isWide)
          ? []
          : this.#finish(false, 'nobody is waited for any more');
      case 'tick':
        return this.#isReady ? this.#onTick(event.atMs) : [];
    }
  }

  #begin(atMs: number): readonly RolloutEffect[] {
    const { canary, sought, id } = this.plan;
    if (canary === null) return this.#go('rest', atMs);
    const targeted = this.#targeted();
    const isCandidate = ([, { online, reported }]: readonly [string, DeviceView]) =>
      online === true && (reported?.confirmed ?? 0) < sought.version;
    const candidates = targeted.filter(isCandidate).map(([device]) => device);
    const chosen = canaryOf(candidates, targeted.length, canary.share, id);
    if (chosen.length === 0) {
      const newest = Math.max(0, ...targeted.map(([, { reported }]) => reported?.confirmed ?? 0));
      const why = `of ${targeted.length} devices that report here none is there and follows an older policy (the newest has version ${newest})`;
      return this.#finish(false, why);
    }
    this.#progress = { ...this.#progress, canary: chosen };
    return this.#go('canary', atMs);
  }

  /** What a stage publishes, it publishes again: nobody knows whether it was. */
  #resume(atMs: number): readonly RolloutEffect[] {
    if (this.stage === 'done' || this.stage === 'aborted') {
      return this.#finish(this.stage === 'done', this.#progress.why ?? 'it was done before');
    }
    this.#reachable = this.#there();
    this.#isSparse = this.#progress.isWide || !this.#isCanaryKnown;
    // What was said by now may be older than what is sought: as when a stage begins.
    for (const [device, { reported, before, outcome }] of this.#devices) {
      if (before !== null || outcome.kind === 'confirmed') continue;
      this.#change(device, { before: reported ?? UNHEARD, outcome: WAITING });
      if (reported !== null) this.#onReported(device, reported, atMs);
    }
    return publicationsOf(this.plan, this.#progress);
  }

  get #isCanaryKnown(): boolean {
    const isKnown = (device: string) => (this.#devices.get(device)?.online ?? null) !== null;
    return this.#progress.canary.every(isKnown);
  }

  /** Who has not come back yet is not away. */
  get #areReturning(): boolean {
    const isOver = this.#isCanaryKnown && this.#waitedMs >= RETURN_MS;
    return this.#isSparse && !this.#isLate && !isOver;
  }

  /** What is being taken back, or over, stays that. */
  #onAbort(atMs: number): readonly RolloutEffect[] {
    const reverted = this.#revert('the operator asked for it', atMs);
    return reverted.length === 0 ? this.#resume(atMs) : reverted;
  }

  #go(stage: Stage, atMs: number): readonly RolloutEffect[] {
    const isWide = this.#progress.isWide || stage === 'rest';
    this.#progress = { ...this.#progress, stage, isWide };
    this.#waitedMs = 0;
    // Whom what is taken back has cut off is waited for longer than others.
    const affected = [...this.#reachable, ...tryingOf(this.#devices)];
    this.#reachable = new Set([...(stage === 'reverting' ? affected : []), ...this.#there()]);
    if (stage === 'canary' || stage === 'rest' || stage === 'reverting') {
      for (const [device, { reported, outcome }] of this.#devices) {
        // The rest is sought the same version: whoever has it has it.
        const isKept = stage !== 'reverting' && outcome.kind === 'confirmed';
        const kept = isKept ? outcome : WAITING;
        this.#change(device, { before: reported ?? UNHEARD, outcome: kept });
        if (reported !== null) this.#onReported(device, reported, atMs);
      }
    }
    return [
      { kind: 'save', progress: this.#progress },
      ...publicationsOf(this.plan, this.#progress),
    ];
  }

  #onTick(atMs: number): readonly RolloutEffect[] {
    const passedMs = atMs - (this.#tickAtMs ?? atMs);
    this.#tickAtMs = atMs;
    const effects = this.stage === 'soak' ? this.#soak(passedMs, atMs) : [];
    // What was heard before may be long over.
    if (!this.#isUp) return effects;
    const wasLate = this.#isLate;
    const heardMs = passedMs <= TICK_MAX_MS ? passedMs : 0;
    this.#waitedMs += heardMs;
    this.#heardMs += heardMs;
    if (this.#isLate && !wasLate) this.#heedOldRefusals(atMs);
    if (this.#areReturning) this.#reachable = this.#reachable.union(this.#there());
    const counted = this.counted();
    const broken = this.#broken(counted);
    if (broken !== null) return [...effects, ...this.#revert(broken, atMs)];
    return [...effects, ...this.#next(counted, atMs)];
  }

  /** A device reports one refusal of a kind a minute: where none came, it may have been the one of before once more. */
  #heedOldRefusals(atMs: number): void {
    for (const [device, { before, reported }] of this.#devices) {
      if (before === null || reported === null) continue;
      this.#change(device, { before: { ...before, lastStep: null, lastRefusal: null } });
      this.#onReported(device, reported, atMs);
    }
  }

  /** Whether a stage is over, and which follows. */
  #next(counted: Counted, atMs: number): readonly RolloutEffect[] {
    const { target } = this.plan;
    switch (this.stage) {
      case 'canary': {
        if (counted.devices === 0) return this.#finish(false, FOLLOW_OTHERS);
        if (counted.settled < counted.devices && !this.#isLate) return [];
        if (counted.confirmed * 2 >= counted.devices) return this.#go('soak', atMs);
        const why = `only ${counted.confirmed} of ${counted.devices} devices of the canary confirmed it`;
        return this.#revert(why, atMs);
      }
      case 'soak':
        if (counted.devices === 0) return this.#finish(false, FOLLOW_OTHERS);
        return this.#progress.soakedMs >= (this.plan.canary?.soakMs ?? 0)
          ? this.#endSoak(atMs)
          : [];
      case 'rest': {
        // What the broker has kept of a device may come late; a name that was mistyped never does.
        const isAnyone = counted.devices > 0;
        if (this.#isAwaited(counted) || (!isAnyone && !this.#isLate)) return [];
        const isGood = isAnyone && counted.missing + counted.refused + counted.rolled_back === 0;
        return [...this.#go('done', atMs), ...this.#finish(isGood, summaryOf(counted, target))];
      }
      case 'reverting': {
        if (this.#isAwaited(counted)) return [];
        const why = `${this.#progress.why}; ${summaryOf(counted, target)}`;
        return [...this.#go('aborted', atMs), ...this.#finish(false, why)];
      }
      default:
        return [];
    }
  }

  #endSoak(atMs: number): readonly RolloutEffect[] {
    if (!this.#isOvertaken) return this.#go('rest', atMs);
    const kept = `keeps version ${this.sought.version} until it takes a higher one`;
    return this.#finish(false, `the canary was watched to the end of its soak, and ${kept}`);
  }

  #isAwaited({ missing }: Counted): boolean {
    return !this.#isLate && (missing > 0 || this.#areReturning);
  }

  /** Null: nothing speaks against going on. What is not named in conditions and came of the document itself stops a canary, too. */
  #broken(counted: Counted): string | null {
    const { canary } = this.plan;
    if (canary === null) return null;
    if (!this.#isWatched && this.stage !== 'rest') return null;
    const conditions = this.#isWatched ? withStrict(canary.conditions) : canary.conditions;
    return brokenCondition(conditions, this.#watched(counted));
  }

  get #isWatched(): boolean {
    return this.stage === 'canary' || this.stage === 'soak';
  }

  #watched(counted: Counted): Tally {
    if (this.stage !== 'rest') return counted;
    const there = this.#population().filter(([device]) => this.#reachable.has(device));
    return this.#count(there);
  }

  #revert(why: string, atMs: number): readonly RolloutEffect[] {
    if (this.plan.canary === null) return [];
    if (['reverting', 'done', 'aborted'].includes(this.stage)) return [];
    this.failures = failuresOf(this.#population(), this.sought);
    this.#progress = { ...this.#progress, why };
    return this.#go('reverting', atMs);
  }

  #soak(passedMs: number, atMs: number): readonly RolloutEffect[] {
    const heard = { version: this.sought.version, sinceMs: atMs - this.plan.freshMs };
    const isHeard = this.#isUp && areHeard(this.#population(), heard);
    const counts = isHeard && this.#wasHeard && passedMs <= TICK_MAX_MS;
    this.#wasHeard = isHeard;
    if (!counts) return [];
    const before = this.#progress.soakedMs;
    this.#progress = { ...this.#progress, soakedMs: before + passedMs };
    const isWorthIt =
      Math.floor(before / SAVE_EVERY_MS) !== Math.floor(this.#progress.soakedMs / SAVE_EVERY_MS);
    return isWorthIt ? [{ kind: 'save', progress: this.#progress }] : [];
  }

  #onPresence(device: string, online: boolean): void {
    const heardMs = this.#isReady ? this.#heardMs : null;
    this.#change(device, withPresence(this.#devices.get(device) ?? UNSEEN, online, heardMs));
  }

  #onReported(device: string, reported: Reported, atMs: number): void {
    const { before, outcome } = this.#devices.get(device) ?? UNSEEN;
    const next = outcomeOf(this.sought, reported, before, outcome);
    if (isSettled(next) && !isSettled(outcome)) this.settledAtMs = atMs;
    this.#change(device, { reported, outcome: next });
  }

  #change(device: string, changed: Partial<DeviceView>): void {
    this.#devices.set(device, { ...(this.#devices.get(device) ?? UNSEEN), ...changed });
  }

  #population(): readonly (readonly [string, DeviceView])[] {
    const { stage, canary, isWide } = this.#progress;
    const isAll = stage === 'rest' || stage === 'begin' || isWide;
    if (!this.#isWatched && isAll) return this.#targeted();
    const all = canary.map((device) => [device, this.#devices.get(device) ?? UNSEEN] as const);
    if (!this.#isWatched) return all;
    // Who follows what somebody else sent it is not our doing any more.
    const { version } = this.sought;
    return all.filter(([, { reported }]) => (reported?.confirmed ?? 0) <= version);
  }

  /** Whoever reports documents takes them. */
  #targeted(): readonly (readonly [string, DeviceView])[] {
    const { level, name } = this.plan.target;
    return [...this.#devices].filter(([device, { reported }]) => {
      if (level === 'device') return device === name;
      return reported !== null && (level === 'fleet' || reported.groups.includes(name));
    });
  }

  #there(): ReadonlySet<string> {
    const there = this.#targeted().filter(([, { online }]) => online === true);
    return new Set(there.map(([device]) => device));
  }

  #finish(isGood: boolean, why: string): readonly RolloutEffect[] {
    this.#isOver = true;
    this.failures = [...this.failures, ...failuresOf(this.#population(), this.sought)];
    return [{ kind: 'finish', isGood, why }];
  }
}
