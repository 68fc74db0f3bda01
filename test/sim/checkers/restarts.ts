/**
 * A hub that restarts loses keys and no session, where nothing else goes wrong: its devices shake hands with it again soon
 * enough, although they have nothing to say.
 *
 * Asked of runs that keep every session (`draw/idle.ts`) and of no others: elsewhere a session may have ended of anything.
 *
 * @module
 */
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import type { Report, Said, Sent, Watch } from './watch.ts';

/** The pause between two keepalives, a question and its repeat in vain, and what a sweep adds. */
const FOUND_MAX_MS = 25_000 + 3_500 + 500;

export class Restarts implements Watch {
  readonly #report: Report;
  readonly #keepsSessions: boolean;
  readonly #devices: () => readonly string[];
  /** By device: since when its hub has been without keys of it. */
  readonly #keylessSinceMs = new Map<string, number>();

  /** @param devices names of those that are there. */
  constructor(report: Report, keepsSessions: boolean, devices: () => readonly string[]) {
    this.#report = report;
    this.#keepsSessions = keepsSessions;
    this.#devices = devices;
  }

  onSaid({ atMs, who, role, event }: Said): void {
    if (!this.#keepsSessions) return;
    const isEnd = event.to === 'TERMINATED';
    const ended = `liveness: the session has ended, ${event.reasonCode}, where nothing ends one`;
    this.#report('sessionKept', who, isEnd ? ended : null);
    const isRestart = event.event === 'notice' && event.reasonCode === 'hub_restarted';
    if (role !== 'hub' || !isRestart) return;
    for (const name of this.#devices()) this.#keylessSinceMs.set(name, atMs);
  }

  onSent({ from, isUp, bytes }: Sent): void {
    if (isUp && bytes[0] === MESSAGE_TYPE.initiation) this.#keylessSinceMs.delete(from);
  }

  onSweep(atMs: number): void {
    for (const [who, sinceMs] of this.#keylessSinceMs) {
      if (atMs - sinceMs <= FOUND_MAX_MS) continue;
      this.#keylessSinceMs.delete(who);
      const late = `liveness: ${Math.round(atMs - sinceMs)} ms after its hub was back the device still speaks in keys that are gone`;
      this.#report('restartFound', who, late);
    }
  }

  onDeath(who: string): void {
    if (!this.#devices().includes(who)) this.#keylessSinceMs.clear();
  }
}
