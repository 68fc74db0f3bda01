/**
 * Ways to break a run on purpose: the checkers have to notice each of them.
 *
 * @module
 */
export type Canary =
  /** A device's flash that gives back, after a crash, no version ceiling. */
  'forgetfulFlash';
