/**
 * Loaded before the model: replaces one place of one source file, named by JVPN_BREAKAGE.
 *
 * Refuses to start if the place is not there exactly once: a breakage that breaks nothing proves nothing.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { plugin } from 'bun';
import { BREAKAGES } from './breakages.ts';

const name = process.env['JVPN_BREAKAGE'];
const breakage = BREAKAGES.find((candidate) => candidate.name === name);
if (breakage === undefined) throw new Error(`no breakage is called ${name}`);

const path = resolve(import.meta.dir, '../../../..', breakage.file);
const source = readFileSync(path, 'utf8');
const parts = source.split(breakage.from);
if (parts.length !== 2)
  throw new Error(`${breakage.file} has ${parts.length - 1} × ${breakage.from}`);
const contents = parts.join(breakage.to);

plugin({
  name: 'breakage',
  setup(build) {
    const filter = new RegExp(`^${path.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
    build.onLoad({ filter }, () => ({ contents, loader: 'ts' }));
  },
});
