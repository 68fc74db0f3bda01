/**
 * Breaks the cores one by one and looks whether the model check finds it: each in a process of its own, for a module is
 * loaded once.
 *
 * @module
 */
import { resolve } from 'node:path';
import type { Exploration } from '../explorer.ts';
import type { WorldName } from '../presets.ts';
import { BREAKAGES, type Breakage } from './breakages.ts';

/** The slowest takes a minute and a half of processor time; a busy machine is slower. */
const TIMEOUT_MS = 900_000;

export interface Caught {
  readonly name: string;
  readonly breaks: string;
  readonly world: WorldName;
  readonly isCaught: boolean;
  readonly what: string;
  /** The shortest trace. */
  readonly trace: readonly string[];
  readonly states: number;
}

export async function runBroken(
  world: WorldName | null,
  print: (line: string) => void,
): Promise<Caught[]> {
  const caught: Caught[] = [];
  for (const breakage of BREAKAGES) {
    if (world !== null && breakage.world !== world) continue;
    const result = await runOne(breakage);
    print(
      result.isCaught
        ? `broken "${result.name}": found in ${result.trace.length} moves, ${result.what}`
        : `broken "${result.name}": NOT FOUND, ${result.what}`,
    );
    caught.push(result);
  }
  return caught;
}

export async function runOne({ name, breaks, world }: Breakage): Promise<Caught> {
  const preload = resolve(import.meta.dir, 'preload.ts');
  const child = Bun.spawn([process.execPath, '--preload', preload, import.meta.path], {
    env: { ...process.env, JVPN_BREAKAGE: name },
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: TIMEOUT_MS,
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  const base = { name, breaks, world };
  const exitCode = await child.exited;
  if (child.signalCode !== null) {
    const what = `ended by ${child.signalCode}, the limit is ${TIMEOUT_MS / 1_000} s`;
    return { ...base, isCaught: false, what, trace: [], states: 0 };
  }
  if (exitCode !== 0) {
    // Before the first move: the world is attached when it is made, and the core asserts what it can see itself.
    const [, claim] = /^InvariantError: (I\d+: .+)$/m.exec(err) ?? [];
    const what = claim === undefined ? err.slice(-500) : `asserted by the core: ${claim}`;
    return { ...base, isCaught: claim !== undefined, what, trace: [], states: 0 };
  }
  const { finding, states } = JSON.parse(out) as Exploration;
  const what = finding?.what ?? `nothing in ${states} states`;
  return { ...base, isCaught: finding !== null, what, trace: finding?.trace ?? [], states };
}

/** In the child: the core is broken by now. */
if (import.meta.main) {
  const breakage = BREAKAGES.find(({ name }) => name === process.env['JVPN_BREAKAGE']);
  if (breakage === undefined) throw new Error('no breakage is named');
  const { run } = await import('../presets.ts');
  const { depthMax, healDepthMax = -1 } = breakage;
  const exploration = run(breakage, { depthMax, statesMax: 400_000, healDepthMax });
  console.log(JSON.stringify(exploration));
}
