/** Goal: an operator reads what a policy costs, and a script cannot roll out one that breaks a budget without being told. */
import { describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runPolicyBudget } from '../../../../agent/cli/policyBudget.ts';
import { BUDGETS, idleCost } from '../../../../policies/budget.ts';
import { loadPolicyText } from '../../../../policies/load.ts';
import { PROFILE_NAMES, PROFILES } from '../../../../policies/profiles.ts';
import { collect } from './collect.ts';

async function run(...argv: string[]) {
  const terminal = collect();
  const code = await runPolicyBudget(argv, terminal);
  return { code, out: terminal.outLines.join('\n'), err: terminal.errLines.join('\n') };
}

/** The same for a file with this text. */
async function ofFile(text: string, ...flags: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'jvpn-budget-'));
  try {
    const file = join(folder, 'policy.toml');
    writeFileSync(file, text);
    const { code, out, err } = await run(file, ...flags);
    return { code, out, err: err.replaceAll(file, 'policy.toml') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const costOf = (text: string, family: 4 | 6) => {
  const loaded = loadPolicyText(text, Bun.TOML.parse);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return idleCost(loaded.policy, family);
};

describe('for people', () => {
  test('each figure has a row, for both families, with the tightest bound that binds the policy', async () => {
    const { code, out, err } = await run('--profile', 'emergency');
    expect([code, err]).toEqual([0, '']);
    const rows = out.split('\n').map((line) => line.split(/ {2,}/));
    const [four, six] = [costOf(PROFILES.emergency, 4), costOf(PROFILES.emergency, 6)];
    const rounded = (value: number) => String(Math.round(value * 100) / 100);
    const row = (words: string, figure: keyof typeof four, bound: string) => [
      ...[words, rounded(four[figure]), rounded(six[figure]), bound],
    ];
    expect(rows).toEqual([
      ['policy emergency', 'IPv4', 'IPv6', 'budget'],
      row('LTE beside Ethernet, bytes a day', 'standbyLteBytesPerDay', '50000'),
      row('LTE as the only link, bytes a day', 'activeLteBytesPerDay', '–'),
      row('wake-ups a second, on Ethernet', 'standbyWakeupsPerS', '–'),
      row('wake-ups a second, on LTE', 'activeWakeupsPerS', '–'),
      row('silence noticed, unmetered, ms', 'idleSilenceMs', '15000'),
      row('silence noticed, metered, ms', 'meteredIdleSilenceMs', '362000'),
    ]);
  });

  test('a file that breaks a budget of its name: 1, and the row says so', async () => {
    const { code, out, err } = await ofFile(
      'name = "balanced"\n[liveness]\nmetered_standby_probe_ms = 300_000',
    );
    expect([code, err]).toEqual([1, '']);
    const broken = out.split('\n').filter((line) => line.endsWith(' broken'));
    expect(broken.map((line) => line.split(/ {2,}/)[0])).toEqual([
      'LTE beside Ethernet, bytes a day',
    ]);
    expect(broken[0]).toEndWith('50000 broken');
  });

  test('of two bounds on one figure the one that is broken shows', async () => {
    const { code, out } = await ofFile(
      'name = "emergency"\n[liveness]\nheartbeat_idle_ms = 20_000',
    );
    expect(code).toBe(1);
    expect(out).toMatch(/^silence noticed, unmetered, ms +22000 +22000 +15000 broken$/m);
  });
});

describe('for machines', () => {
  test('--json has the figures of both families and every budget that binds', async () => {
    for (const name of PROFILE_NAMES) {
      const { code, out, err } = await run('--profile', name, '--json');
      expect([name, code, err]).toEqual([name, 0, '']);
      const budgets = BUDGETS.flatMap(({ figure, max, unit, profiles }) =>
        profiles === null || profiles.includes(name) ? [{ figure, max, unit, isKept: true }] : [],
      );
      expect(JSON.parse(out)).toEqual({
        policy: { name, version: 1 },
        ipv4: costOf(PROFILES[name], 4),
        ipv6: costOf(PROFILES[name], 6),
        budgets,
      });
    }
  });

  test('the same file is broken there, too, and only what is broken', async () => {
    const text = 'version = 9\nname = "balanced"\n[liveness]\nmetered_standby_probe_ms = 300_000';
    const { code, out } = await ofFile(text, '--json');
    const { policy, budgets } = JSON.parse(out);
    expect([code, policy]).toEqual([1, { name: 'balanced', version: 9 }]);
    expect(budgets.filter(({ isKept }: { isKept: boolean }) => !isKept)).toEqual([
      { figure: 'standbyLteBytesPerDay', max: 50_000, unit: 'bytes/day', isKept: false },
    ]);
  });

  test('over IPv6 alone is broken as well: a probe is 40 bytes longer there', async () => {
    const { code, out } = await ofFile('[liveness]\nmetered_standby_probe_ms = 320_000', '--json');
    const { ipv4, ipv6 } = JSON.parse(out);
    expect([code, ipv4.standbyLteBytesPerDay < 50_000]).toEqual([1, true]);
    expect(ipv6.standbyLteBytesPerDay).toBeGreaterThan(50_000);
  });
});

test('a policy that may not be used: 1, all problems on standard error, no figures', async () => {
  const { code, out, err } = await ofFile('[switching]\ncooldwon_ms = 1', '--json');
  expect([code, out]).toEqual([1, '']);
  expect(err).toContain('policy.toml: switching.cooldwon_ms: unknown key');
});

test('an unreadable file: 1 and its name', async () => {
  const { code, out, err } = await run('/nonexistent/policy.toml');
  expect([code, out]).toEqual([1, '']);
  expect(err).toContain('/nonexistent/policy.toml');
});

test('wrong usage: 2, what is allowed, and nothing on standard output', async () => {
  const cases: [string[], string][] = [
    [[], 'FILE or --profile NAME, one of them'],
    [['policy.toml', '--profile', 'balanced'], 'FILE or --profile NAME, one of them'],
    [['a', 'b'], 'unexpected argument "b"'],
    [['--profile', 'balanecd'], `there is no profile "balanecd": ${PROFILE_NAMES.join(', ')}`],
    [['--profile'], 'jvpn policy budget: '],
    [['--jsno', 'a'], 'unknown flag --jsno, did you mean --json?'],
    [['--json=yes', 'a'], 'allowed: --profile, --json, --help'],
  ];
  for (const [argv, words] of cases) {
    const { code, out, err } = await run(...argv);
    expect([argv, code, out]).toEqual([argv, 2, '']);
    expect(err).toContain(words);
    expect(err).toContain('Usage: jvpn policy budget FILE');
  }
});

test('--help goes to standard output', async () => {
  const { code, out, err } = await run('--help');
  expect([code, err]).toEqual([0, '']);
  expect(out).toStartWith('Usage: jvpn policy budget FILE');
});
