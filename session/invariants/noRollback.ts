/**
 * I4 no-rollback: state_version, owner_epoch and hub_seq never go back.
 *
 * Works on what two consecutive records, or two consecutive audit events of one writer, say.
 *
 * @module
 */

export interface Clocks {
  readonly stateVersion: number;
  readonly ownerEpoch: number;
  readonly hubSeq: number;
}

/** What went back between `before` and `after`, or null. */
export function rollbackBetween(before: Clocks, after: Clocks): string | null {
  for (const clock of ['stateVersion', 'ownerEpoch', 'hubSeq'] as const) {
    if (after[clock] < before[clock]) {
      return `I4: ${clock} went back from ${before[clock]} to ${after[clock]}`;
    }
  }
  return null;
}
