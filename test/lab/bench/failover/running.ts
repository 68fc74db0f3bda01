/**
 * What a contender that is ready to carry traffic is to the measurement.
 *
 * @module
 */
import type { JvpnSession } from './jvpn.ts';
import type { StreamProtocol } from './sockets.ts';

/** Traffic had left the link before anything was done to it: there is nothing to measure. */
export class LeftEarly extends Error {
  override readonly name = 'LeftEarly';
}

export interface Running extends AsyncDisposable {
  /** Where the far ends of the flows are, and how they and the device reach each other. */
  readonly far: 'server' | 'hub';
  readonly farAddress: string;
  readonly deviceAddress: string;
  readonly protocol: StreamProtocol;
  readonly hasUdp: boolean;
  readonly session: JvpnSession | null;
  /** Throws if it is not what it says it is, or {@link LeftEarly}. Asked for when the flows have run for a while. */
  readonly check?: () => Promise<void>;
  /** How often it has moved to another link; left out by what does not tell. */
  readonly moves?: () => number;
}
