/**
 * Goal: the model check finds nothing in the cores, and what it explores does not shrink unnoticed.
 * Method: a slice of each world, breadth first, with its number of states and transitions pinned. A change of the cores or of
 * a world may change them: then the numbers are looked at and written down anew.
 */
import { expect, test } from 'bun:test';
import { run } from './presets.ts';
import { SLICES } from './slice.ts';

const PINNED: Readonly<Record<string, readonly [states: number, transitions: number]>> = {
  'ownership three hubs': [3530, 6806],
  'ownership two hubs': [850, 1980],
  'claim one hub': [2486, 3948],
  'claim two hubs': [2809, 4819],
};

test.each(SLICES)(
  '$world, $name: nothing is found',
  (slice) => {
    const { depthMax, healDepthMax } = slice;
    const { finding, states, transitions, depth } = run(slice, {
      depthMax,
      healDepthMax,
      statesMax: 100_000,
    });
    expect(finding).toBeNull();
    expect(depth).toBe(depthMax);
    expect([states, transitions]).toEqual([...PINNED[`${slice.world} ${slice.name}`]!]);
  },
  60_000,
);
