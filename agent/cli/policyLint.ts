/**
 * `jvpn policy lint FILE`: whether a policy file may be used, and everything that is wrong with it.
 *
 * Reads the file and nothing else; needs no daemon and no rights.
 *
 * @module
 */
import { readFile } from 'node:fs/promises';
import { loadPolicyText } from '../../policies/load.ts';
import { formatProblems } from '../../policies/problem.ts';
import { EXIT, parseArguments, TERMINAL, type Terminal } from './arguments.ts';

const HELP = `Usage: jvpn policy lint FILE [--json]

Checks a policy file against the schema (docs/policy.md) and the rules between its fields.

  --json   print {"file", "ok", "policy": {"name", "version"}, "problems": […]} on standard output
  --help   this text

Exit status: 0 the policy may be used, 1 it may not or the file is unreadable, 2 wrong usage.`;

export async function runPolicyLint(
  argv: readonly string[],
  terminal: Terminal = TERMINAL,
): Promise<number> {
  const parsed = parseArguments(argv, { json: { type: 'boolean' }, help: { type: 'boolean' } }, 1);
  if (!parsed.ok) return usage(terminal, parsed.message);
  if (parsed.flags.help === true) {
    terminal.out(HELP);
    return EXIT.ok;
  }
  const [file] = parsed.operands;
  if (file === undefined) return usage(terminal, 'FILE is missing');

  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    terminal.err(`${file}: ${error instanceof Error ? error.message : error}`);
    return EXIT.failure;
  }

  const loaded = loadPolicyText(text, Bun.TOML.parse);
  const policy = loaded.ok ? { name: loaded.policy.name, version: loaded.policy.version } : null;
  const problems = loaded.ok ? [] : loaded.problems;
  if (parsed.flags.json === true) {
    terminal.out(JSON.stringify({ file, ok: loaded.ok, policy, problems }, null, 2));
  } else if (loaded.ok) {
    terminal.out(
      `${file}: policy "${loaded.policy.name}" version ${loaded.policy.version} is fine`,
    );
  } else {
    terminal.err(formatProblems(file, problems));
  }
  return loaded.ok ? EXIT.ok : EXIT.failure;
}

function usage(terminal: Terminal, message: string): number {
  terminal.err(`jvpn policy lint: ${message}\n\n${HELP}`);
  return EXIT.usage;
}
