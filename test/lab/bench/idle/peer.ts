/**
 * Debian's wireguard-go, idle beside the devices: what being woken costs on this machine.
 *
 * A keepalive every five seconds each way, as `balanced` asks its binding and is answered. It does nothing else: no reports,
 * no second link, no broker. So its CPU a wake-up says what the machine takes for one, and is no rival of the whole.
 *
 * @module
 */
import { type Cable, cable } from '../cable.ts';
import type { Tunnel } from '../contender.ts';
import { runPing } from '../ping.ts';
import { startWireguardGo } from '../wireguardGo.ts';
import { countsOf, type ProcessCounts } from './sample.ts';

export const KEEPALIVE_S = 5;

export class IdlePeer implements AsyncDisposable {
  readonly #cable: Cable;
  readonly #tunnel: Tunnel;

  private constructor(made: Cable, tunnel: Tunnel) {
    this.#cable = made;
    this.#tunnel = tunnel;
  }

  /** Attached, and one packet has passed. @throws Absent where it is not installed. */
  static async start(): Promise<IdlePeer> {
    await using stack = new AsyncDisposableStack();
    const made = stack.use(await cable());
    const tunnel = stack.use(await startWireguardGo(made, { keepaliveS: KEEPALIVE_S }));
    await runPing(made, tunnel.hubInner, 0.1);
    stack.move();
    return new IdlePeer(made, tunnel);
  }

  look(): ProcessCounts {
    const { device } = this.#tunnel.processes;
    if (device === undefined) throw new Error('wireguard-go is not there');
    return countsOf(device.pid, ['eth0']);
  }

  interrupt(): Promise<void> {
    return this.#cable.interrupt();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tunnel[Symbol.asyncDispose]();
    await this.#cable[Symbol.asyncDispose]();
  }
}
