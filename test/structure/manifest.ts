/**
 * What package.json promises: exact versions, one lockfile, a reason for each dependency; and that every script
 * explains itself.
 *
 * @module
 */
import { join } from 'node:path';
import type { Tree } from './tree.ts';

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const LOCKFILES = 'package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lockb'.split(
  ' ',
);
const REASONS = 'docs/architecture.md';

export function manifestOf(tree: Tree): Manifest {
  return JSON.parse(tree.files.find((file) => file.path === 'package.json')?.text ?? '{}');
}

export function lockfiles(tree: Tree): string[] {
  const foreign = tree.files
    .filter(({ path }) => LOCKFILES.includes(path.split('/').at(-1)!))
    .map(({ path }) => `${path}: bun.lock is the only lockfile`);
  const ours = tree.files.some(({ path }) => path === 'bun.lock');
  return ours ? foreign : [...foreign, 'bun.lock is missing'];
}

export function exactVersions(tree: Tree): string[] {
  return all(manifestOf(tree))
    .filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
    .map(([name, version]) => `${name}: ${version} is not one exact version`);
}

/** One table row for each dependency, `| name | why |`, and none for what is gone. */
export function reasons(tree: Tree): string[] {
  const text = tree.files.find((file) => file.path === REASONS)?.text;
  if (text === undefined) return [`${REASONS} is missing`];
  const section = /^##+ Dependencies\n(.*?)(?=^##? |(?![\s\S]))/ms.exec(text)?.[1] ?? '';
  const rows = [...section.matchAll(/^\| `([^`]+)` *\| *([^|\s].*?) *\|$/gm)].map((row) => row[1]!);
  const used = all(manifestOf(tree)).map(([name]) => name);
  return [
    ...used
      .filter((name) => !rows.includes(name))
      .map((name) => `${name}: no reason in ${REASONS}`),
    ...rows.filter((name) => !used.includes(name)).map((name) => `${name}: in ${REASONS} only`),
  ];
}

/** Every script is executable and answers `--help` at once, before it installs or starts anything. */
export function scriptsExplain(tree: Tree): string[] {
  return tree.files
    .filter(({ path }) => /^scripts\/[^/.]+$/.test(path))
    .flatMap(({ path, executable }) => {
      if (!executable) return [`${path} is not executable`];
      const run = Bun.spawnSync([join(tree.root, path), '--help'], { timeout: 5_000 });
      if (run.exitCode !== 0)
        return [`${path} --help exits with ${run.exitCode ?? run.signalCode}`];
      return run.stdout.toString().startsWith('Usage: ') ? [] : [`${path} --help shows no usage`];
    });
}

const all = (manifest: Manifest): [string, string][] =>
  Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
