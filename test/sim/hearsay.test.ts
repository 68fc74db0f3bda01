/**
 * Goal: ICMP errors that anybody may send move nothing, and make a device ask no more than once a second.
 *
 * Method: a run with them and the same run without. Under traffic with cuts (seeds of `draw/cuts.ts`), and in silence with
 * nothing wrong, where nothing but these errors could be a reason to ask.
 */
import { expect, test } from 'bun:test';
import { divergence } from '../../session/invariants/telemetryIndependent.ts';
import { CUT_SEEDS_FROM } from './draw/cuts.ts';
import { CHAOS_BEGINS_MS } from './draw/draw.ts';
import type { Outcome } from './outcome.ts';
import { run } from './run.ts';
import { drawScenario, type Scenario } from './scenario.ts';

const SEEDS = process.env['SLICE'] === undefined ? [2, 3, 4] : [3];
/** A busy machine is no finding. */
const PATIENCE_MS = 120_000;
const QUIET_MS = 30_000;
/** Fewer were no attack. */
const HEARD_MIN = 100;

/** From the first session on somebody forges errors about every link. */
function attacked({ options, faults, ...rest }: Scenario): Scenario {
  const forged = options.devices.flatMap(({ links }, device) =>
    links.map((_, link) => {
      const of = { kind: 'link', device, link } as const;
      return { ...of, atMs: CHAOS_BEGINS_MS, change: { icmp: 'forged' } } as const;
    }),
  );
  return { ...rest, options, faults: [...forged, ...faults] };
}

function quiet({ options: { losesNothing: _, ...options }, ...rest }: Scenario): Scenario {
  const traffic = { ...options.traffic, gapMs: 0 };
  return { ...rest, options: { ...options, traffic, chaosMs: QUIET_MS }, faults: [] };
}

function both(scenario: Scenario): { readonly calm: Outcome; readonly loud: Outcome } {
  const [calm, loud] = [run(scenario), run(attacked(scenario))];
  expect([scenario.seed, calm.violations, loud.violations]).toEqual([scenario.seed, [], []]);
  expect(calm.moves.length).toBeGreaterThan(0);
  expect(loud.coverage.moments['device counts icmp_error']).toBeGreaterThan(HEARD_MIN);
  return { calm, loud };
}

const packets = ({ coverage: { fates } }: Outcome) =>
  Object.values(fates).reduce((sum, count) => sum + count, 0);

for (const at of SEEDS) {
  const scenario = drawScenario(CUT_SEEDS_FROM + at);

  test(
    `seed ${scenario.seed}: under forged errors a device moves when and where it moves without them`,
    () => {
      const { calm, loud } = both(scenario);
      expect(divergence(calm.moves, loud.moves)).toBeNull();
    },
    PATIENCE_MS,
  );

  test(
    `seed ${scenario.seed} in silence: it asks because of them, and once a second at most`,
    () => {
      const { calm, loud } = both(quiet(scenario));
      expect(divergence(calm.moves, loud.moves)).toBeNull();
      const more = packets(loud) - packets(calm);
      expect(more).toBeGreaterThan(0);
      // A question and its answer each; the attack is over when everything heals.
      expect(more).toBeLessThanOrEqual((2 * QUIET_MS) / 1_000);
    },
    PATIENCE_MS,
  );
}
