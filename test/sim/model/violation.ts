/**
 * What must never happen has happened, in the middle of a move.
 *
 * @module
 */

export class Violation extends Error {
  override readonly name = 'Violation';
}
