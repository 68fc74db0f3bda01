/**
 * What the project promises of an idle device, beside what was measured. Pure.
 *
 * Bytes and wake-ups are those that the policies are held to by calculation (`policies/budget.ts`): a limit that is
 * changed there is changed here. Only what runs can be asked for its CPU and memory.
 *
 * @module
 */
import { BUDGETS, type IdleCost } from '../../../../policies/budget.ts';
import { type Goal, newGoal } from '../goal.ts';
import type { IdleFigures } from './figures.ts';

const CPU_PERCENT_MAX = 0.3;
/** 24 MB, in the KiB of /proc. Of the median. */
const ANON_KIB_MAX = Math.floor(24_000_000 / 1_024);

/** Which measured figure a calculated one is a promise of. */
const MEASURED_AS: Partial<Record<keyof IdleCost, MeasuredName>> = {
  standbyLteBytesPerDay: 'standby_lte_bytes_per_day',
  activeLteBytesPerDay: 'active_lte_bytes_per_day',
  standbyWakeupsPerS: 'wakeups_per_s',
  activeWakeupsPerS: 'wakeups_per_s',
};
type MeasuredName =
  | 'standby_lte_bytes_per_day'
  | 'active_lte_bytes_per_day'
  | 'wakeups_per_s'
  | 'cpu_percent'
  | 'anon_kib';

/** Of the profiles that were measured. One figure of two budgets is held to the narrower one. */
export function idleGoalsOf({ profiles }: Pick<IdleFigures, 'profiles'>): readonly Goal[] {
  return Object.entries(profiles).flatMap(([profile, figures]) => {
    const limits = new Map<MeasuredName, number>();
    for (const { figure, max, profiles: bound } of BUDGETS) {
      const name = MEASURED_AS[figure];
      if (name === undefined || !(bound?.includes(profile) ?? true)) continue;
      limits.set(name, Math.min(max, limits.get(name) ?? max));
    }
    limits.set('cpu_percent', CPU_PERCENT_MAX);
    limits.set('anon_kib', ANON_KIB_MAX);
    return [...limits].map(([name, limit]) => newGoal(`${profile}.${name}`, figures[name], limit));
  });
}
