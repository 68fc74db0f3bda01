/**
 * A name server in a namespace of the lab, and what makes a program ask it.
 *
 * `/etc/resolv.conf` is one file for all namespaces. `ip netns exec` gives each program mounts of its own, so a file
 * mounted over it is seen by that program alone, is gone with it, and needs no write access to `/etc`.
 *
 * @module
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Role } from '../plan.ts';
import type { LabProcess } from '../process.ts';
import type { Topology } from '../topology.ts';
import type { Names } from './nameServer.ts';

const START_MS = 10_000;

/**
 * The command line that runs `argv`, in a namespace, with the name server at `address`.
 *
 * @param folder where the file is kept that it reads; it must outlive the program.
 */
export function asking(address: string, folder: string, argv: readonly string[]): string[] {
  const file = join(folder, 'resolv.conf');
  writeFileSync(file, `nameserver ${address}\noptions timeout:1 attempts:1\n`);
  return ['sh', '-c', 'mount --bind "$0" /etc/resolv.conf && exec "$@"', file, ...argv];
}

export class NameService {
  readonly #server: LabProcess;

  private constructor(server: LabProcess) {
    this.#server = server;
  }

  /** Serve at port 53 of `address`, which `role` has. It ends with the lab. */
  static async start(net: Topology, role: Role, address: string): Promise<NameService> {
    const program = Bun.fileURLToPath(new URL('./nameServer.ts', import.meta.url));
    const argv = [process.execPath, program, '--listen', `${address}:53`];
    const server = net.spawn(role, argv, { name: `name server in ${role}` });
    await server.untilJson<{ event: string }>(({ event }) => event === 'listening', START_MS);
    return new NameService(server);
  }

  /** All there is from here on; returns when it counts. The name `*` is every other one. */
  async tell(names: Names): Promise<void> {
    const { lineCount } = this.#server;
    this.#server.write(JSON.stringify(names));
    await this.#server.untilJson<{ event: string }>(
      ({ event }) => event === 'told',
      START_MS,
      lineCount,
    );
  }

  /** Where {@link untilAsked} is to start for what comes next. */
  get mark(): number {
    return this.#server.lineCount;
  }

  /** The addresses that were answered, to the first question of `name` after `mark` that `fits`. */
  async untilAsked(
    name: string,
    timeoutMs: number,
    mark = 0,
    fits: (addresses: readonly string[]) => boolean = () => true,
  ): Promise<readonly string[]> {
    const { addresses } = await this.#server.untilJson<Asked>(
      (line) => line.event === 'asked' && line.name === name && fits(line.addresses),
      timeoutMs,
      mark,
    );
    return addresses;
  }
}

interface Asked {
  readonly event: string;
  readonly name: string;
  readonly addresses: readonly string[];
}
