/**
 * The main thread's line to the agent's tunnel thread.
 *
 * @module
 */
import { ThreadLink } from '../hal/threadLink.ts';
import type { FromTunnel, ToTunnel } from './messages.ts';
import type { TunnelStatus } from './status.ts';

export class TunnelLink extends ThreadLink<ToTunnel, FromTunnel> {
  /** What the tunnel thread is doing now; rejects if it does not answer in time. */
  async status(): Promise<TunnelStatus> {
    return (await this.ask((requestId) => ({ kind: 'status', requestId }))).status;
  }
}
