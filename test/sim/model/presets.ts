/**
 * The configurations that are explored, and how deep: each in under three minutes on one core.
 *
 * @module
 */
import type { Budget as ClaimBudget } from './claim/state.ts';
import { ClaimWorld } from './claim/world.ts';
import type { Exploration, Options } from './explorer.ts';
import { explore } from './explorer.ts';
import type { Budget as OwnershipBudget } from './ownership/state.ts';
import { OwnershipWorld } from './ownership/world.ts';

export type WorldName = 'ownership' | 'claim';

interface Ownership {
  readonly world: 'ownership';
  readonly hubs: 2 | 3;
  readonly budget: Partial<OwnershipBudget>;
}

interface Claim {
  readonly world: 'claim';
  readonly hubs: 1 | 2;
  readonly budget: Partial<ClaimBudget>;
}

export type Configuration = Ownership | Claim;

export type Preset = Configuration & {
  readonly name: string;
  readonly depthMax: number;
  /** From every state up to this depth it is shown that all can come good again. */
  readonly healDepthMax: number;
};

const NO_OWNERSHIP: OwnershipBudget = { claims: 0, lapses: 0, crashes: 0, unknowns: 0, moments: 0 };
const NO_CLAIM: ClaimBudget = {
  deaths: 0,
  crashes: 0,
  hubCrashes: 0,
  unknowns: 0,
  clones: 0,
  probes: 0,
};

const own = (name: string, hubs: 2 | 3, budget: Partial<OwnershipBudget>, depths: number[]) =>
  preset({ world: 'ownership', hubs, budget }, name, depths);
const claim = (name: string, hubs: 1 | 2, budget: Partial<ClaimBudget>, depths: number[]) =>
  preset({ world: 'claim', hubs, budget }, name, depths);

function preset(
  configuration: Configuration,
  name: string,
  [depth = 0, heal = 0]: number[],
): Preset {
  return { ...configuration, name, depthMax: depth, healDepthMax: heal };
}

// biome-ignore format: this is a table
export const PRESETS: readonly Preset[] = [
  own('three hubs',       3, { claims: 2, lapses: 2, crashes: 1, unknowns: 1 }, [7, 5]),
  own('takeover',         2, { claims: 1, lapses: 2, unknowns: 1 }, [16, 11]),
  own('two claims',       2, { claims: 2, lapses: 1, crashes: 1, unknowns: 1 }, [10, 7]),
  own('late answers',     2, { claims: 1, lapses: 2, moments: 1 }, [14, 9]),
  own('crashes',          2, { claims: 1, lapses: 1, crashes: 2 }, [13, 9]),
  claim('everything',     1, { deaths: 1, crashes: 1, hubCrashes: 1, unknowns: 1, clones: 1, probes: 1 }, [8, 6]),
  claim('link and store', 1, { deaths: 1, unknowns: 1, probes: 1 }, [10, 8]),
  claim('restarts',       1, { deaths: 1, crashes: 1, hubCrashes: 1 }, [11, 8]),
  claim('copy',           1, { crashes: 1, clones: 1 }, [13, 9]),
  claim('copy and links', 1, { deaths: 2, clones: 1 }, [9, 7]),
  claim('two hubs',       2, { deaths: 1, hubCrashes: 1, unknowns: 1 }, [11, 8]),
  claim('two hubs, copy', 2, { deaths: 1, crashes: 1, clones: 1 }, [10, 8]),
];

export function run(configuration: Configuration, options: Options): Exploration {
  const { budget, hubs } = configuration;
  if (configuration.world === 'ownership') {
    const world = new OwnershipWorld({ ...NO_OWNERSHIP, ...budget }, hubs === 3 ? 3 : 2);
    return explore(world, options);
  }
  return explore(new ClaimWorld({ ...NO_CLAIM, ...budget }, hubs === 2 ? 2 : 1), options);
}
