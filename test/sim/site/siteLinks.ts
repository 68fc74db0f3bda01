/**
 * The links of a simulated device's site: what they are at first, and what makes them the same ones later.
 *
 * @module
 */
import type { LinkSnapshot } from '../../../hal/links.ts';
import { newAddress } from '../../../session/wire/address.ts';
import { ipFromBytes } from '../../../session/wire/ip.ts';
import { SimLink } from '../network/simLink.ts';
import type { DevicePlan } from '../options.ts';

/** Usable before and after, over other addresses. */
export function isRenumbered(
  name: string,
  before: readonly LinkSnapshot[],
  after: readonly LinkSnapshot[],
): boolean {
  const [left, now] = [before, after].map((snapshots) =>
    snapshots.find((one) => one.name === name && one.carrier && one.hasRoute),
  );
  return left?.index === now?.index && left?.addresses.join() !== now?.addresses.join();
}

export function newLink(plan: DevicePlan['links'][number], at: number, origin: number): SimLink {
  return new SimLink(plan, at, (number) => {
    const host = 2 + number;
    const public4 = ipFromBytes(Uint8Array.of(198, 51, origin, at + 1 + 16 * number));
    const public6 = ipFromBytes(
      Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, origin, 0, at, 0, 0, 0, 0, 0, 0, 0, host),
    );
    return {
      local: [`10.${origin}.${at}.${host}`, `fd00:${origin}:${at}::${host}`],
      public4: newAddress(public4, 1),
      public6: newAddress(public6, 1),
    };
  });
}
