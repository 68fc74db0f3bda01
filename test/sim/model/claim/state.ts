/**
 * One device, its restarts and a copy of it, two transports, one or two hubs: the state of the claim world.
 *
 * @module
 */
import type { Durable } from '../../../../session/device/event.ts';
import type { Device } from '../../../../session/device/state.ts';
import type { SessionRecord } from '../../../../session/hub/record.ts';
import type { Seat } from '../../../../session/hub/seat.ts';
import type { Frame } from '../../../../session/wire/frames.ts';

/** It is always now; when time passes, what lies in the past moves away (`shift.ts`). */
export const NOW_MS = 100_000_000;

/** The original and the copy. */
export type ProcessName = 'd' | 'c';

export interface Process {
  readonly name: ProcessName;
  readonly life: number;
  /** Null: it does not run. */
  readonly device: Device | null;
  readonly flash: Durable | null;
  /** Carrier of transports 1 and 2. */
  readonly links: readonly [boolean, boolean];
  readonly channels: number;
  /** Highest version this line of processes ever claimed with. */
  readonly usedVersion: number;
}

/** STAND-IN: a keypair is a name that both ends know, and a hash made from it; nothing is sealed. */
export interface HubChannel {
  readonly channelId: number;
  readonly key: string;
  readonly isUp: boolean;
}

export interface Hub {
  readonly life: number;
  readonly seat: Seat | null;
  readonly channels: readonly HubChannel[];
}

export type Message =
  | {
      readonly kind: 'up' | 'down';
      readonly hub: number;
      readonly key: string;
      readonly transportId: number;
      readonly frame: Frame;
    }
  | {
      readonly kind: 'swap';
      readonly hub: number;
      readonly life: number;
      readonly record: SessionRecord;
      readonly isOrphan: boolean;
    };

export interface Store {
  readonly record: SessionRecord | null;
  /** Who committed last, and how often that changed: a fight would change it without end. */
  readonly author: ProcessName | null;
  readonly turns: number;
}

export interface Budget {
  /** A link loses its carrier (it may come back at any time), or a binding is given up as dead, rightly or not. */
  readonly deaths: number;
  /** A device process dies: at any time, or before what it writes is on flash. */
  readonly crashes: number;
  readonly hubCrashes: number;
  /** Swaps whose outcome is unknown: done, not done, or done later. */
  readonly unknowns: number;
  /** A copy of the flash boots somewhere else. */
  readonly clones: number;
  /** PROBEs on a transport, answered at once. */
  readonly probes: number;
}

/** Numbers of interned parts: d, c (-1 until it boots), hubs, store, messages, budget. */
export interface State {
  readonly processes: readonly number[];
  readonly hubs: readonly number[];
  readonly store: number;
  readonly net: number;
  readonly budget: number;
}
