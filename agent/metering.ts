/**
 * The bytes of each link and day, as the tunnel thread counts them: IP bytes of its datagrams, headers included.
 *
 * Counted are our own datagrams, both ways, and nothing else that uses the link. A datagram that was split on its way
 * counts once. Where a link reaches hubs over both families, what it receives counts with the longer header.
 *
 * @module
 */
import type { LinkSpending } from '../session/flash/spending.ts';
import { DayMeter } from '../session/metering/dayMeter.ts';
import type { Uplink } from './uplinks.ts';

const NONE: readonly string[] = [];
/** IP without options, and UDP. */
export const HEADER_BYTES = { 4: 28, 6: 48 } as const;

export class LinkMeter extends DayMeter {
  /** `datagrams` of `bytes` together went out or came in; both count alike. */
  passed(datagrams: number, bytes: number, family: 4 | 6): void {
    this.add(bytes + datagrams * HEADER_BYTES[family]);
  }
}

/** What a link may spend a day, and what is known of that day. */
export interface Metering {
  /** By link; one that is not here has no budget. */
  readonly budgets: Readonly<Record<string, number>>;
  readonly spent: readonly LinkSpending[];
}

export const UNMETERED: Metering = { budgets: {}, spent: [] };

export function newMeter(link: string, { budgets, spent }: Metering): LinkMeter {
  const remembered = spent.find((spending) => spending.link === link) ?? null;
  return new LinkMeter(budgets[link] ?? 0, remembered);
}

/** Let time pass for all links; what has to be written down now, or null. One record holds all that is metered. */
export function spendingDue(
  uplinks: readonly Uplink[],
  wallMs: number,
  monotonicMs: number,
): readonly LinkSpending[] | null {
  let isDue = false;
  for (const { meter } of uplinks) {
    meter.onTime(wallMs, monotonicMs);
    if (meter.isDue) isDue = true;
  }
  return isDue ? allOf(uplinks, (meter) => meter.reserve()) : null;
}

/** What was counted so far, exactly: the process ends. Null where no link has a budget. */
export function spendingAtEnd(uplinks: readonly Uplink[]): readonly LinkSpending[] | null {
  const links = allOf(uplinks, (meter) => meter.settle());
  return links.length === 0 ? null : links;
}

function allOf(
  uplinks: readonly Uplink[],
  take: (meter: LinkMeter) => ReturnType<DayMeter['settle']>,
): readonly LinkSpending[] {
  return uplinks.flatMap(({ name, meter }) => {
    const spending = take(meter);
    return spending === null ? [] : [{ link: name, ...spending }];
  });
}

/** Which links have used up their budget, told once each time: the core leaves them, whatever it was that passed. */
export class SpentLinks {
  readonly #told = new Set<string>();

  /** Those that have since the last call; asked in each turn, and nearly always none. */
  take(uplinks: readonly Uplink[]): readonly string[] {
    let names = NONE;
    for (const { name, meter } of uplinks) {
      const { isSpent } = meter;
      if (isSpent === this.#told.has(name)) continue;
      if (isSpent) {
        this.#told.add(name);
        names = [...names, name];
      } else this.#told.delete(name);
    }
    return names;
  }
}
