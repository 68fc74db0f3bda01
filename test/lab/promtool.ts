/**
 * Prometheus' own opinion of metrics and of rules.
 *
 * @module
 */
const PROGRAM = Bun.which('promtool');

/** What is missing for {@link promtool}, or null. */
export const promtoolObstacle: string | null =
  PROGRAM === null ? 'promtool is not installed' : null;

/** What `promtool check metrics` finds wrong with `text`, a line each; none means that all is well. */
export async function promtoolFindings(text: string): Promise<readonly string[]> {
  const { exitCode, lines } = await ended(['check', 'metrics'], text);
  return exitCode === 0 ? lines : [...lines, `promtool ended with ${exitCode}`];
}

/** What it says where it refuses, a line each; none means that all is well. */
export async function promtool(argv: readonly string[]): Promise<readonly string[]> {
  const { exitCode, lines } = await ended(argv, '');
  return exitCode === 0 ? [] : [`promtool ended with ${exitCode}`, ...lines];
}

async function ended(argv: readonly string[], input: string) {
  const child = Bun.spawn([PROGRAM ?? 'promtool', ...argv], {
    stdin: new TextEncoder().encode(input),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const said = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const lines = said.join('').split('\n');
  return { exitCode: await child.exited, lines: lines.filter((line) => line !== '') };
}
