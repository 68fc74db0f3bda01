/**
 * One link of a device and the access network behind it: what it says of itself, and what it really does.
 *
 * @module
 */
import type { LinkSnapshot } from '../../../hal/links.ts';
import type { SocketAddress } from '../../../session/wire/address.ts';
import type { LinkChange } from '../fault.ts';
import type { LinkPlan } from '../options.ts';

/** One way through the access network: first in, first out, unless something is reordered. */
export interface Lane {
  /** When the last one arrives. */
  lastArrivalMs: number;
  /** Until when the wire is busy. */
  busyUntilMs: number;
}

export interface Conditions {
  carrier: boolean;
  address: boolean;
  addressNumber: number;
  route: boolean;
  plugged: boolean;
  silent: boolean;
  outCut: boolean;
  inCut: boolean;
  captive: boolean;
  lossPercent: number;
  delayMs: number;
  jitterMs: number;
  duplicatePercent: number;
  reorderPercent: number;
  kbitPerSecond: number;
  pathMtuBytes: number;
  mtuBytes: number;
  intruder: 'none' | 'copies' | 'swallows';
  icmp: 'none' | 'genuine' | 'forged';
  radio: 'unsaid' | 'connected' | 'disconnected';
}

/** What the machine itself sees. */
const FACTS = [
  'carrier',
  'address',
  'addressNumber',
  'route',
  'plugged',
  'mtuBytes',
  'radio',
] as const;

/** What the device's address is on the link, and what the world sees of it, for each family. */
export interface LinkAddresses {
  readonly local: readonly [string, string];
  readonly public4: SocketAddress;
  readonly public6: SocketAddress;
}

export class SimLink {
  readonly plan: LinkPlan;
  /** In the order of the device's configuration. */
  readonly at: number;
  addresses: LinkAddresses;
  readonly #addressesOf: (number: number) => LinkAddresses;
  readonly up: Lane = { lastArrivalMs: 0, busyUntilMs: 0 };
  readonly down: Lane = { lastArrivalMs: 0, busyUntilMs: 0 };
  conditions: Conditions;
  /** The kernel's number; another one after each plugging in. */
  index: number;
  /** How often the NAT has forgotten. */
  rebinds = 0;
  /** When the machine itself last refused to send over it. */
  refusedAtMs: number | null = null;

  constructor(plan: LinkPlan, at: number, addressesOf: (number: number) => LinkAddresses) {
    this.plan = plan;
    this.at = at;
    this.index = 10 + at;
    this.#addressesOf = addressesOf;
    this.addresses = addressesOf(0);
    this.conditions = conditionsOf(plan);
  }

  /** Returns whether the machine itself sees a difference. */
  change({ rebind, ...change }: LinkChange): boolean {
    const before = this.conditions;
    if (rebind) this.rebinds += 1;
    this.conditions = { ...before, ...change };
    const after = this.conditions;
    if (after.plugged && !before.plugged) this.index += 100;
    if (after.addressNumber !== before.addressNumber) {
      this.addresses = this.#addressesOf(after.addressNumber);
      // No NAT has a mapping for it yet, and nothing to the one before arrives.
      this.rebinds += 1;
    }
    return FACTS.some((fact) => before[fact] !== after[fact]);
  }

  /** Everything works from here on, as fast as planned. */
  heal(): boolean {
    const { mtuBytes, addressNumber } = this.conditions;
    return this.change({
      ...conditionsOf(this.plan),
      addressNumber,
      lossPercent: 0,
      duplicatePercent: 0,
      reorderPercent: 0,
      kbitPerSecond: 0,
      mtuBytes,
      pathMtuBytes: Math.max(mtuBytes, this.plan.mtuBytes),
    });
  }

  /** Null while it is unplugged. */
  snapshot(): LinkSnapshot | null {
    const { carrier, address, route, plugged, mtuBytes, radio } = this.conditions;
    if (!plugged) return null;
    const hasRoute = route && address && carrier;
    return {
      name: this.plan.name,
      index: this.index,
      carrier,
      ...(radio === 'unsaid' ? {} : { radio }),
      adminUp: true,
      addresses: address ? this.addresses.local : [],
      networks: [],
      hasRoute,
      hasRoute4: hasRoute,
      hasRoute6: hasRoute,
      mtu: mtuBytes,
    };
  }
}

function conditionsOf(plan: LinkPlan): Conditions {
  const { delayMs, jitterMs, lossPercent, duplicatePercent, reorderPercent } = plan;
  return {
    carrier: true,
    address: true,
    addressNumber: 0,
    route: true,
    plugged: true,
    silent: false,
    outCut: false,
    inCut: false,
    captive: false,
    lossPercent,
    delayMs,
    jitterMs,
    duplicatePercent,
    reorderPercent,
    kbitPerSecond: plan.kbitPerSecond,
    pathMtuBytes: plan.mtuBytes,
    mtuBytes: plan.mtuBytes,
    intruder: 'none',
    icmp: 'none',
    radio: 'unsaid',
  };
}
