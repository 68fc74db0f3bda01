/**
 * What a contender that is ready to carry traffic is to the measurement.
 *
 * @module
 */
import type { JvpnSession } from './jvpn.ts';
import type { StreamProtocol } from './sockets.ts';

export interface Running extends AsyncDisposable {
  /** Where the far ends of the flows are, and how they and the device reach each other. */
  readonly far: 'server' | 'hub';
  readonly farAddress: string;
  readonly deviceAddress: string;
  readonly protocol: StreamProtocol;
  readonly hasUdp: boolean;
  readonly session: JvpnSession | null;
  /** Throws if it was not what it says it is. Asked for when the flows have run for a while. */
  readonly check?: () => Promise<void>;
  /** How often it has moved to another link; left out by what does not tell. */
  readonly moves?: () => number;
}
