/**
 * Everything that may go wrong, as plain data with a time.
 *
 * A fault names the state from then on, never a toggle: any of them may be left out and the rest still
 * means the same. Times count from the begin of the run.
 *
 * @module
 */
import type { PolicyVariant } from './options.ts';

/** What a link is like from now on; what is not named stays. */
export interface LinkChange {
  /** The kernel's fact: cable out, not associated, modem off. */
  readonly carrier?: boolean;
  /** Whether the link has an address; without one its sockets are closed. */
  readonly address?: boolean;
  /** Which of its addresses the link has, 0 the first: another one is there, and the one before is gone, as when DHCP renumbers. */
  readonly addressNumber?: number;
  /** Whether a route leads beyond the neighbours. */
  readonly route?: boolean;
  /** A modem that is pulled out is no interface at all, and comes back as another one. */
  readonly plugged?: boolean;
  /** Up, with an address, and nothing comes through either way. */
  readonly silent?: boolean;
  /** One way only: what the device sends, what it would hear. */
  readonly outCut?: boolean;
  readonly inCut?: boolean;
  /** A captive portal: swallows everything, and answers some of it with garbage. */
  readonly captive?: boolean;
  readonly lossPercent?: number;
  readonly delayMs?: number;
  readonly jitterMs?: number;
  readonly duplicatePercent?: number;
  readonly reorderPercent?: number;
  /** 0: without a limit. */
  readonly kbitPerSecond?: number;
  /** Outer packets above it vanish without a word; the link says the same MTU as before. */
  readonly pathMtuBytes?: number;
  /** What the link itself says, and obeys. */
  readonly mtuBytes?: number;
  /** Somebody on the access network; see `network/intruder.ts`. */
  readonly intruder?: 'none' | 'copies' | 'swallows';
  /**
   * `genuine`: whatever the link swallows is answered by an ICMP error. `forged`: somebody sends such errors again and
   * again, although nothing is wrong.
   */
  readonly icmp?: 'none' | 'genuine' | 'forged';
  /** What a modem or a driver says of its radio, and is so: without one nothing comes through, carrier or not. */
  readonly radio?: 'unsaid' | 'connected' | 'disconnected';
  /** The NAT forgets its mapping: another source port from here on, nothing to the old one arrives. */
  readonly rebind?: true;
}

/** A process dies. */
interface Death {
  readonly downMs: number;
  /** Die at the n-th call into the HAL from then on, so at any effect's boundary; 0: at once. */
  readonly afterCalls: number;
}

/** What a power cut does to flash: synced writes stay, others are as the medium likes. */
export type FlashFate = 'keep' | 'torn' | 'rotOne' | 'rotBoth' | 'wiped';

export interface FlashChange {
  /** Writes fail: nothing reached the medium, or all of it did and only the answer says otherwise. */
  readonly writes?: 'work' | 'failUnwritten' | 'failWritten' | 'full';
  /** How long a write takes at most. */
  readonly writeMs?: number;
}

export interface StoreChange {
  readonly delayMs?: number;
  /** Nothing is read or written; the hub is told nothing in time. */
  readonly unavailable?: boolean;
  /** So many of the swaps are carried out and their answers lost. */
  readonly lostAnswerPercent?: number;
  /** So many of the swaps are carried out long after the hub stopped waiting. */
  readonly latePercent?: number;
}

export type FaultBody =
  | {
      readonly kind: 'link';
      readonly device: number;
      readonly link: number;
      readonly change: LinkChange;
    }
  | ({ readonly kind: 'deviceCrash'; readonly device: number; readonly flash: FlashFate } & Death)
  /** With `power` the machine goes down with its process: its monotonic clock begins anew. */
  | ({ readonly kind: 'hubCrash'; readonly hub: number; readonly power?: boolean } & Death)
  | { readonly kind: 'flash'; readonly device: number; readonly change: FlashChange }
  | { readonly kind: 'wallStep'; readonly machine: Machine; readonly byMs: number }
  | { readonly kind: 'drift'; readonly machine: Machine; readonly ppm: number }
  /** The machine sleeps; its monotonic clock counts on. */
  | { readonly kind: 'suspend'; readonly machine: Machine; readonly forMs: number }
  | { readonly kind: 'store'; readonly change: StoreChange }
  | { readonly kind: 'storePartition'; readonly hub: number; readonly isCut: boolean }
  /** Nothing reaches this hub from devices, nor comes from it. */
  | { readonly kind: 'hubUplink'; readonly hub: number; readonly isCut: boolean }
  /** A second machine with everything that the device's flash holds at that moment. */
  | { readonly kind: 'clone'; readonly device: number; readonly downMs: number }
  /** The operator ends the session at the hubs. */
  | { readonly kind: 'operatorTerminate'; readonly device: number }
  /** The agent is told to stop, and is started again. */
  | { readonly kind: 'sigterm'; readonly device: number; readonly downMs: number }
  /** The operator asks for another link. */
  | { readonly kind: 'switchRequest'; readonly device: number; readonly link: number }
  /** The operator revokes the device, for good, at all hubs that run; at the others in the end. */
  | { readonly kind: 'revoke'; readonly device: number }
  /** Another policy, by a restart. */
  | { readonly kind: 'policy'; readonly machine: Machine; readonly policy: PolicyVariant }
  /** Another policy while the process runs: a newer version, or one that is older than the one in force. Pushed: a document for a device. */
  | {
      readonly kind: 'policyReload';
      readonly machine: Machine;
      readonly policy: PolicyVariant;
      readonly isOlder?: true;
      readonly isPushed?: true;
      /** Pushed, and to begin an hour later. */
      readonly isEarly?: true;
    }
  | { readonly kind: 'broker'; readonly device: number; readonly isUp: boolean };

export type Machine = {
  readonly role: 'device' | 'hub';
  readonly index: number;
};

export type Fault = { readonly atMs: number } & FaultBody;
export type FaultKind = Fault['kind'];

export const FAULT_KINDS = [
  'link',
  'deviceCrash',
  'hubCrash',
  'flash',
  'wallStep',
  'drift',
  'suspend',
  'store',
  'storePartition',
  'hubUplink',
  'clone',
  'operatorTerminate',
  'sigterm',
  'switchRequest',
  'revoke',
  'policy',
  'policyReload',
  'broker',
] as const satisfies readonly FaultKind[];
