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
  /** What the process started with. */
  readonly metering: Metering;
  /** Detail of the newest failed write, or null. */
  lastFailure: string | null = null;
  readonly #links: readonly AgentLink[];
  readonly #open: () => HalResult<Flash>;
  #store: SpendingStore<HalFailure> | null;
  /** What flash remembers and the tunnel thread has not been told: with a policy that was refused it was not. */
  #untold: readonly LinkSpending[] = [];

  private constructor(
    links: readonly AgentLink[],
    open: () => HalResult<Flash>,
    store: SpendingStore<HalFailure> | null,
    metering: Metering,
  ) {
    this.#links = links;
    this.#open = open;
    this.#store = store;
    this.metering = metering;
  }

  /** @param open called at most once, when a link has a budget for the first time. */
  static open(
    policy: Policy,
    links: readonly AgentLink[],
    open: () => HalResult<Flash>,
  ): HalResult<Spending> {
    const metering = linkMetering(policy, links, []);
    const store = openWhereNeeded(metering, open);
    if (!store.ok) return store;
    const spent = store.value?.links ?? [];
    return { ok: true, value: new Spending(links, open, store.value, { ...metering, spent }) };
  }

  /**
   * The budgets under another policy, which need not come into force; with them what flash remembers, until that was
   * `told`. Opens the slots where a link has a budget for the first time.
   */
  meteringUnder(policy: Policy): HalResult<Metering> {
    const metering = linkMetering(policy, this.#links, []);
    if (this.#store === null) {
      const store = openWhereNeeded(metering, this.#open);
      if (!store.ok) return store;
      this.#store = store.value;
      this.#untold = store.value?.links ?? [];
    }
    return { ok: true, value: { ...metering, spent: this.#untold } };
  }

  /** The tunnel thread has what `meteringUnder` gave: from here on its own count is the one that holds. */
  told(): void {
    this.#untold = [];
  }

  /** A record holds all that is remembered: what a link without a budget has spent stays, another policy may give it one. */
  save(links: readonly LinkSpending[]): void {
    if (this.#store === null) return;
    const rest = this.#store.links.filter(
      ({ link }) =>
        this.#links.some(({ name }) => name === link) && links.every((one) => one.link !== link),
    );
    const outcome = this.#store.save([...links, ...rest]);
    this.lastFailure = outcome.ok ? null : `${outcome.code}: ${outcome.detail}`;
  }
}

function openWhereNeeded(
  { budgets }: Metering,
  open: () => HalResult<Flash>,
): HalResult<SpendingStore<HalFailure> | null> {
  if (Object.keys(budgets).length === 0) return { ok: true, value: null };
  const flash = open();
  return flash.ok ? { ok: true, value: new SpendingStore<HalFailure>(flash.value) } : flash;
}
