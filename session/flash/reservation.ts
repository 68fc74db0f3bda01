/**
 * Numbers that must never be used twice, reserved ahead so that the hot path writes nothing.
 *
 * Two counters work this way: state versions, and the seconds of the WireGuard timestamp. Before a
 * number is used a ceiling at or above it is durable; after a crash the next run starts above the
 * ceiling, once a higher one is durable.
 *
 * If the newest slot rots, the older one still tells enough: the slots are kept at most one `skip`
 * apart, so skipping that much lands above everything that was ever used.
 *
 * ```text
 *            older.ceiling      newest.ceiling
 *   used ──────────┤──────────────────┤
 *                  ├────── skip ────────────┤  newest slot lost: go on here + 1
 * ```
 *
 * Source: docs/protocol.md, "state_version, claims and answers".
 *
 * @module
 */

/** How one counter is reserved. */
export interface Quota {
  /** A ceiling is raised to this far above the number in use. */
  readonly block: number;
  /** How far apart the ceilings of the two slots may be; at least a block. */
  readonly skip: number;
}

/**
 * 1,024 versions. The skip is two blocks: a write that failed and was half believed leaves the slots
 * two generations apart.
 */
export const VERSIONS: Quota = { block: 1_024, skip: 2_048 };
/** 4 hours of timestamps, in seconds. */
export const TIMESTAMPS: Quota = { block: 14_400, skip: 28_800 };

/** The highest number that may have been used, judged by the older slot alone. */
export function ceilingAfterLoss(quota: Quota, ceiling: number): number {
  return ceiling + quota.skip;
}

/** Whether losing the newest slot would bring used numbers back, so that both have to be written. */
export function isTooFarApart(quota: Quota, newest: number, older: number): boolean {
  return newest > older + quota.skip;
}
