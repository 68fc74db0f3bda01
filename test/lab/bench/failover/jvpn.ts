/**
 * jvpn in a lane: a hub that stays, and a new session for every round.
 *
 * An agent that is told to stop ends its session first; the next one opens another.
 *
 * @module
 */

import type { AuditRow } from '../../../../hal/linux/auditLog.ts';
import { askControl } from '../../../../hal/linux/controlClient.ts';
import { AuditFeed, linkOf } from '../../demo/feed.ts';
import type { LinkName } from '../../plan.ts';
import { eventually, type LabProcess } from '../../process.ts';
import { Site } from '../../site.ts';
import type { Topology } from '../../topology.ts';
import { FAILBACK_STABLE_MS } from './classes.ts';

const DEVICE = 'gateway';
const ATTACH_MAX_MS = 10_000;
const ASK_MS = 2_000;

/**
 * The default policy, but for what a round would have to wait for: half a minute before a link is gone back to, and for its
 * turn, because the hub counts the claims of a device over all its sessions and no device opens twenty a minute. Of every
 * class.
 */
export const POLICY = `version = 1
name = "bench"

[switching]
failback_stable_ms = ${FAILBACK_STABLE_MS}

[admission]
reattach_per_session_per_minute = 600
`;

export class JvpnSite implements AsyncDisposable {
  readonly hubFeed = new AuditFeed();
  readonly #site: Site;
  #hub: LabProcess | null = null;

  constructor(net: Topology, binary: string) {
    this.#site = new Site(net, { binary, policy: POLICY });
  }

  async start(): Promise<void> {
    await this.startHub();
    await this.#site.device(DEVICE);
  }

  async startHub(): Promise<void> {
    this.#hub = await this.#site.hub();
    this.hubFeed.follow(this.#hub);
  }

  async killHub(): Promise<void> {
    await this.#hub?.stop('SIGKILL');
  }

  startAgent(): LabProcess {
    return this.#site.agent(DEVICE);
  }

  /** Of the device, inside the tunnel. */
  async innerAddress(): Promise<string> {
    const socket = this.#site.path(`${DEVICE}.sock`);
    const answer = await askControl(socket, { method: 'status' }, ASK_MS);
    if (!answer.ok) throw new Error(answer.message);
    return (answer.value as { inner4: string }).inner4.replace(/\/.*$/, '');
  }

  /** A new session, attached. */
  async session(): Promise<JvpnSession> {
    const session = new JvpnSession(this);
    try {
      await session.untilAttached();
      return session;
    } catch (error) {
      await session[Symbol.asyncDispose]();
      const said = session.rows.map(({ reason_code }) => reason_code).join(', ');
      throw new Error(`${(error as Error).message}; the device said ${said || 'nothing'}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hub?.stop();
    await this.#site[Symbol.asyncDispose]();
  }
}

export class JvpnSession implements AsyncDisposable {
  readonly #site: JvpnSite;
  readonly #feed = new AuditFeed();
  readonly #hubRowsBefore: number;
  #agent: LabProcess;

  constructor(site: JvpnSite) {
    this.#site = site;
    this.#hubRowsBefore = site.hubFeed.rows.length;
    this.#agent = site.startAgent();
    this.#feed.follow(this.#agent);
  }

  /** What the device has said of this session so far. */
  get rows(): readonly AuditRow[] {
    return this.#feed.rows;
  }

  get binding(): Pick<AuditRow, 'session_id' | 'transport'> {
    const row = this.rows.findLast(({ event, to }) => event === 'transition' && to === 'ATTACHED');
    return { session_id: row?.session_id ?? null, transport: row?.transport ?? null };
  }

  async untilAttached(): Promise<void> {
    const isAttached = () => {
      if (this.#agent.hasEnded) throw new Error(`the agent ended: ${this.#agent.stderr.join(' ')}`);
      return this.#hasReached(0, () => true);
    };
    await eventually('the session is attached', isAttached, ATTACH_MAX_MS);
  }

  isAttachedOn(link: LinkName, sinceRow: number): boolean {
    return this.#hasReached(sinceRow, (row) => linkOf(row.transport) === link);
  }

  hasReattached(sinceRow: number): boolean {
    return this.#hasReached(sinceRow, () => true);
  }

  /** Since this session began. */
  hubSaid(reason: string): boolean {
    const rows = this.#site.hubFeed.rows.slice(this.#hubRowsBefore);
    return rows.some(({ reason_code }) => reason_code === reason);
  }

  async restartHub(): Promise<void> {
    await this.#site.killHub();
    await this.#site.startHub();
  }

  async restartAgent(): Promise<void> {
    await this.#agent.stop('SIGKILL');
    this.#agent = this.#site.startAgent();
    this.#feed.follow(this.#agent);
  }

  /** Ends the session, as an agent does that is told to stop. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.stop();
  }

  #hasReached(sinceRow: number, fits: (row: AuditRow) => boolean): boolean {
    return this.rows
      .slice(sinceRow)
      .some((row) => row.event === 'transition' && row.to === 'ATTACHED' && fits(row));
  }
}
