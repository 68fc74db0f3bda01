/**
 * What a seed draws before its run starts: swarm style, first which faults exist, then how strong.
 *
 * @module
 */
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
