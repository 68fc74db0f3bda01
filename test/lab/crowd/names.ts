/**
 * Names that a crowd and who steers it have in common.
 *
 * @module
 */

/** The group of the first devices of a crowd. */
export const CANARY = 'canary';
