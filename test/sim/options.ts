/**
 * What a seed draws before its run starts: swarm style, first which faults exist, then how strong.
 *
 * @module
 */
import { Random } from './random.ts';

export interface Options {
  readonly seed: number;
  readonly links: readonly ('ethernet' | 'wifi' | 'lte')[];
  readonly lossPercentMax: number;
  readonly duplicatePercent: number;
  readonly delayMaxMs: number;
  readonly hasCarrierLoss: boolean;
  readonly hasSilence: boolean;
  readonly hasOneWay: boolean;
  readonly hasRebind: boolean;
  readonly hasMtuChanges: boolean;
  readonly deviceCrashes: number;
  readonly hubCrashes: number;
  readonly unknownStorePercent: number;
  readonly failedWritePercent: number;
  readonly losesFlash: boolean;
  readonly hasClone: boolean;
  readonly hasOperator: boolean;
  readonly chaosMs: number;
}

export function drawOptions(seed: number): Options {
  const random = new Random(seed);
  const has = (percent: number) => random.chance(percent);
  const kinds = ['ethernet', 'wifi', 'lte'] as const;
  return {
    seed,
    links: kinds.slice(0, random.between(1, 3)),
    lossPercentMax: has(60) ? random.between(1, 40) : 0,
    duplicatePercent: has(40) ? random.between(1, 20) : 0,
    delayMaxMs: random.between(5, 300),
    hasCarrierLoss: has(60),
    hasSilence: has(60),
    hasOneWay: has(40),
    hasRebind: has(40),
    deviceCrashes: has(50) ? random.between(1, 4) : 0,
    hubCrashes: has(50) ? random.between(1, 3) : 0,
    unknownStorePercent: has(40) ? random.between(5, 40) : 0,
    failedWritePercent: has(30) ? random.between(5, 40) : 0,
    losesFlash: has(20),
    hasClone: has(25),
    hasOperator: has(25),
    chaosMs: random.between(30_000, 240_000),
    hasMtuChanges: has(40),
  };
}
