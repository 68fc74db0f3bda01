/**
 * Which commit this tree is, for whatever prints figures.
 *
 * @module
 */

/** Twelve digits, with `+changes` where the tree differs from it; `unknown` without git. */
export function commitNow(root: string): string {
  const git = (...args: string[]) => {
    const run = Bun.spawnSync(['git', ...args], { cwd: root, stderr: 'ignore' });
    return run.exitCode === 0 ? run.stdout.toString().trim() : null;
  };
  if (Bun.which('git') === null) return 'unknown';
  const head = git('rev-parse', '--short=12', 'HEAD');
  if (head === null) return 'uncommitted';
  return git('status', '--porcelain') === '' ? head : `${head}+changes`;
}
