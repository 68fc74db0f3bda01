/**
 * A device in the simulator: the real shell, session, keys and flash store of the agent, in one thread.
 *
 * Both threads of the daemon are here. The tunnel thread's turn is `agent/turn.ts`; the main thread's
 * durable work goes through `mainThread`, one piece after the other, and its answers come back as the
 * messages that they are. Not here: control socket, addresses and routes, telemetry.
 *
 * ```text
 *   const device = new AgentProcess(parts);
 *   device.boot();                   // flash, policy, sockets, first claims
 *   device.linksChanged();           // after `snapshots` gives something else
 *   device.turn();                   // after a datagram or a packet arrived, or at nextDeadlineMs()
 *   device.sigterm(); device.rebind('wlan0');
 *   device.crash();                  // also by itself, when the HAL throws a PowerCut
 * ```
 *
 * A process that ends by itself (no policy, no flash, SIGTERM, an invariant) tells `onExit`; whoever plays
 * the supervisor boots it again.
 *
 * @module
 */

import { isPolicyAdmitted, makeDurable, rememberedAtBoot } from '../../../agent/durable.ts';
import { Memory } from '../../../agent/memory.ts';
import type { FromTunnel, TimestampGrant, ToTunnel, TunnelSetup } from '../../../agent/messages.ts';
import { tunnelRules } from '../../../agent/rules.ts';
import { SessionShell } from '../../../agent/sessionShell.ts';
import { Spending } from '../../../agent/spending.ts';
import type { TunnelStatus } from '../../../agent/status.ts';
import { Turn } from '../../../agent/turn.ts';
import { type OpenSocket, Uplinks } from '../../../agent/uplinks.ts';
import type { DatagramSocket } from '../../../hal/datagram.ts';
import { halOk } from '../../../hal/result.ts';
import type { Policy } from '../../../policies/schema.ts';
import { assert, InvariantError } from '../../../session/assert.ts';
import type { AuditEvent } from '../../../session/audit.ts';
import { PLAIN_TIMES } from '../../../session/channel/age.ts';
import { earlier } from '../../../session/deadline.ts';
import type { Device } from '../../../session/device/state.ts';
import type { Life, Wish } from './agentLife.ts';
import type { AgentExit, AgentParts } from './agentParts.ts';
import { openPushed, takeFile } from './pushed.ts';
import {
  Buffers,
  chosenOf,
  closeDead,
  isPowerCut,
  ROUNDS_MAX,
  type SimProcess,
} from './simProcess.ts';

/** As in `agent/daemon.ts`. */
const SHUTDOWN_MAX_MS = 2_000;

export class AgentProcess implements SimProcess {
  readonly name: string;
  readonly #parts: AgentParts;
  readonly #buffers = new Buffers();
  readonly #sockets = new Set<DatagramSocket>();
  #life: Life | null = null;
  /** Raised by every end: what was scheduled for an earlier life does not happen. */
  #lives = 0;
  #isBooting = false;
  readonly #inbox: ToTunnel[] = [];
  readonly #wishes: Wish[] = [];
  #hasNewLinks = false;
  #isTurning = false;
  /** SIGTERM came; the process waits no longer than this for its end to be durable. */
  #stopAtMs: number | null = null;
  #status: TunnelStatus | null = null;

  constructor(parts: AgentParts) {
    this.name = parts.name;
    this.#parts = parts;
  }

  get isRunning(): boolean {
    return this.#life !== null;
  }

  /** The session's state; null while the process is down. */
  get device(): Device | null {
    return this.#life?.shell.device ?? null;
  }

  boot(): void {
    if (this.#life !== null) return;
    this.#isBooting = true;
    this.#guarded(() => this.#boot());
    this.#isBooting = false;
    this.turn();
  }

  #boot(): void {
    const { flash, spendingFlash, identity, random, clock, links, snapshots } = this.#parts;
    const memory = new Memory(flash, identity.privateKey, random);
    const push = openPushed(this.#parts, memory);
    const policy = push?.policy ?? this.#parts.policy();
    if (!isPolicyAdmitted(memory, policy.version)) return this.#end('policyRefused');
    if (!memory.applyPolicy(policy.version)) return this.#end('flashFailed');
    const spending = Spending.open(policy, links, () => halOk(spendingFlash));
    if (!spending.ok) return this.#end('flashFailed');
    const grant = memory.reserveTimestamps(clock.wallMs(), true);
    if (grant === null) return this.#end('flashFailed');
    this.#buffers.reset();
    const { newMemory } = this.#buffers;
    const { dh } = this.#parts.primitives;
    const { metering } = spending.value;
    const setup = { ...this.#setup(memory, grant, tunnelRules(policy, links)), metering };
    const uplinks = new Uplinks(setup, (options) => this.#openSocket(options));
    const { tun } = this.#parts;
    const shell = new SessionShell({
      setup,
      chosen: chosenOf(this.#parts.primitives),
      means: { dh, random, newMemory },
      clock,
      tun,
      uplinks,
      post: (message) => this.#onPost(message),
    });
    const turn = new Turn({ shell, uplinks, tun, newMemory, isReady: () => true });
    const policyVersion = policy.version;
    const versions = { policyVersion, boundsVersion: policyVersion };
    const life: Life = { memory, spending: spending.value, push, ...versions, shell, turn };
    this.#life = life;
    this.#beginPush(life);
    if (this.#wishes.length > 0) this.#askMainThread();
    shell.onLinks(snapshots());
  }

  /** Before the session says anything, as in `agent/daemon.ts`. */
  #beginPush({ memory, spending, push }: Life): void {
    push?.begin({
      ...{ memory, spending, links: this.#parts.links },
      tell: (message) => this.#inbox.push(message),
      newestVersion: () => this.#life?.stateVersion,
      onAudit: (event) => this.#onAudit(event),
    });
  }

  #onAudit(event: AuditEvent): void {
    if (this.#life !== null) this.#life.stateVersion = event.stateVersion;
    this.#parts.onAudit(event);
  }

  #openSocket(options: Parameters<OpenSocket>[0]): ReturnType<OpenSocket> {
    const opened = this.#parts.openSocket(options);
    if (opened.ok) this.#sockets.add(opened.value);
    return opened;
  }

  #setup(memory: Memory, clock: TimestampGrant, rules: TunnelSetup['rules']): TunnelSetup {
    const { identity, endpoints, links, tun, mtuMaxBytes, random } = this.#parts;
    return {
      wakeFd: -1,
      port: null as never,
      mode: 'session',
      ...identity,
      endpoints,
      links,
      tunName: tun.name,
      mtuMaxBytes,
      mayHaveIpv6: false,
      offload: 'off',
      dataCipher: 'auto',
      mark: 0,
      rules,
      seed: random(32),
      ...rememberedAtBoot(memory),
      clock,
      plainTimes: PLAIN_TIMES,
    };
  }

  crash(): void {
    if (this.#life !== null || this.#isBooting) this.#drop();
  }

  turn(): void {
    const life = this.#life;
    if (life === null || this.#isTurning) return;
    this.#isTurning = true;
    this.#guarded(() => this.#turn(life));
    this.#isTurning = false;
  }

  #turn(life: Life): void {
    const { clock, snapshots } = this.#parts;
    const { shell, turn } = life;
    shell.expire();
    for (let rounds = 0; this.#life === life; rounds++) {
      assert(rounds < ROUNDS_MAX, `${this.name} spins`);
      if (this.#hasNewLinks) {
        this.#hasNewLinks = false;
        shell.onLinks(snapshots());
      }
      for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
        if (next.kind === 'policy') {
          life.policyVersion = next.version;
          if (next.trialHoldMs === undefined) life.boundsVersion = next.version;
        }
        shell.onMessage(next);
        if (this.#life !== life) return;
      }
      if ((life.push?.nextDeadlineMs ?? Number.POSITIVE_INFINITY) <= clock.monotonicMs()) {
        life.push?.look();
      }
      const moved = turn.take(clock.monotonicMs());
      shell.onTime();
      if (moved === 0 && this.#inbox.length === 0 && !this.#hasNewLinks) break;
    }
    const isLate = this.#stopAtMs !== null && this.#stopAtMs <= clock.monotonicMs();
    if (isLate && this.#life === life) this.#end('stoppedLate');
  }

  nextDeadlineMs(): number | null {
    if (this.#life === null) return null;
    const { shell, push } = this.#life;
    const deadlineMs = earlier(shell.nextDeadlineMs(), push?.nextDeadlineMs ?? null);
    return earlier(deadlineMs, this.#stopAtMs);
  }

  /** `snapshots` gives something else than before. */
  linksChanged(): void {
    this.#hasNewLinks = this.#life !== null;
    this.turn();
  }

  /** End the session with a reason; `onExit` when that is durable, or when it took too long. */
  sigterm(): void {
    if (this.#life === null) return;
    if (this.#stopAtMs !== null) return this.#end('stoppedLate');
    this.#stopAtMs = this.#parts.clock.monotonicMs() + SHUTDOWN_MAX_MS;
    this.#tell({ kind: 'stop' });
  }

  /** The operator asks for another link. */
  rebind(linkName: string): void {
    this.#tell({ kind: 'rebind', requestId: 1, linkName });
  }

  /** Another policy for the running agent: the main thread takes it when its turn comes, or refuses it. */
  reloadPolicy(policy: Policy): void {
    if (this.#life === null) return;
    this.#wish({ kind: 'policy', policy });
  }

  /** A signed document arrives: the main thread judges it when its turn comes. */
  push(bytes: Uint8Array): void {
    if (this.#life === null) return;
    this.#wish({ kind: 'document', bytes });
  }

  /** Version of the policy that the session follows; null while the process is down. */
  get policyVersion(): number | null {
    return this.#life?.policyVersion ?? null;
  }

  /** Version of the policy whose bounds it follows; null while the process is down. */
  get boundsVersion(): number | null {
    return this.#life?.boundsVersion ?? null;
  }

  /** What the hub's names stand for, canonical `ip:port` each. */
  tellEndpoints(endpoints: readonly string[]): void {
    this.#tell({ kind: 'endpoints', endpoints });
  }

  /** What `jvpn status` shows; null while the process is down. */
  status(): TunnelStatus | null {
    this.#status = null;
    this.#tell({ kind: 'status', requestId: 1 });
    return this.#status;
  }

  #tell(message: ToTunnel): void {
    if (this.#life === null) return;
    this.#inbox.push(message);
    this.turn();
  }

  #onPost(message: FromTunnel): void {
    switch (message.kind) {
      case 'persist':
      case 'reserveTimestamps':
        return this.#wish(message);
      case 'spent':
        return this.#life?.spending.save(message.links);
      case 'audit':
        return this.#onAudit(message.event);
      case 'proven':
        return this.#wish(message);
      case 'assign':
        return this.#parts.onAssign?.(message);
      case 'over':
        return this.#end('stopped');
      case 'status':
        this.#status = message.status;
        return;
      case 'mtu':
      case 'rebind':
      case 'ready':
      case 'failed':
        return;
    }
  }

  #wish(wish: Wish): void {
    this.#wishes.push(wish);
    if (this.#wishes.length === 1 && this.#life !== null) this.#askMainThread();
  }

  /** The main thread does one thing after the other. */
  #askMainThread(): void {
    const lives = this.#lives;
    this.#parts.mainThread(() => {
      const wish = this.#wishes[0];
      if (lives !== this.#lives || this.#life === null || wish === undefined) return;
      const life = this.#life;
      this.#guarded(() => this.#carryOut(life, wish));
      if (lives !== this.#lives) return;
      this.#wishes.shift();
      if (this.#wishes.length > 0) this.#askMainThread();
      this.turn();
    });
  }

  #carryOut(life: Life, wish: Wish): void {
    const { memory } = life;
    if (wish.kind === 'policy') {
      const taken = takeFile(life, wish.policy, this.#parts.links);
      if (taken !== null) this.#inbox.push(taken);
      return;
    }
    if (wish.kind === 'proven') return life.push?.proven(wish.version);
    if (wish.kind === 'document') {
      if (life.push === null) {
        life.push = openPushed(this.#parts, memory);
        this.#beginPush(life);
      }
      return life.push?.arrived(wish.bytes);
    }
    this.#inbox.push(makeDurable(memory, wish, this.#parts.clock.wallMs()));
    const isEnd = wish.kind === 'persist' && wish.durable.terminated !== null;
    if (this.#stopAtMs !== null && isEnd) this.#end('stopped');
  }

  /** Dies of a power cut; an invariant that breaks ends the session on flash, as the daemon does. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      const life = this.#life;
      this.#drop();
      if (isPowerCut(error)) return;
      if (!(error instanceof InvariantError)) throw error;
      this.#parts.onViolation(error.message);
      try {
        life?.memory.endSession('invariant_violated');
      } catch (cut) {
        if (!isPowerCut(cut)) throw cut;
        return;
      }
      this.#parts.onExit('violated');
    }
  }

  #end(exit: AgentExit): void {
    this.#drop();
    this.#parts.onExit(exit);
  }

  #drop(): void {
    this.#lives += 1;
    this.#life = null;
    this.#inbox.length = 0;
    this.#wishes.length = 0;
    this.#hasNewLinks = false;
    this.#stopAtMs = null;
    // The system closes what a dead process had open.
    for (const socket of this.#sockets) closeDead(socket);
    this.#sockets.clear();
  }
}
