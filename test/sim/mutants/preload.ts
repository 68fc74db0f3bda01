/**
 * Plants the mutant that `SIM_MUTANT` names, while its file is loaded: `bun --preload` this before all others.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { plugin } from 'bun';
import { plant } from './mutant.ts';
import { mutantOf, TORTURE_MUTANTS } from './table.ts';

const mutant = mutantOf(process.env['SIM_MUTANT'] ?? '', TORTURE_MUTANTS);
const path = fileURLToPath(new URL(`../../../${mutant.file}`, import.meta.url));
const escaped = path.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

plugin({
  name: `mutant ${mutant.id}`,
  setup(build) {
    build.onLoad({ filter: new RegExp(`^${escaped}$`) }, () => {
      process.env['SIM_PLANTED'] = mutant.id;
      return { contents: plant(readFileSync(path, 'utf8'), mutant), loader: 'ts' };
    });
  },
});
