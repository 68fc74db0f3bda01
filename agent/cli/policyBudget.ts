/**
 * `jvpn policy budget`: what an idle device costs under a policy, before it is rolled out.
 *
 * Computes; needs no daemon and no rights.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { budgetsOf, type Family, type IdleCost, idleCost } from '../../policies/budget.ts';
import { loadPolicyText } from '../../policies/load.ts';
import { formatProblems } from '../../policies/problem.ts';
import { PROFILE_NAMES, PROFILES } from '../../policies/profiles.ts';
import type { Policy } from '../../policies/schema.ts';
import { EXIT, parseArguments, TERMINAL, type Terminal } from './arguments.ts';
import { table } from './show.ts';

const HELP = `Usage: jvpn policy budget FILE [--json]
       jvpn policy budget --profile NAME [--json]

What an idle device costs under a policy: bytes of LTE a day, wake-ups, how late silence is noticed. Computed from
the policy's intervals, for hubs over IPv4 and over IPv6, with health reports. For one hub address a link: each one more
is asked at the same intervals.

  --profile NAME   a shipped profile: ${PROFILE_NAMES.join(', ')}
  --json           print {"policy", "ipv4", "ipv6", "budgets"} on standard output
  --help           this text

Exit status: 0 within every budget that binds a policy of this name, 1 not, or the policy may not be used, 2 wrong usage.`;

const FLAGS = {
  profile: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/** In words, in the order they are shown. */
const FIGURES = {
  standbyLteBytesPerDay: 'LTE beside Ethernet, bytes a day',
  activeLteBytesPerDay: 'LTE as the only link, bytes a day',
  standbyWakeupsPerS: 'wake-ups a second, on Ethernet',
  activeWakeupsPerS: 'wake-ups a second, on LTE',
  idleSilenceMs: 'silence noticed, unmetered, ms',
  meteredIdleSilenceMs: 'silence noticed, metered, ms',
} as const satisfies Record<keyof IdleCost, string>;

export async function runPolicyBudget(
  argv: readonly string[],
  terminal: Terminal = TERMINAL,
): Promise<number> {
  const parsed = parseArguments(argv, FLAGS, 1);
  if (!parsed.ok) return usage(terminal, parsed.message);
  const { profile, json, help } = parsed.flags;
  if (help === true) {
    terminal.out(HELP);
    return EXIT.ok;
  }
  const [file] = parsed.operands;
  if ((file === undefined) === (profile === undefined)) {
    return usage(terminal, 'FILE or --profile NAME, one of them');
  }
  const name = PROFILE_NAMES.find((known) => known === profile);
  if (profile !== undefined && name === undefined) {
    return usage(terminal, `there is no profile "${profile}": ${PROFILE_NAMES.join(', ')}`);
  }
  const text = name === undefined ? textOf(file ?? '', terminal) : PROFILES[name];
  if (text === null) return EXIT.failure;
  const loaded = loadPolicyText(text, Bun.TOML.parse);
  if (!loaded.ok) {
    terminal.err(formatProblems(file ?? profile ?? '', loaded.problems));
    return EXIT.failure;
  }
  return show(loaded.policy, json === true, terminal);
}

function textOf(file: string, terminal: Terminal): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    terminal.err(`${file}: ${error instanceof Error ? error.message : error}`);
    return null;
  }
}

function show(policy: Policy, isJson: boolean, terminal: Terminal): number {
  const cost: Record<Family, IdleCost> = { 4: idleCost(policy, 4), 6: idleCost(policy, 6) };
  const budgets = budgetsOf(policy).map(({ figure, max, unit }) => ({
    figure,
    max,
    unit,
    isKept: cost[4][figure] <= max && cost[6][figure] <= max,
  }));
  if (isJson) {
    const { name, version } = policy;
    const document = { policy: { name, version }, ipv4: cost[4], ipv6: cost[6], budgets };
    terminal.out(JSON.stringify(document, null, 2));
  } else {
    const rows = (Object.keys(FIGURES) as (keyof IdleCost)[]).map((figure) => {
      const max = Math.min(...budgets.flatMap((row) => (row.figure === figure ? row.max : [])));
      const isKept = cost[4][figure] <= max && cost[6][figure] <= max;
      const verdict = max === Infinity ? '–' : `${max}${isKept ? '' : ' broken'}`;
      return [FIGURES[figure], shown(cost[4][figure]), shown(cost[6][figure]), verdict];
    });
    terminal.out(table([[`policy ${policy.name}`, 'IPv4', 'IPv6', 'budget'], ...rows]).join('\n'));
  }
  return budgets.every(({ isKept }) => isKept) ? EXIT.ok : EXIT.failure;
}

const shown = (value: number) => String(Math.round(value * 100) / 100);

function usage(terminal: Terminal, message: string): number {
  terminal.err(`jvpn policy budget: ${message}\n\n${HELP}`);
  return EXIT.usage;
}
