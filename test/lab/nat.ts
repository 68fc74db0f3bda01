/**
 * The NAT in front of the mobile link, as a mobile network's: address and port are translated, and what nobody inside
 * asked for is dropped without a word.
 *
 * A changed rule alone never moves a flow that is under way: connection tracking remembers the old translation. Taking
 * the old public address away does, because masquerading forgets every flow of an address that has gone.
 *
 * @module
 */
import { monotonicMs } from './libc.ts';
import type { Namespace } from './namespace.ts';
import { type LinkPlan, macOf } from './plan.ts';

/** Public ports of generation n: ranges that do not overlap with those of the generations near it. */
const FIRST_PORT = 20_000;
const PORTS = 1000;
const PORT_GENERATIONS = 40;
/** Public addresses .10 … .209 are used in turn. */
const FIRST_HOST = 10;
const HOSTS = 200;

export interface Rebinding {
  readonly fromAddress: string;
  readonly toAddress: string;
  /** Ports that flows have from here on. */
  readonly toPorts: readonly [number, number];
  /** CLOCK_MONOTONIC at which the old address was gone. */
  readonly atMs: number;
}

function portsOf(generation: number): readonly [number, number] {
  const first = FIRST_PORT + (generation % PORT_GENERATIONS) * PORTS;
  return [first, first + PORTS - 1];
}

function translationRules(generation: number): string {
  const [first, last] = portsOf(generation);
  return `
    add rule ip nat out oifname "wan" meta l4proto { tcp, udp } masquerade to :${first}-${last}
    add rule ip nat out oifname "wan" masquerade`;
}

/** Rules of the router that translates. */
export function natScript(generation: number): string {
  return `
    table ip nat {
      chain out { type nat hook postrouting priority srcnat; }
    }
    ${translationRules(generation)}
    table inet filter {
      chain through {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        iifname "lan" oifname "wan" accept
      }
      chain inward {
        type filter hook input priority filter;
        iifname "wan" meta l4proto { tcp, udp } drop
      }
    }`;
}

/** Rules of the hub: what comes in on an outer interface is never passed on, so the tunnel is the only way through. */
export function filterScript(outerInterfaces: readonly string[]): string {
  const outer = outerInterfaces.map((name) => `"${name}"`).join(', ');
  return `
    table inet filter {
      chain through {
        type filter hook forward priority filter;
        iifname { ${outer} } drop
        oifname { ${outer} } drop
      }
    }`;
}

export class MobileNat {
  readonly #plan: LinkPlan;
  readonly #router: Namespace;
  readonly #hub: Namespace;
  #generation = 0;

  constructor(plan: LinkPlan, router: Namespace, hub: Namespace) {
    this.#plan = plan;
    this.#router = router;
    this.#hub = hub;
  }

  get publicAddress(): string {
    const pool = this.#plan.v4.wanPrefix.replace(/0$/, '');
    return `${pool}${FIRST_HOST + (this.#generation % HOSTS)}`;
  }

  /** Give every flow, those under way included, another public address and another public port. */
  async rebind(): Promise<Rebinding> {
    const { v4, name, hubInterface } = this.#plan;
    const fromAddress = this.publicAddress;
    this.#generation += 1;
    const toAddress = this.publicAddress;
    // The hub goes on sending to the old address for a while. Both addresses stay resolved, so that those packets die
    // at the NAT in silence; a failed neighbour would tell the hub with an error that no real network sends.
    await this.#hub.ip(
      [fromAddress, toAddress].map(
        (ip) => `neigh replace ${ip} lladdr ${macOf(name, 3)} dev ${hubInterface} nud permanent`,
      ),
    );
    await this.#router.nft(`flush chain ip nat out\n${translationRules(this.#generation)}`);
    await this.#router.ip([
      `addr add ${toAddress}/${v4.wanBits} dev wan`,
      `addr del ${fromAddress}/${v4.wanBits} dev wan`,
    ]);
    return { fromAddress, toAddress, toPorts: portsOf(this.#generation), atMs: monotonicMs() };
  }
}
