import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runPolicyLint } from '../../../../agent/cli/policyLint.ts';
import { PROFILE_NAMES } from '../../../../policies/profiles.ts';
import { collect } from './collect.ts';

function folder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'jvpn-lint-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

async function lint(text: string, ...flags: string[]) {
  using scratch = folder();
  const file = join(scratch.path, 'policy.toml');
  writeFileSync(file, text);
  const terminal = collect();
  const code = await runPolicyLint([file, ...flags], terminal);
  const short = (lines: readonly string[]) => lines.join('\n').replaceAll(file, 'policy.toml');
  return { code, out: short(terminal.outLines), err: short(terminal.errLines) };
}

test('a good policy: 0 and one line', async () => {
  expect(await lint('version = 7\nname = "mine"')).toEqual({
    code: 0,
    out: 'policy.toml: policy "mine" version 7 is fine',
    err: '',
  });
});

test('a bad policy: 1 and all problems on standard error', async () => {
  const { code, out, err } = await lint('[switching]\ncooldwon_ms = 1\nfailback = "bettr"');
  expect([code, out]).toEqual([1, '']);
  expect(err).toContain(
    'policy.toml: switching.cooldwon_ms: unknown key; did you mean "cooldown_ms"?',
  );
  expect(err).toContain('policy.toml: switching.failback: "bettr"; did you mean "better"?');
  expect(err).toEndWith('2 problems in policy.toml');
});

test('an emergency of the file that is over is a warning, one that is not is none', async () => {
  const text = (year: number) =>
    `[emergency]\nexpires_at = "${year}-01-01T00:00:00Z"\n[emergency.overrides.session]\nttl_ms = 60000\n`;
  const over = await lint(text(2020));
  expect([over.code, over.out]).toEqual([0, 'policy.toml: policy "balanced" version 1 is fine']);
  expect(over.err).toBe(
    'policy.toml: warning: the emergency ended at 2020-01-01T00:00:00Z: nothing of it holds',
  );
  expect((await lint(text(2020), '--json')).err).toBe(over.err);
  expect((await lint(text(9000))).err).toBe('');
});

test('an emergency: its tables alone, and nothing that a policy has besides', async () => {
  const fine = await lint('[switching]\nmax_switches_per_minute = 4', '--emergency');
  expect(fine).toEqual({ code: 0, out: 'policy.toml: emergency is fine', err: '' });
  const bad = await lint('version = 2\n[sesion]\nttl_ms = 1', '--emergency');
  expect([bad.code, bad.out]).toEqual([1, '']);
  expect(bad.err).toContain('policy.toml: version: unknown key');
  expect(bad.err).toContain('policy.toml: sesion: unknown key; did you mean "session"?');
  const told = JSON.parse((await lint('version = 2', '--emergency', '--json')).out);
  expect(told).toMatchObject({ ok: false, policy: null, problems: [{ path: 'version' }] });
});

test('--json for machines, good or bad', async () => {
  expect(JSON.parse((await lint('', '--json')).out)).toEqual({
    file: 'policy.toml',
    ok: true,
    policy: { name: 'balanced', version: 1 },
    problems: [],
  });
  const bad = await lint('version = 0', '--json');
  expect([bad.code, JSON.parse(bad.out)]).toMatchObject([
    1,
    { ok: false, problems: [{ path: 'version' }] },
  ]);
});

test('an unreadable file: 1 and its name', async () => {
  const terminal = collect();
  expect(await runPolicyLint(['/nonexistent/policy.toml'], terminal)).toBe(1);
  expect(terminal.errLines.join('\n')).toContain('/nonexistent/policy.toml');
});

test('wrong usage: 2, what is allowed, and what was probably meant', async () => {
  const cases: [string[], string][] = [
    [[], 'FILE is missing'],
    [['a', 'b'], 'unexpected argument "b"'],
    [
      ['--jsno', 'a'],
      'unknown flag --jsno, did you mean --json?; allowed: --emergency, --json, --help',
    ],
    [['-x', 'a'], 'unknown flag -x; allowed: --emergency, --json, --help'],
    [['--json=yes', 'a'], 'allowed: --emergency, --json, --help'],
  ];
  for (const [argv, words] of cases) {
    const terminal = collect();
    expect([argv, await runPolicyLint(argv, terminal)]).toEqual([argv, 2]);
    expect(terminal.errLines.join('\n')).toContain(words);
    expect(terminal.outLines).toEqual([]);
  }
});

test('--help goes to standard output', async () => {
  const terminal = collect();
  expect(await runPolicyLint(['--help'], terminal)).toBe(0);
  expect(terminal.outLines.join('\n')).toStartWith('Usage: jvpn policy lint FILE');
});

test('the shipped profiles pass as files', async () => {
  for (const name of PROFILE_NAMES) {
    const file = new URL(`../../../../policies/profiles/${name}.toml`, import.meta.url).pathname;
    expect(await runPolicyLint([file], collect())).toBe(0);
  }
});
