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
import { emergencyOver, emergencyProblems } from './policyProblems.ts';

const HELP = `Usage: jvpn policy lint FILE [--emergency] [--json]

Checks a policy file against the schema (docs/policy.md) and the rules between its fields.

  --emergency  FILE has the tables of [emergency.overrides] alone, as for \`jvpn policy push --emergency\`; whether a value loosens
               a policy only a device can tell
  --json       print {"file", "ok", "policy": {"name", "version"}, "problems": […]} on standard output; "policy" is null
               of an emergency
  --help       this text

That an [emergency] of the policy is over is a warning on standard error.

Exit status: 0 it may be used, 1 it may not or the file is unreadable, 2 wrong usage.`;

const FLAGS = {
  emergency: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

export async function runPolicyLint(
  argv: readonly string[],
  terminal: Terminal = TERMINAL,
  wallMs = Date.now(),
): Promise<number> {
  const parsed = parseArguments(argv, FLAGS, 1);
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

  const isEmergency = parsed.flags.emergency === true;
  const { policy, problems, warning } = isEmergency
    ? { policy: null, problems: emergencyProblems(text), warning: null }
    : policyIn(file, text, wallMs);
  const isFine = problems.length === 0;
  if (parsed.flags.json === true) {
    terminal.out(JSON.stringify({ file, ok: isFine, policy, problems }, null, 2));
  } else if (isFine) {
    const what =
      policy === null ? 'emergency' : `policy "${policy.name}" version ${policy.version}`;
    terminal.out(`${file}: ${what} is fine`);
  } else {
    terminal.err(formatProblems(file, problems));
  }
  if (warning !== null) terminal.err(warning);
  return isFine ? EXIT.ok : EXIT.failure;
}

function policyIn(file: string, text: string, wallMs: number) {
  const loaded = loadPolicyText(text, Bun.TOML.parse);
  if (!loaded.ok) return { policy: null, problems: loaded.problems, warning: null };
  const { name, version } = loaded.policy;
  const warning = emergencyOver(file, loaded.policy, wallMs);
  return { policy: { name, version }, problems: [], warning };
}

function usage(terminal: Terminal, message: string): number {
  terminal.err(`jvpn policy lint: ${message}\n\n${HELP}`);
  return EXIT.usage;
}
