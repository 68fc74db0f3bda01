/**
 * Prometheus' own opinion of a text of metrics.
 *
 * @module
 */
const PROGRAM = Bun.which('promtool');

/** What is missing for {@link promtoolFindings}, or null. */
export const promtoolObstacle: string | null =
  PROGRAM === null ? 'promtool is not installed' : null;

/** What `promtool check metrics` finds wrong with `text`, a line each; none means that all is well. */
export async function promtoolFindings(text: string): Promise<readonly string[]> {
  const check = Bun.spawn([PROGRAM ?? 'promtool', 'check', 'metrics'], {
    stdin: new TextEncoder().encode(text),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const said = await Promise.all([
    new Response(check.stdout).text(),
    new Response(check.stderr).text(),
  ]);
  const lines = said.join('').split('\n');
  const exitCode = await check.exited;
  return [
    ...lines.filter((line) => line !== ''),
    ...(exitCode === 0 ? [] : [`promtool ended with ${exitCode}`]),
  ];
}
