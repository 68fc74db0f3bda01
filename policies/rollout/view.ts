/**
 * What was heard of one device, as far as a rollout reckons with it.
 *
 * @module
 */
import type { Before, Outcome, Reported } from './outcome.ts';

export interface Health {
  readonly policyVersion: number | null;
  readonly state: string;
  readonly switchesLastMinute: number;
}

export interface DeviceView {
  /** Null: the broker has nothing about it. */
  readonly online: boolean | null;
  readonly reported: Reported | null;
  /** What it had said when the newest document was published, or null where that was not heard. */
  readonly before: Before | null;
  readonly outcome: Outcome;
  readonly health: Health | null;
  /** When a report came, monotonic; of one that the broker had kept, when that was heard first. */
  readonly healthAtMs: number | null;
}
