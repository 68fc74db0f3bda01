/**
 * Whoever counts what passes between a device and the port of its hub besides the device: the kernel, in IP bytes, both ways.
 *
 * Apart for each local port, so for each life of an agent: what the hub still says to one that is gone meets a closed port
 * and is nobody's. Counts a run that the kernel splits or joins with one header: for traffic that is too slow for runs.
 *
 * @module
 */
import { join } from 'node:path';
import { openFlash } from '../../hal/linux/flash.ts';
import { type LinkSpending, SPENDING_BYTES, SpendingStore } from '../../session/flash/spending.ts';
import type { Namespace } from './namespace.ts';

const RULES = (link: string) => `
table inet witness {
  set passed { type inet_service; flags dynamic; counter; size 1024; }
  chain out {
    type filter hook output priority filter;
    oifname "${link}" udp dport 51820 update @passed { udp sport }
  }
  chain in {
    type filter hook input priority filter;
    iifname "${link}" udp sport 51820 update @passed { udp dport }
  }
}`;

export class MeterWitness {
  readonly #namespace: Namespace;
  readonly #former = new Set<number>();

  private constructor(namespace: Namespace) {
    this.#namespace = namespace;
  }

  static async start(namespace: Namespace, link: string): Promise<MeterWitness> {
    await namespace.nft(RULES(link));
    return new MeterWitness(namespace);
  }

  /** From here on another agent counts: ports that were seen so far are not its own. */
  async nextLife(): Promise<void> {
    for (const port of (await this.#ports()).keys()) this.#former.add(port);
  }

  /** IP bytes of this life. */
  async bytes(): Promise<number> {
    let sum = 0;
    for (const [port, bytes] of await this.#ports()) if (!this.#former.has(port)) sum += bytes;
    return sum;
  }

  async #ports(): Promise<ReadonlyMap<number, number>> {
    const argv = ['nft', 'list', 'set', 'inet', 'witness', 'passed'];
    const { stdout } = await this.#namespace.exec(argv);
    const rows = stdout.matchAll(/(\d+) counter packets \d+ bytes (\d+)/g);
    return new Map([...rows].map(([, port, bytes]) => [Number(port), Number(bytes)]));
  }
}

/** What the flash of an agent that does not run says of a link; null: nothing. */
export function spentOnFlash(stateDirectory: string, link: string): LinkSpending | null {
  const flash = openFlash(join(stateDirectory, 'spending'), SPENDING_BYTES);
  if (!flash.ok) throw new Error(flash.detail);
  return new SpendingStore(flash.value).links.find((spending) => spending.link === link) ?? null;
}
