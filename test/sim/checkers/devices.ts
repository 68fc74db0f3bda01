/**
 * What devices say of themselves: I4 versions, I2 sessions, I8 explicit, I3 bounds, I5 answers.
 *
 * @module
 */

import { strayTransition } from '../../../session/invariants/explicit.ts';
import { isReasonCode } from '../../../session/reasons.ts';
import type { State } from '../../../session/transitions.ts';
import type { Report, Said, Watch } from './watch.ts';

/** How late a deadline may be obeyed: flash, the scheduler, a clock that drifts (chosen). */
const SLACK_MS = 1_500;

interface Life {
  /** The newest version used, over all lives of the machine. */
  version: number;
  sessionId: string | null;
  hasEnded: boolean;
  state: State | null;
  /** By the device's clock. */
  recoveringSinceMs: number | null;
  windowMs: number;
}

export interface Bounds {
  /** The recovery window in force on that machine. */
  readonly windowMs: (who: string) => number;
  /** The device's clock, and whether it is running and awake. */
  readonly clockMs: (who: string) => number | null;
}

export class Devices implements Watch {
  readonly #report: Report;
  readonly #bounds: Bounds;
  readonly #lives = new Map<string, Life>();

  constructor(report: Report, bounds: Bounds) {
    this.#report = report;
    this.#bounds = bounds;
  }

  onSaid({ who, role, event }: Said): void {
    if (role !== 'device') return;
    const life = this.#life(who);
    if (!isReasonCode(event.reasonCode))
      this.#report('I8', 'reasons', `${event.reasonCode} is new`);
    if (event.event === 'claim' || event.event === 'transition') {
      if (event.stateVersion <= life.version) {
        const sentence = `${who} used version ${event.stateVersion} after ${life.version}`;
        this.#report('I4', 'deviceVersions', sentence);
      }
      life.version = Math.max(life.version, event.stateVersion);
    }
    if (event.reasonCode === 'agent_restarted') this.#recovers(who, life, event.atMs);
    const stray = strayTransition(life.state, event);
    if (stray !== null) this.#report('I8', 'deviceTransitions', `${who}: ${stray}`);
    if (event.event === 'transition') this.#onMove(who, life, event);
    if (event.reasonCode === 'session_created') this.#onCreated(who, life, event);
  }

  #onMove(who: string, life: Life, event: Said['event']): void {
    const { to, atMs } = event;
    life.state = to;
    if (to === 'RECOVERING') return this.#recovers(who, life, atMs);
    const sinceMs = life.recoveringSinceMs;
    life.recoveringSinceMs = null;
    if (to === 'TERMINATED') life.hasEnded = true;
    // An end may come late from a machine that slept; anything else must not.
    else if (sinceMs !== null && atMs - sinceMs > life.windowMs + SLACK_MS) {
      this.#report(
        'I3',
        'deviceRecovery',
        `${who} came back ${atMs - sinceMs} ms after it was lost`,
      );
    }
  }

  #onCreated(who: string, life: Life, event: Said['event']): void {
    const named = event.detail['previousSessionId'];
    const isFirst = life.sessionId === null;
    if (!isFirst && !life.hasEnded && named === null) {
      this.#report('I2', 'deviceSessions', `${who} began another session without naming the last`);
    }
    life.sessionId = event.sessionId;
    life.hasEnded = false;
    life.state = 'BIRTH';
  }

  #recovers(who: string, life: Life, atMs: number): void {
    life.state = 'RECOVERING';
    life.recoveringSinceMs = atMs;
    life.windowMs = this.#bounds.windowMs(who);
  }

  onSweep(): void {
    for (const [who, life] of this.#lives) {
      const clockMs = this.#bounds.clockMs(who);
      if (life.recoveringSinceMs === null || clockMs === null) continue;
      life.windowMs = Math.max(life.windowMs, this.#bounds.windowMs(who));
      const tookMs = clockMs - life.recoveringSinceMs;
      if (tookMs <= life.windowMs + SLACK_MS) continue;
      this.#report('I3', 'deviceRecovery', `${who} recovers since ${tookMs} ms`);
      life.recoveringSinceMs = null;
    }
  }

  /** A process that died recovers no more; the next one says where it goes on. */
  onBoot(who: string): void {
    const life = this.#life(who);
    life.recoveringSinceMs = null;
    life.state = null;
  }

  onFlashLost(who: string): void {
    this.#lives.delete(who);
  }

  #life(who: string): Life {
    const known = this.#lives.get(who);
    if (known !== undefined) return known;
    const life: Life = {
      version: 0,
      sessionId: null,
      hasEnded: false,
      state: null,
      recoveringSinceMs: null,
      windowMs: 0,
    };
    this.#lives.set(who, life);
    return life;
  }
}
