/**
 * What every run of the tests explores of the model: small, and counted, so that no space shrinks unnoticed.
 *
 * @module
 */
import type { Configuration } from './presets.ts';

export type Slice = Configuration & {
  readonly name: string;
  readonly depthMax: number;
  readonly healDepthMax: number;
};

// biome-ignore format: this is a table
export const SLICES: readonly Slice[] = [
  { world: 'ownership', hubs: 3, name: 'three hubs', depthMax: 4, healDepthMax: 3, budget: { claims: 1, lapses: 1, crashes: 1, unknowns: 1 } },
  { world: 'ownership', hubs: 2, name: 'two hubs',   depthMax: 9, healDepthMax: 5, budget: { claims: 1, lapses: 1 } },
  { world: 'claim',     hubs: 1, name: 'one hub',    depthMax: 5, healDepthMax: 4, budget: { deaths: 1, crashes: 1, hubCrashes: 1, unknowns: 1, clones: 1, probes: 1 } },
  { world: 'claim',     hubs: 2, name: 'two hubs',   depthMax: 7, healDepthMax: 4, budget: { deaths: 1, hubCrashes: 1, unknowns: 1 } },
];
