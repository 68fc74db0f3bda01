/**
 * Goal: no input that ever broke something breaks it again, and a slice of new ones breaks nothing.
 * Method: replay regressions and corpus of every target, then a fixed number of seeded runs.
 *
 * `scripts/fuzz` does the same at length.
 */
import { afterAll, expect, test } from 'bun:test';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CORPORA_BYTES_MAX, CORPUS_FOLDER, hexOf, readKnown } from '../../fuzz/corpus.ts';
import { inputOf, tryInput } from '../../fuzz/engine.ts';
import { TARGETS } from '../../fuzz/targets.ts';

const SEED = 2026;
/** Targets with keys, sockets or long histories; about a second each. */
const RUNS: Readonly<Record<string, number>> = {
  ...{ hub: 30, device: 30, plain: 40, seat: 400, core: 200, mqtt: 300, socket: 200 },
  ...{ deliver: 500, flash: 1_000, policy: 1_500, record: 1_000, audit: 2_000, fleet: 1_000 },
  ...{ document: 500, documents: 400, 'push-record': 150 },
};
const RUNS_DEFAULT = 4_000;
const SHARE = process.env['SLICE'] === '1' ? 0.1 : 1;

afterAll(async () => {
  for (const target of TARGETS) await target.close?.();
});

for (const target of TARGETS) {
  test(`${target.name}: ${target.what}`, async () => {
    const { regressions, corpus } = readKnown(target.name);
    expect(corpus.length).toBeGreaterThan(3);
    for (const input of [...regressions, ...corpus]) {
      const { crash } = await tryInput(target, input.slice(), -1);
      expect([hexOf(input), crash?.reason]).toEqual([hexOf(input), undefined]);
    }
    let accepted = 0;
    const runs = Math.ceil((RUNS[target.name] ?? RUNS_DEFAULT) * SHARE);
    for (let run = 0; run < runs; run++) {
      const input = inputOf(target, SEED, run, corpus);
      const { outcome, crash } = await tryInput(target, input.slice(), run);
      if (outcome === 'accepted') accepted += 1;
      expect([crash?.reason, crash === null ? '' : hexOf(input)]).toEqual([undefined, '']);
    }
    // A generator that never gets past the first check tests the first check.
    expect(accepted).toBeGreaterThan(0);
  }, 60_000);
}

test('the corpora are small, and each belongs to a target', () => {
  const files = readdirSync(CORPUS_FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.txt'),
  );
  const bytes = files.reduce((sum, name) => sum + statSync(join(CORPUS_FOLDER, name)).size, 0);
  expect(bytes).toBeLessThan(CORPORA_BYTES_MAX);
  const names = files.map((name) => name.replace(/^regressions\//, '').replace(/\.txt$/, ''));
  const known = TARGETS.map(({ name }) => name);
  expect(names.filter((name) => !known.includes(name))).toEqual([]);
});
