/**
 * The links of one device as the simulator sees them: what is lost, late, twice or from elsewhere.
 *
 * @module
 */
import type { LinkKind } from '../../../session/wire/frames.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import type { Options } from './options.ts';

export interface SimLink {
  readonly name: string;
  readonly kind: LinkKind;
  readonly transportId: number;
  hasCarrier: boolean;
  mtuBytes: number;
  isSilent: boolean;
  isOutCut: boolean;
  isInCut: boolean;
  lossPercent: number;
  delayMs: number;
  /** The public source port: changes with a NAT rebind, and what is sent to the old one is lost. */
  port: number;
}

/** Ethernet, DSL, a tunnel of the provider, the least that IPv6 allows. */
const MTUS = [1_500, 1_492, 1_420, 1_280] as const;

/** A packet as the hub gets it. */
export interface Uplink {
  readonly source: string;
  /** Grows with every packet sent, whatever order they arrive in. */
  readonly order: number;
  readonly isCopy: boolean;
}

export class Network {
  readonly links: readonly SimLink[];
  readonly #world: World;
  readonly #random: Random;
  readonly #options: Options;
  isCalm = false;
  #sent = 0;

  constructor(world: World, random: Random, options: Options) {
    this.#world = world;
    this.#random = random;
    this.#options = options;
    this.links = options.links.map((kind, at) => ({
      name: `${kind}0`,
      kind,
      transportId: at + 1,
      hasCarrier: true,
      mtuBytes: 1_500,
      isSilent: false,
      isOutCut: false,
      isInCut: false,
      lossPercent: 0,
      delayMs: random.between(2, options.delayMaxMs),
      port: 1_000 * (at + 1),
    }));
  }

  link(transportId: number): SimLink {
    return this.links[transportId - 1]!;
  }

  /** Device to hub. The network may make copies; the receiver's replay window is the receiver's to keep. */
  up(transportId: number, deliver: (packet: Uplink) => void): void {
    const link = this.link(transportId);
    if (!link.hasCarrier || link.isSilent || link.isOutCut) return;
    const source = `198.51.100.${transportId}:${link.port}`;
    const order = ++this.#sent;
    this.#carry(link, (isCopy) => deliver({ source, order, isCopy }));
  }

  /** Hub to device, to the address it believes in. */
  down(target: string, deliver: (transportId: number) => void): void {
    const [address = '', port = ''] = target.split(':');
    const link = this.links[Number(address.split('.')[3]) - 1];
    if (link === undefined || link.port !== Number(port)) return;
    this.#carry(link, (isCopy) => {
      if (isCopy) return; // the device's replay window drops it
      if (link.hasCarrier && !link.isSilent && !link.isInCut) deliver(link.transportId);
    });
  }

  #carry(link: SimLink, deliver: (isCopy: boolean) => void): void {
    const random = this.#random;
    if (!this.isCalm && random.chance(link.lossPercent)) return;
    const copies = !this.isCalm && random.chance(this.#options.duplicatePercent) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const jitterMs = this.isCalm ? 0 : random.below(1 + link.delayMs / 2);
      this.#world.after(link.delayMs + jitterMs, () => deliver(copy > 0));
    }
  }

  /** One random fault, or the end of one. */
  disturb(): boolean {
    const random = this.#random;
    const options = this.#options;
    const link = this.links[random.below(this.links.length)]!;
    switch (random.below(7)) {
      case 0:
        if (!options.hasCarrierLoss) return false;
        link.hasCarrier = !link.hasCarrier;
        return true;
      case 1:
        if (options.hasSilence) link.isSilent = !link.isSilent;
        return false;
      case 2:
        if (options.hasOneWay) link.isOutCut = !link.isOutCut;
        return false;
      case 3:
        if (options.hasOneWay) link.isInCut = !link.isInCut;
        return false;
      case 4:
        if (!options.hasMtuChanges) return false;
        link.mtuBytes = MTUS[random.below(MTUS.length)]!;
        return true;
      case 5:
        if (options.hasRebind) link.port += 1;
        return false;
      default:
        link.lossPercent = random.below(options.lossPercentMax + 1);
        return false;
    }
  }

  /** Everything works from here on. */
  heal(): void {
    this.isCalm = true;
    for (const link of this.links) {
      Object.assign(link, {
        hasCarrier: true,
        isSilent: false,
        isOutCut: false,
        isInCut: false,
        lossPercent: 0,
      });
    }
  }
}
