/** Goal: what an attack adds after its first half is told, and noise is not. */
import { expect, test } from 'bun:test';
import { allowedOf, growthFaults, growthOf, type Series } from '../../../lab/hostile/flat.ts';

/** The agent stays where it is. */
const seriesOf = (...hub: readonly (readonly [alive: number, anonymous: number])[]): Series =>
  hub.map(([aliveMiB, anonymousMiB]) => ({
    hub: { aliveMiB, anonymousMiB },
    agent: { aliveMiB: 7, anonymousMiB: 28 },
  }));

const CALM = seriesOf([34, 30], [44.6, 31], [44.7, 31.5], [44.6, 31], [44.65, 31]);
const ALLOWED = allowedOf(CALM);

test('noise is three times what lies between the warm points of the calm, and what no measurement tells', () => {
  expect(ALLOWED.hub.aliveMiB).toBeCloseTo(0.25 + 3 * 0.1, 6);
  expect(ALLOWED.hub.anonymousMiB).toBeCloseTo(2 + 3 * 0.5, 6);
  expect(ALLOWED.agent).toEqual({ aliveMiB: 0.25, anonymousMiB: 2 });
});

test('a measurement that tells nothing allows no more for it', () => {
  const restless = seriesOf([34, 30], [50, 90], [60, 30], [40, 60], [50, 30]);
  expect(allowedOf(restless).hub).toEqual({ aliveMiB: 1, anonymousMiB: 8 });
});

test('growth that ends in the first half is a warm-up', () => {
  const filled = seriesOf([44, 30], [52, 60], [53, 62], [53.1, 62.5], [53.05, 63]);
  expect(growthOf(filled)?.hub.aliveMiB).toBeCloseTo(0.05, 6);
  expect(growthFaults(filled, ALLOWED)).toEqual([]);
});

test('growth that goes on is a fault, in each quantity of its own', () => {
  const kept = seriesOf([44, 30], [45, 31], [46, 32], [47, 33], [48, 34]);
  expect(growthFaults(kept, ALLOWED)).toEqual([
    'the second half added 2.00 MiB alive in its heaps to the hub, 0.55 is noise',
  ]);
  const native = seriesOf([44, 30], [44, 33], [44, 36], [44, 39], [44, 42]);
  expect(growthFaults(native, ALLOWED)).toEqual([
    'the second half added 6.00 MiB of anonymous memory to the hub, 3.50 is noise',
  ]);
});

test('a leak that begins in the last wave is seen, and so is one of the agent', () => {
  const late = seriesOf([44, 30], [44, 30], [44, 30], [44, 30], [45, 30]);
  expect(growthFaults(late, ALLOWED)).toHaveLength(1);
  const agents = late.map(({ hub, agent }) => ({ hub: agent, agent: hub }));
  expect(growthFaults(agents, ALLOWED)[0]).toContain('to the agent');
});

test('what has no two halves, or no number, is not flat', () => {
  expect(growthFaults([], ALLOWED)).toHaveLength(1);
  expect(growthFaults(seriesOf([44, 30], [44, 30]), ALLOWED)).toHaveLength(1);
  expect(growthFaults(seriesOf([44, 30], [44, 30], [44, 30], [44, 30]), ALLOWED)).toHaveLength(1);
  const blind = seriesOf([44, 30], [44, 30], [Number.NaN, 30], [44, 30], [44, 30]);
  expect(growthFaults(blind, ALLOWED)).toHaveLength(1);
});
