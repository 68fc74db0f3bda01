/**
 * A bug that is planted while its file is loaded, as `scripts/simulate --mutant` does it: in a process of its own.
 *
 * @module
 */
import { resolve } from 'node:path';
import { mutantOf, TORTURE_MUTANTS } from '../../sim/mutants/table.ts';

const PRELOAD = resolve(import.meta.dir, '../../sim/mutants/preload.ts');

/** Runs this program once more, with the bug; its exit status. Null: this is that process. @throws Error for an unknown bug */
export function plantedRun(id: string): (() => Promise<number>) | null {
  mutantOf(id, TORTURE_MUTANTS);
  if (process.env['SIM_MUTANT'] === id) {
    if (process.env['SIM_PLANTED'] === id) return null;
    throw new Error(`--mutant ${id}: no push gets to its file`);
  }
  return async () => {
    const argv = [process.execPath, '--preload', PRELOAD, ...process.argv.slice(1)];
    const child = Bun.spawn(argv, {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, SIM_MUTANT: id },
    });
    return await child.exited;
  };
}
