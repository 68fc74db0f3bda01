/**
 * What metered links have spent, remembered across restarts; the main thread's side of `metering.ts`.
 *
 * Opens its slots only where a link has a budget. A write that fails is shown and not repeated: the next one says it
 * all again, and what a power cut takes until then is a day's count.
 *
 * @module
 */
import type { Flash } from '../hal/flash.ts';
import type { HalFailure, HalResult } from '../hal/result.ts';
import type { Policy } from '../policies/schema.ts';
import { type LinkSpending, SpendingStore } from '../session/flash/spending.ts';
import type { AgentLink } from './config.ts';
import type { Metering } from './metering.ts';
import { linkMetering } from './rules.ts';

export class Spending {
  readonly metering: Metering;
  /** Detail of the newest failed write, or null. */
  lastFailure: string | null = null;
  readonly #store: SpendingStore<HalFailure> | null;

  constructor(store: SpendingStore<HalFailure> | null, metering: Metering) {
    this.#store = store;
    this.metering = metering;
  }

  /** @param open called only where a link has a budget. */
  static open(
    policy: Policy,
    links: readonly AgentLink[],
    open: () => HalResult<Flash>,
  ): HalResult<Spending> {
    const metering = linkMetering(policy, links, []);
    if (Object.keys(metering.budgets).length === 0) {
      return { ok: true, value: new Spending(null, metering) };
    }
    const flash = open();
    if (!flash.ok) return flash;
    const store = new SpendingStore<HalFailure>(flash.value);
    return { ok: true, value: new Spending(store, { ...metering, spent: store.links }) };
  }

  save(links: readonly LinkSpending[]): void {
    const outcome = this.#store?.save(links);
    if (outcome === undefined) return;
    this.lastFailure = outcome.ok ? null : `${outcome.code}: ${outcome.detail}`;
  }
}
