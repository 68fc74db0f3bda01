/**
 * What devices say of themselves, over all their processes: I4 versions, I2 sessions, I8 explicit, I3 bounds,
 * I5 answers, I7 penalties.
 *
 * @module
 */
import { type RecoveryBounds, RecoveryWatch } from '../../../session/invariants/boundedRecovery.ts';
import { OscillationWatch } from '../../../session/invariants/boundedSwitching.ts';
import { ExplicitWatch } from '../../../session/invariants/explicit.ts';
import { AnswerWatch } from '../../../session/invariants/noReplay.ts';
import { VersionWatch } from '../../../session/invariants/noRollback.ts';
import { SessionWatch } from '../../../session/invariants/noSilentReset.ts';
import type { Forgotten, Report, Said, Watch } from './watch.ts';

/** What a machine is held to. */
export interface DeviceBounds extends RecoveryBounds {
  /** The lowest of the policies that it uses: it may be stricter, never looser. */
  readonly penaltyMaxMs: number;
  /** How late a deadline may be obeyed by a machine that is awake. */
  readonly slackMs: number;
}

export interface DeviceDirectory {
  readonly boundsOf: (who: string) => DeviceBounds;
  /** Its monotonic clock; null: it sleeps or does not run. */
  readonly clockMs: (who: string) => number | null;
  /** When its process woke last, by the same clock; null: it never slept. */
  readonly wokeAtMs: (who: string) => number | null;
}

/** Clocks are fractions of milliseconds. */
const ROUNDING_MS = 0.001;

class Life {
  readonly versions = new VersionWatch();
  readonly sessions = new SessionWatch();
  readonly answers = new AnswerWatch();
  penalties: OscillationWatch;
  readonly bounds: DeviceBounds;
  sessionId: string | null = null;
  hasAttached = false;
  /** Of the newest event. */
  atMs = 0;
  recovery: RecoveryWatch;
  moves = new ExplicitWatch();

  constructor(bounds: DeviceBounds) {
    this.bounds = bounds;
    this.penalties = new OscillationWatch(bounds.penaltyMaxMs);
    this.recovery = new RecoveryWatch(bounds, bounds.slackMs);
  }

  begin(sessionId: string | null): void {
    if (sessionId !== this.sessionId) this.hasAttached = false;
    this.sessionId = sessionId;
    this.recovery = new RecoveryWatch(this.bounds, this.bounds.slackMs);
    this.moves = new ExplicitWatch();
  }
}

export class Devices implements Watch {
  readonly #report: Report;
  readonly #directory: DeviceDirectory;
  readonly #lives = new Map<string, Life>();

  constructor(report: Report, directory: DeviceDirectory) {
    this.#report = report;
    this.#directory = directory;
  }

  onSaid({ who, role, event }: Said): void {
    if (role !== 'device') return;
    const life = this.#of(who);
    // A clock that went back was a reboot.
    const isOtherSession = event.sessionId !== null && event.sessionId !== life.sessionId;
    if (isOtherSession || event.atMs < life.atMs) life.begin(event.sessionId);
    life.atMs = event.atMs;
    if (event.to === 'ATTACHED') life.hasAttached = true;
    const judge = (checker: string, fault: string | null) => this.#report(checker, who, fault);
    judge('deviceVersions', life.versions.see(event));
    judge('deviceSessions', life.sessions.see(event));
    judge('deviceMoves', life.moves.see(event));
    const late = life.recovery.see(event);
    const isExcused = event.to === 'TERMINATED' && this.#hasJustWoken(who, event.atMs);
    judge('deviceRecovery', isExcused ? null : late);
    judge('deviceAnswers', life.answers.see(event));
    judge('devicePenalties', life.penalties.see(event));
  }

  onSweep(): void {
    for (const [who, { recovery }] of this.#lives) {
      const clockMs = this.#directory.clockMs(who);
      if (clockMs === null || this.#hasJustWoken(who, clockMs)) continue;
      this.#report('deviceRecovery', who, recovery.at(clockMs));
    }
  }

  /** Whoever slept past a bound ends at the very moment of waking; nothing else is excused. */
  #hasJustWoken(who: string, atMs: number): boolean {
    const wokeAtMs = this.#directory.wokeAtMs(who);
    return wokeAtMs !== null && atMs <= wokeAtMs + ROUNDING_MS;
  }

  /** A process that died recovers no more; the next one says where it goes on. */
  onDeath(who: string): void {
    const life = this.#lives.get(who);
    if (life === undefined) return;
    // The next one asks the hub whether the session still lives: its age is the hub's to bound by then.
    life.recovery = new RecoveryWatch(life.bounds, life.bounds.slackMs);
    // What was never attached was an attempt; flash may not have heard of it.
    if (!life.hasAttached) life.sessions.forget();
    // What failed is not on flash.
    life.penalties = new OscillationWatch(this.#directory.boundsOf(who).penaltyMaxMs);
    life.moves = new ExplicitWatch();
  }

  onForgotten(who: string, what: Forgotten): void {
    const life = this.#of(who);
    life.sessions.forget();
    if (what === 'all') life.versions.forget();
  }

  #of(who: string): Life {
    const known = this.#lives.get(who);
    if (known !== undefined) return known;
    const life = new Life(this.#directory.boundsOf(who));
    this.#lives.set(who, life);
    return life;
  }
}
