/**
 * Metered links: what a day has cost is not taken back by a restart.
 *
 * After a boot the process counts at least what its flash said at that moment, and, where nothing happened to that flash,
 * what the process before told when it was last asked. A budget that is spent needs no more writes, so no more than the
 * budget is remembered for sure. Of a newer day than that nothing is asked.
 *
 * Source: docs/protocol.md, "Metered links".
 *
 * @module
 */
import type { TunnelStatus } from '../../../agent/status.ts';
import type { LinkSpending } from '../../../session/flash/spending.ts';
import type { Report, Said, Watch } from './watch.ts';

type Spent = Pick<LinkSpending, 'link' | 'day' | 'bytes'>;

export interface Medium {
  /** What the flash of a device held when its process was started; null: it is a hub. */
  readonly atBoot: (who: string) => readonly Spent[] | null;
  /** Whether anything may have happened to that flash, or to the days. */
  readonly mayForget: (who: string) => boolean;
  /** The newest day that its wall clock has ever shown. */
  readonly newestDay: (who: string) => number;
}

export class SpendingKept implements Watch {
  readonly #report: Report;
  readonly #medium: Medium;
  /** By machine: what its process has to remember. */
  readonly #due = new Map<string, readonly Spent[]>();
  /** By machine: what its process said last. */
  readonly #told = new Map<string, readonly Spent[]>();

  constructor(report: Report, medium: Medium) {
    this.#report = report;
    this.#medium = medium;
  }

  onBoot(who: string): void {
    const atBoot = this.#medium.atBoot(who);
    if (atBoot === null) return;
    const told = this.#medium.mayForget(who) ? [] : (this.#told.get(who) ?? []);
    this.#due.set(who, [...atBoot, ...told]);
    this.#told.delete(who);
  }

  onSaid({ who, role, event }: Said): void {
    // A link that loses its budget is no longer written down.
    const isApplied = event.event === 'notice' && event.reasonCode === 'policy_applied';
    if (role === 'device' && isApplied) this.#told.delete(who);
  }

  onStatus(who: string, { links }: Pick<TunnelStatus, 'links'>): void {
    const day = this.#medium.newestDay(who);
    const metered = links.filter(({ day_bytes_max }) => day_bytes_max > 0);
    for (const { link, day_bytes: bytes } of metered) {
      const due = (this.#due.get(who) ?? []).filter((one) => one.link === link && one.day >= day);
      const dueBytes = Math.max(0, ...due.map((one) => one.bytes));
      const fault = `I7: ${link} has cost ${bytes} bytes of the day, and ${dueBytes} before the restart`;
      this.#report('spentRemembered', who, bytes < dueBytes ? fault : null);
    }
    this.#told.set(
      who,
      metered.map(({ link, day_bytes, day_bytes_max }) => ({
        ...{ link, day, bytes: Math.min(day_bytes, day_bytes_max) },
      })),
    );
  }
}
