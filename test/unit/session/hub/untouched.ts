/**
 * The promise of a refusal: the recorded session is not touched by it.
 *
 * @module
 */
import { expect } from 'bun:test';
import type { Rig } from './rig.ts';

/** Whatever `act` does, the recorded session, its route and our view stay as they are. */
export const untouched = (rig: Rig, act: () => void): void => {
  const before = { record: rig.record, route: rig.route, state: rig.seat.state };
  act();
  expect({ record: rig.record, route: rig.route, state: rig.seat.state }).toEqual(before);
};
