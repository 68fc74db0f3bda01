/**
 * The main thread's line to the hub's tunnel thread.
 *
 * @module
 */
import { ThreadLink } from '../hal/threadLink.ts';
import type { FromHub, PeerStatus, ToHub, TunnelStatus } from './messages.ts';

export class TunnelLink extends ThreadLink<ToHub, FromHub> {
  /** Rejects if the thread does not answer in time. */
  async status(): Promise<TunnelStatus> {
    const answer = await this.ask((requestId) => ({ kind: 'status', requestId }));
    if (answer.kind !== 'status') throw new Error('the tunnel thread answered something else');
    return answer.status;
  }

  async peers(): Promise<readonly PeerStatus[]> {
    const answer = await this.ask((requestId) => ({ kind: 'peers', requestId }));
    if (answer.kind !== 'peers') throw new Error('the tunnel thread answered something else');
    return answer.peers;
  }
}
