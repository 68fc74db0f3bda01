/**
 * Where the demo's scenario is played: waits for conditions, never for times, and says what it waited for in vain.
 *
 * @module
 */
import type { AuditRow } from '../../../hal/linux/auditLog.ts';
import { monotonicMs } from '../libc.ts';
import type { LinkName } from '../plan.ts';
import { linkOf } from './feed.ts';
import type { Parties } from './parties.ts';
import type { Timeline } from './timeline.ts';

/** Between two looks at a condition. */
const LOOK_MS = 10;
/** Datagrams that each flow must bring over the new state of affairs: a second of it. */
const SETTLED_DATAGRAMS = 50;
const SETTLE_MAX_MS = 15_000;
/** Wall clock of the audit lines to the clock that the lab's cuts and flows are timed by. */
const WALL_TO_MONOTONIC_MS = monotonicMs() - Date.now();

/** A step did not happen. */
export class StepError extends Error {
  override readonly name = 'StepError';
}

/** One cut and how the session came out of it. */
export interface Cut {
  readonly name: string;
  readonly reasonCode: string;
  readonly from: string;
  readonly to: string;
  readonly stateVersion: number;
  /** CLOCK_MONOTONIC: when it was made, and when the flows had gone on for a while. */
  readonly fromAtMs: number;
  readonly toAtMs: number;
}

export interface CutDamage {
  /** The longer one of both directions. */
  readonly gapMs: number;
  /** Of both directions together. */
  readonly lost: number;
  readonly duplicated: number;
  readonly gaps: Readonly<Record<'uplink' | 'downlink', number>>;
}

export class Stage {
  readonly parties: Parties;
  readonly timeline: Timeline;
  readonly #startedAtMs = monotonicMs();

  constructor(parties: Parties, timeline: Timeline) {
    this.parties = parties;
    this.timeline = timeline;
    parties.agentFeed.onRow = (row) => this.#onDeviceRow(row);
    parties.hubFeed.onRow = (row) => this.#onHubRow(row);
  }

  /** Wait until `find` finds something. Throws a {@link StepError} when it is too late, or somebody has left. */
  async until<T>(
    what: string,
    find: () => T | null | undefined | false | Promise<T | null | undefined | false>,
    boundMs: number,
  ): Promise<T> {
    const deadlineMs = monotonicMs() + boundMs;
    for (;;) {
      const found = await find();
      if (found !== null && found !== undefined && found !== false) return found;
      const missing = this.parties.missing();
      if (missing !== null) throw new StepError(`waited for ${what}, but ${missing}`);
      if (monotonicMs() > deadlineMs) {
        throw new StepError(`waited ${boundMs / 1000} s for ${what}, in vain`);
      }
      await Bun.sleep(LOOK_MS);
    }
  }

  /** The device is ATTACHED on `link` since its row number `mark`, and the hub's record says the same. */
  async untilAttached(link: LinkName, mark: number, boundMs: number): Promise<AuditRow> {
    const { agentFeed } = this.parties;
    const row = await this.until(
      `the session to be ATTACHED on ${link}`,
      () =>
        agentFeed.rows
          .slice(mark)
          .find((row) => row.to === 'ATTACHED' && linkOf(row.transport) === link),
      boundMs,
    );
    await this.until(
      `the hub to send over ${link} as well`,
      async () => {
        const [session] = await this.parties.hubSessions();
        return session?.is_carrying === true && session.transport_id === row.detail['transportId'];
      },
      boundMs,
    );
    return row;
  }

  /**
   * Both flows have gone on for a while. Returns when they had: before the newest arrival of either, so that the next
   * cut, which may follow at once, is not measured with this one.
   */
  async untilSettled(): Promise<number> {
    const sinceMs = monotonicMs();
    let settledAtMs = Number.POSITIVE_INFINITY;
    for (const flow of this.parties.flows) {
      await this.until(
        `${SETTLED_DATAGRAMS} datagrams of the ${flow.name}`,
        () => flow.arrivedAtMs(SETTLED_DATAGRAMS, sinceMs) !== null,
        SETTLE_MAX_MS,
      );
      const beforeMs = flow.arrivedAtMs(SETTLED_DATAGRAMS - 1, sinceMs) ?? sinceMs;
      settledAtMs = Math.min(settledAtMs, beforeMs);
    }
    return settledAtMs;
  }

  damageOf(cut: Pick<Cut, 'fromAtMs' | 'toAtMs'>): CutDamage {
    const gaps = { uplink: 0, downlink: 0 };
    let lost = 0;
    let duplicated = 0;
    for (const flow of this.parties.flows) {
      const figures = flow.figures(cut.fromAtMs, cut.toAtMs);
      gaps[flow.name] = figures.gapMs;
      lost += figures.lost;
      duplicated += figures.duplicated;
    }
    return { gapMs: Math.max(gaps.uplink, gaps.downlink), lost, duplicated, gaps };
  }

  /** What happens from here on is not part of the story. */
  fallSilent(): void {
    this.parties.agentFeed.onRow = () => {};
    this.parties.hubFeed.onRow = () => {};
  }

  /** Milliseconds since the demo began. */
  elapsedMs(atMs: number): number {
    return atMs - this.#startedAtMs;
  }

  #onDeviceRow(row: AuditRow): void {
    if (row.event === 'transition' && row.to !== null) {
      this.#tell(row, { state: row.to, stateVersion: row.state_version });
    } else if (row.event === 'notice' && row.reason_code === 'agent_restarted') {
      this.#tell(row, { state: 'RECOVERING', stateVersion: row.state_version });
    }
  }

  #onHubRow(row: AuditRow): void {
    if (row.reason_code !== 'nat_rebind') return;
    const note = `hub: ${row.detail['oldSource']} is now ${row.detail['source']}`;
    this.#tell(row, { stateVersion: row.state_version, note });
  }

  #tell(row: AuditRow, more: { state?: string; stateVersion: number; note?: string }): void {
    this.timeline.row({
      atMs: this.elapsedMs(row.ts_ms + WALL_TO_MONOTONIC_MS),
      reasonCode: row.reason_code,
      transport: linkOf(row.transport),
      ...more,
    });
  }
}
