/**
 * Draws which faults happen when. Each kind draws from a stream of its own.
 *
 * @module
 */
import type { Fault } from '../fault.ts';
import type { Options } from '../options.ts';
import type { Random } from '../random.ts';
import { CHAOS_BEGINS_MS, type Draw } from './draw.ts';
import { icmpErrors, radios } from './hearsay.ts';
import { leaseEnds } from './leases.ts';
import { drawLinkFaults, renumberings } from './links.ts';
import {
  clones,
  deviceCrashes,
  drifts,
  flashFaults,
  hubCrashes,
  stops,
  suspends,
  wallSteps,
} from './machines.ts';
import {
  copyCrashes,
  deafFlashes,
  doubleCrashes,
  flaps,
  hastySwitches,
  hubRelapses,
  races,
  unheardEnds,
} from './races.ts';
import {
  brokers,
  hubUplinks,
  intruders,
  policies,
  policyReloads,
  revocations,
  storeFaults,
  storePartitions,
  switchRequests,
  terminations,
} from './services.ts';

type Drawer = (draw: Draw) => void;

/** Per kind: how many seeds of a hundred have it, and what it is like there. */
const KINDS: readonly (readonly [name: string, percent: number, draw: Drawer])[] = [
  ['deviceCrash', 45, deviceCrashes],
  ['hubCrash', 40, hubCrashes],
  ['flash', 30, flashFaults],
  ['wallStep', 25, wallSteps],
  ['drift', 15, drifts],
  ['suspend', 20, suspends],
  ['store', 40, storeFaults],
  ['storePartition', 25, storePartitions],
  ['hubUplink', 20, hubUplinks],
  ['clone', 15, clones],
  ['operatorTerminate', 15, terminations],
  ['sigterm', 15, stops],
  ['switchRequest', 20, switchRequests],
  ['revoke', 4, revocations],
  ['policy', 25, policies],
  ['broker', 30, brokers],
  ['intruder', 15, intruders],
  ['race', 30, races],
  ['doubleCrash', 15, doubleCrashes],
  ['unheardEnd', 12, unheardEnds],
  ['hastySwitch', 15, hastySwitches],
  ['flap', 15, flaps],
  ['copyCrash', 10, copyCrashes],
  ['leaseEnd', 45, leaseEnds],
  ['deafFlash', 10, deafFlashes],
  ['hubRelapse', 20, hubRelapses],
  ['policyReload', 30, policyReloads],
  ['icmp', 20, icmpErrors],
  ['radio', 20, radios],
  ['renumbering', 25, renumberings],
];

export function drawFaults(random: Random, options: Options): Fault[] {
  const faults: Fault[] = [];
  const drawOf = (own: Random): Draw => ({
    random: own,
    options,
    at: (atMs, body) => {
      if (atMs <= options.chaosMs) faults.push({ atMs: Math.round(atMs), ...body });
    },
    sometime: () => own.between(CHAOS_BEGINS_MS, options.chaosMs),
  });
  drawLinkFaults(drawOf(random.fork('links')));
  for (const [name, percent, draw] of KINDS) {
    const own = random.fork(name);
    if (own.chance(percent)) draw(drawOf(own));
  }
  return faults.sort((a, b) => a.atMs - b.atMs);
}
