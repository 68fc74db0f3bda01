/**
 * The main thread's line to the agent's tunnel thread.
 *
 * @module
 */
import { ThreadLink } from '../hal/threadLink.ts';
import { assert } from '../session/assert.ts';
import type { NotRebound } from './denial.ts';
import type { FromTunnel, NotOrdered, Order, ToTunnel } from './messages.ts';
import type { TunnelStatus } from './status.ts';

export class TunnelLink extends ThreadLink<ToTunnel, FromTunnel> {
  /** What the tunnel thread is doing now; rejects if it does not answer in time. */
  async status(): Promise<TunnelStatus> {
    const answer = await this.ask((requestId) => ({ kind: 'status', requestId }));
    assert(answer.kind === 'status', 'a question is answered in kind');
    return answer.status;
  }

  /** Whether a link is usable. A tunnel thread that does not answer asks nobody either: false. */
  async hasLink(): Promise<boolean> {
    try {
      const { links } = await this.status();
      return links.some(({ usable }) => usable);
    } catch {
      return false;
    }
  }

  /** Ask for another link: why it is not tried, or null where it is. Rejects as {@link status} does. */
  async rebind(linkName: string): Promise<NotRebound | null> {
    const answer = await this.ask((requestId) => ({ kind: 'rebind', requestId, linkName }));
    assert(answer.kind === 'rebind', 'a question is answered in kind');
    return answer.denied;
  }

  /** Why it is not begun, or null where it is. Rejects as {@link status} does. */
  async order(order: Order): Promise<NotOrdered | null> {
    const answer = await this.ask((requestId) => ({ kind: 'order', requestId, order }));
    assert(answer.kind === 'order', 'a question is answered in kind');
    return answer.denied;
  }
}
