/**
 * Goal: pushes with the power gone at every step leave a sound device as it should be, and a device with a bug is caught.
 *
 * Method: few pushes, each kind of them; bugs are planted as `scripts/torture --mutant` does it, in a process of its own.
 */
import { expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { KINDS } from '../../../lab/torture/acts.ts';
import { documentOf } from '../../../lab/torture/figures.ts';
import { torture } from '../../../lab/torture/torture.ts';

const MAIN = resolve(import.meta.dir, '../../../lab/torture/main.ts');
const TEST_MS = 60_000;
/** What `scripts/check` has time for. */
const isSlice = process.env['SLICE'] === '1';
/** Each kind once; those behind them are drawn. */
const PUSHES = KINDS.length + (isSlice ? 0 : 6);

async function run(...argv: readonly string[]) {
  const child = Bun.spawn([process.execPath, MAIN, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = [new Response(child.stdout).text(), new Response(child.stderr).text()] as const;
  const [stdout, stderr] = await Promise.all(texts);
  return { code: await child.exited, stdout, stderr };
}

test(
  'each kind of push, cut at each of its steps, finds nothing',
  async () => {
    const figures = await torture({ pushes: PUSHES, seed: 7 }, () => {});
    expect(figures.violations).toEqual([]);
    expect(figures.crashes).toBeGreaterThan(10 * PUSHES);
    expect(figures.stepKinds).toContain('in write of confirm, second slot');
    expect(figures.stepKinds).toContain('in write of rotate, first slot');
    expect(figures.stepKinds).toContain('carry out a command');
    const steps = ['policy_confirmed', 'policy_rolled_back', 'emergency_began', 'command_done'];
    const counts = [...steps, 'signer_rotated'];
    expect(counts.filter((code) => figures.of(code) === 0)).toEqual([]);
    const reasons = figures.refused.map(([code]) => code);
    expect(reasons).toEqual(
      expect.arrayContaining([
        ...['document_expired', 'document_early', 'document_unsigned', 'wrong_target'],
        ...['wrong_topic', 'command_retained', 'document_replayed'],
        ...['signer_unknown', 'clock_unknown'],
      ]),
    );
    expect(figures.dark).toBeGreaterThan(0);
    expect(figures.confirmedBehind).toBeGreaterThan(0);
    expect(figures.rolledBackBehind).toBeGreaterThan(0);
  },
  TEST_MS,
);

test(
  'the same seed gives the same figures',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'jvpn-torture-'));
    try {
      const file = join(folder, 'figures.json');
      const pushes = isSlice ? 3 : 6;
      const ran = await run('--pushes', `${pushes}`, '--seed', '5', '--json', file);
      expect([ran.code, ran.stdout]).toEqual([
        0,
        expect.stringMatching(/^[36] pushes, \d+ crashes at \d+ kinds of step, 0 left without/),
      ]);
      const again = await torture({ pushes, seed: 5 }, () => {});
      const written = JSON.parse(readFileSync(file, 'utf8'));
      expect({ ...written, seconds: 0 }).toEqual(documentOf(again, 5, 0));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  TEST_MS,
);

/** What each is noticed by, within the first ten pushes. */
const PLANTED = [
  ['rotated-key-signs-on', 'trusts 1, 2, 3, and should trust 2, 3'],
  ['successors-forgotten-at-boot', 'trusts 1, 2, and should trust 1, 2, 3'],
  ['rotation-without-clock', 'does not say clock_unknown'],
  ['confirmed-without-proof', 'no session held under it in its window'],
  ['rolled-back-to-file', 'follows 1, 4 holds'],
  ['document-refused-unsaid', 'says nothing of a document for somebody else'],
  ['later-policy-forgotten', 'does not say policy_confirmed'],
] as const;

test.each(PLANTED.slice(0, isSlice ? 1 : PLANTED.length))(
  'with %s planted it fails',
  async (mutant, words) => {
    const { code, stdout, stderr } = await run('--pushes', '10', '--mutant', mutant);
    expect([code, stdout]).toEqual([1, expect.stringMatching(/kinds of step, \d+ violations$/m)]);
    expect(stderr).toContain(words);
  },
  TEST_MS,
);

test('arguments that make no sense', async () => {
  for (const argv of [
    ['--pushes', '0'],
    ['--mutant', 'none-such'],
    ['--push', '3'],
  ]) {
    const { code, stderr } = await run(...argv);
    expect([code, stderr]).toEqual([2, expect.stringContaining('see scripts/torture --help')]);
  }
});
