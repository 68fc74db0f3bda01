/**
 * A network namespace: made, entered, used and removed.
 *
 * Names are `jvlab<pid>x<n>-<role>`: the pid of the maker is in the name, so that {@link sweep} recognises what a killed
 * run left behind. Entering is for short synchronous work on this thread; anything spawned goes through
 * `ip netns exec`, which also gives the child a /sys of that namespace.
 *
 * @module
 */
import { closeSync, existsSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { assert } from '../../session/assert.ts';
import { libc } from './libc.ts';
import { type Outcome, run } from './process.ts';

const CLONE_NEWNET = 0x40000000;
const PREFIX = 'jvlab';
const NAME = /^jvlab(\d+)x\d+-/;
const NETNS_FOLDER = '/run/netns';

let groups = 0;

/** A name stem not used before on this machine: one for each group of namespaces that belong together. */
export function newStem(): string {
  groups += 1;
  return `${PREFIX}${process.pid}x${groups}`;
}

export class Namespace implements AsyncDisposable {
  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  /** Make all of `names` in one go (one process for all: faster than one each). */
  static async create(names: readonly string[]): Promise<Namespace[]> {
    await run(['ip', '-batch', '-'], {
      stdin: names.map((name) => `netns add ${name}\n`).join(''),
    });
    return names.map((name) => new Namespace(name));
  }

  /** Run synchronous `work` with this thread inside, then come back whatever happens. Never spawn in `work`. */
  inside<T>(work: () => T): T {
    return inside(this.name, work);
  }

  /** The command line that runs `argv` in here. `ip` replaces itself, so the pid is that of the command. */
  argv(argv: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.name, ...argv];
  }

  /** Feed `lines` to one `ip -batch` in here. */
  async ip(lines: readonly string[]): Promise<void> {
    await run(['ip', '-n', this.name, '-batch', '-'], { stdin: `${lines.join('\n')}\n` });
  }

  /** Load an nftables script in here, atomically. */
  async nft(script: string): Promise<void> {
    await run(this.argv(['nft', '-f', '-']), { stdin: script });
  }

  /** Run to the end and collect the output; throws on a non-zero status unless `mayFail`. */
  async exec(argv: readonly string[], options: { mayFail?: boolean } = {}): Promise<Outcome> {
    return run(['setpriv', '--pdeathsig', 'KILL', '--', ...this.argv(argv)], options);
  }

  /** Write kernel settings, `net/ipv4/ip_forward` style paths below /proc/sys. Absent ones are left alone. */
  sysctl(settings: Readonly<Record<string, string | number>>): void {
    this.inside(() => {
      for (const [path, value] of Object.entries(settings)) {
        if (existsSync(`/proc/sys/${path}`)) writeFileSync(`/proc/sys/${path}`, String(value));
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run(['ip', 'netns', 'del', this.name], { mayFail: true });
  }
}

/** As {@link Namespace.inside}, for a process that only knows the name. */
export function inside<T>(name: string, work: () => T): T {
  const home = openSync('/proc/thread-self/ns/net', 'r');
  try {
    const there = openSync(`${NETNS_FOLDER}/${name}`, 'r');
    const entered = libc.setns(there, CLONE_NEWNET);
    closeSync(there);
    if (entered !== 0) throw new Error(`setns into ${name} refused: CAP_SYS_ADMIN missing?`);
    try {
      return work();
    } finally {
      assert(libc.setns(home, CLONE_NEWNET) === 0, `there is a way back from ${name}`);
    }
  } finally {
    closeSync(home);
  }
}

/** Names of lab namespaces that exist, of this process only if `pid` is given. */
export function labNamespaces(pid?: number): string[] {
  if (!existsSync(NETNS_FOLDER)) return [];
  return readdirSync(NETNS_FOLDER).filter((name) => {
    const maker = NAME.exec(name)?.[1];
    return maker !== undefined && (pid === undefined || Number(maker) === pid);
  });
}

/** Names of those whose maker has ended without them; those of tests beside have makers that live. */
export function orphans(): string[] {
  return labNamespaces().filter((name) => !existsSync(`/proc/${NAME.exec(name)?.[1]}`));
}

/** Remove namespaces whose maker is dead. Their processes died with it (see `process.ts`). */
export async function sweep(): Promise<void> {
  for (const name of orphans()) await run(['ip', 'netns', 'del', name], { mayFail: true });
}
