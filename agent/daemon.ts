/**
 * The device daemon's main thread: starts the tunnel thread and serves it.
 *
 * Durable writes, addresses and routes, control socket, audit log, telemetry, signals. Decides nothing
 * about the session (I10).
 *
 * @module
 */
import { join } from 'node:path';
import { explain } from '../hal/capabilities.ts';
import type { AuditLog } from '../hal/linux/auditLog.ts';
import { newClock } from '../hal/linux/clock.ts';
import { serveControl } from '../hal/linux/controlSocket.ts';
import { openFlash } from '../hal/linux/flash.ts';
import { openWake } from '../hal/linux/wake.ts';
import type { MetricsServer } from '../hal/metricsServer.ts';
import type { HalFailure } from '../hal/result.ts';
import { StartError } from '../hal/startError.ts';
import { startWorker } from '../hal/worker.ts';
import type { AuditEvent } from '../session/audit.ts';
import { encodeKey, newIdentity } from '../session/channel/identity.ts';
import { EventCounts } from '../session/eventCounts.ts';
import { SPENDING_BYTES } from '../session/flash/spending.ts';
import type { Dh } from '../session/noise/dh.ts';
import type { ReasonCode } from '../session/reasons.ts';
import type { Commands } from './commands.ts';
import { AgentControl } from './control.ts';
import { admitPolicy, need, openAudit } from './daemon/opening.ts';
import { forgetSecrets, tunnelSetup } from './daemon/setup.ts';
import { tellViolation } from './daemon/violation.ts';
import { daemonEvent } from './daemonEvent.ts';
import { makeDurable } from './durable.ts';
import { EndedSessions } from './endedSessions.ts';
import { openEventStore } from './events/openStore.ts';
import { HubNames } from './hubNames.ts';
import { giveBackWhenIdle } from './idleMain.ts';
import { Inner } from './inner.ts';
import { Lookups, lookUpName } from './lookups.ts';
import { FLASH_SLOT_BYTES, Memory } from './memory.ts';
import type { FromTunnel } from './messages.ts';
import { PolicyInForce } from './policyInForce.ts';
import type { Push } from './push.ts';
import type { Pushing, startPush } from './pushStart.ts';
import { Spending } from './spending.ts';
import type { Start } from './start.ts';
import { startTelemetry, type Telemetry } from './telemetry.ts';
import { TunnelLink } from './tunnelLink.ts';
import { CLOCK_SET_MS } from './wallClock.ts';

/** How long SIGTERM waits for the session's end, and what it spent, to be durable. */
const SHUTDOWN_MAX_MS = 2_000;
/** Dumped when an invariant broke. */
const RECENT_EVENTS = 256;

export interface DaemonOutput {
  readonly isJson: boolean;
  readonly isVerbose: boolean;
}

export class AgentDaemon {
  readonly #start: Start;
  readonly #output: DaemonOutput;
  readonly #device: string;
  readonly #clock = newClock();
  readonly #memory: Memory;
  readonly #spending: Spending;
  readonly #audit: AuditLog;
  readonly #eventStore: ReturnType<typeof openEventStore>;
  readonly #denials = new EventCounts();
  readonly #endings = new EndedSessions();
  readonly #inner: Inner;
  readonly #names: HubNames;
  readonly #lookups: Lookups;
  readonly #tunnel: TunnelLink;
  readonly #policy: PolicyInForce;
  readonly #push: Push | null;
  #commands: Commands | null = null;
  readonly #ended = Promise.withResolvers<number>();
  #telemetry: Telemetry | null = null;
  #isStopping = false;

  /**
   * @param openPush what takes signed documents, where the configuration wants them: loaded by nobody else.
   * @throws StartError where something the agent cannot do without is missing.
   */
  constructor(
    configured: Start,
    output: DaemonOutput,
    dh: Dh,
    openPush: typeof startPush | null = null,
  ) {
    this.#output = output;
    const { config, path } = configured;
    const identity = newIdentity(configured.privateKey, dh);
    this.#device = encodeKey(identity.publicKey);
    identity.privateKey.fill(0);
    const flash = need(openFlash(path(config.state.directory), FLASH_SLOT_BYTES));
    this.#memory = new Memory(flash, configured.privateKey);
    const pushing = openPush?.(configured, this.#device, this.#memory, this.#clock) ?? null;
    this.#push = pushing?.push ?? null;
    const policy = this.#push?.policy ?? configured.policy;
    const start = { ...configured, policy };
    this.#start = start;
    admitPolicy(start, this.#memory, this.#push?.isLost === true);
    const spendingDirectory = join(path(config.state.directory), 'spending');
    this.#spending = need(
      Spending.open(policy, config.links, () => openFlash(spendingDirectory, SPENDING_BYTES)),
    );
    this.#audit = openAudit(configured, {
      wallMs: () => this.#clock.wallMs(),
      policyVersion: () => this.#policy.auditedVersion,
    });
    this.#eventStore = openEventStore(configured, (why) => console.error(`jvpn agent: ${why}`));
    this.#inner = new Inner(config.tunnel, config.hub.mode);
    this.#names = new HubNames([...config.hub.endpoints, ...config.hub.names], lookUpName);
    this.#policy = new PolicyInForce({
      start,
      memory: this.#memory,
      spending: this.#spending,
      push: this.#push,
      post: (message) => this.#tunnel.post(message),
      wallMs: () => this.#clock.wallMs(),
      note: (event, reasonCode, detail) => this.#note(reasonCode, event, detail),
      onApplied: (applied) => this.#telemetry?.usePolicy(applied),
    });
    this.#tunnel = this.#startTunnel();
    this.#beginPush(pushing);
    this.#lookups = new Lookups({
      names: this.#names,
      tell: (endpoints) => this.#tunnel.post({ kind: 'endpoints', endpoints }),
      hasLink: () => this.#tunnel.hasLink(),
    });
  }

  /** Serve until the session has ended or cannot go on; returns the exit code. */
  async run(): Promise<number> {
    const metrics = await this.#serveMetrics();
    const control = new AgentControl({
      start: this.#start,
      tunnel: this.#tunnel,
      audit: this.#audit,
      memory: this.#memory,
      spending: this.#spending,
      device: this.#device,
      policy: this.#policy,
      push: this.#push,
    });
    const server = await serveControl({
      path: this.#start.path(this.#start.config.control.socket),
      handle: (request) => control.handle(request),
    });
    if (!server.ok) throw new StartError(server.message, 1);
    const status = () => this.#tunnel.status();
    const telemetry = startTelemetry({
      ...{ start: this.#start, device: this.#device, status },
      ...{ documents: this.#push?.documents ?? null, eventStore: this.#eventStore },
      ...{ earlier: this.#audit.recent(RECENT_EVENTS), ended: () => this.#endings.snapshot() },
    });
    this.#telemetry = telemetry;
    control.telemetry = telemetry;
    control.server = server.value;
    process.on('SIGTERM', () => this.#stop());
    process.on('SIGINT', () => this.#stop());

    const stopGivingBack = giveBackWhenIdle();
    const exitCode = await this.#ended.promise;
    stopGivingBack();
    this.#lookups.stop();
    this.#push?.stop();
    await telemetry.stop();
    metrics?.close();
    server.value.close();
    this.#audit.close();
    return exitCode;
  }

  /** Loaded only where it is asked for. */
  async #serveMetrics(): Promise<MetricsServer | null> {
    const { listen } = this.#start.config.metrics;
    if (listen === null) return null;
    const { serveAgentMetrics } = await import('./metricsEndpoint.ts');
    return serveAgentMetrics({
      ...{ listen, tunnel: this.#tunnel, policy: this.#policy, denials: this.#denials },
      isEmergency: () => this.#push?.isEmergency === true || this.#policy.emergencyUntil !== null,
      events: () => this.#telemetry?.events() ?? null,
    });
  }

  /** Before the tunnel thread says anything: a policy that is rolled back is told before what is decided without it. */
  #beginPush(pushing: Pushing | null): void {
    const users: Parameters<Pushing['begin']>[0] = {
      follow: (policy, isOnTrial) => this.#policy.follow(policy, isOnTrial),
      onConfirmed: (version) => this.#onConfirmed(version),
      note: (event, reasonCode, detail) => this.#note(reasonCode, event, detail),
      onReport: () => this.#telemetry?.tellDocuments(),
      onFault: (message, isPending) =>
        isPending ? this.#fail(message) : console.error(`jvpn agent: ${message}`),
    };
    const parts: Parameters<Pushing['begin']>[1] = {
      ...{ tunnel: this.#tunnel, recent: (count) => this.#audit.recent(count) },
      ...{ telemetry: () => this.#telemetry },
      queueBytesMax: () => this.#policy.current.telemetry.queueBytesMax,
    };
    this.#commands = pushing?.begin(users, parts) ?? null;
  }

  /** In its session; whoever pushed it has to be able to push the next one, too. */
  #onProven(version: number): void {
    const prove = () => this.#push?.proven(version);
    if (this.#telemetry === null) prove();
    else this.#telemetry.whenReachable(prove);
  }

  #onConfirmed(version: number): void {
    if (version > this.#memory.policyVersion && !this.#memory.applyPolicy(version)) {
      // The next start writes it: its document is on flash.
      this.#note('flash_write_failed', 'alarm', { version });
    }
    if (this.#push !== null) this.#policy.follow(this.#push.policy, false);
  }

  #startTunnel(): TunnelLink {
    const { config } = this.#start;
    const grant = this.#memory.reserveTimestamps(this.#clock.wallMs(), true);
    if (grant === null) {
      throw new StartError(`${config.state.directory}: ${this.#memory.lastFailure}`, 1);
    }
    const wake = need(openWake());
    const { port1, port2 } = new MessageChannel();
    const tunnel = new TunnelLink(port1, wake);
    tunnel.on('message', (message) => this.#onMessage(message));
    const setup = tunnelSetup({
      ...{ start: this.#start, endpoints: this.#names.endpoints, clock: grant },
      policy: this.#policy.begin(),
      ...{ wakeFd: wake.fd, port: port2 },
      ...{ metering: this.#spending.metering, memory: this.#memory },
    });
    startWorker('agent/tunnel.ts', setup, [port2], (message) =>
      this.#fail(`the tunnel thread failed: ${message}`),
    );
    forgetSecrets(setup);
    return tunnel;
  }

  #onMessage(message: Exclude<FromTunnel, { kind: 'status' }>): void {
    switch (message.kind) {
      case 'ready':
        return this.#onReady(message.tunName);
      case 'persist':
      case 'reserveTimestamps': {
        this.#tunnel.post(makeDurable(this.#memory, message, this.#clock.wallMs()));
        const isEnd = message.kind === 'persist' && message.durable.terminated !== null;
        if (message.kind === 'persist') message.durable.secret?.fill(0); // a clone; what flash has is sealed
        if (this.#isStopping && isEnd) this.#ended.resolve(0);
        return;
      }
      case 'spent':
        return this.#spending.save(message.links);
      case 'proven':
        return this.#onProven(message.version);
      case 'over':
        return this.#ended.resolve(0);
      case 'assign':
        return this.#warn(this.#inner.assign(message));
      case 'mtu':
        return this.#warn(this.#inner.setMtu(message.mtuBytes));
      case 'audit':
        return this.#record(message.event);
      case 'failed':
        return message.isInvariant
          ? this.#onViolation(message.message)
          : this.#fail(message.message);
    }
  }

  /** A clock that is years behind is said, not mended: handshakes go on from what flash remembers. */
  #noteClock(): void {
    const wallMs = this.#clock.wallMs();
    if (wallMs >= CLOCK_SET_MS) return;
    this.#note('clock_unset', 'notice', { wall: new Date(wallMs).toISOString() });
  }

  #onReady(tunName: string): void {
    this.#noteClock();
    const failure = this.#inner.up(tunName);
    if (failure !== null) return this.#fail(explain(failure));
    const device = this.#device;
    if (this.#output.isJson) console.log(JSON.stringify({ ready: true, tun: tunName, device }));
    else console.error(`jvpn agent: ${tunName} is up, device ${device}`);
  }

  #record(event: AuditEvent): void {
    this.#policy.onAudit(event);
    const row = this.#audit.append(event);
    this.#commands?.onAudit(event);
    this.#denials.noteDenial(event);
    this.#endings.note(event);
    this.#telemetry?.noteEvent(row);
    if (event.event === 'transition') {
      if (event.to !== null) this.#lookups.onState(event.to);
      // A machine that slept says so by what has become of its links.
      this.#push?.look();
    }
    if (this.#output.isVerbose) console.log(JSON.stringify(this.#audit.recent(1)[0]));
  }

  /** The supervisor starts a clean process. */
  #onViolation(claim: string): void {
    tellViolation(claim, {
      recent: () => this.#audit.recent(RECENT_EVENTS),
      endSession: (reasonCode) => this.#memory.endSession(reasonCode),
      note: (event, detail, change) => this.#note('invariant_violated', event, detail, change),
    });
    this.#fail(`a broken invariant ended the session: ${claim}`);
  }

  /** An event of the daemon itself, outside the session's own. */
  #note(
    reasonCode: ReasonCode,
    event: AuditEvent['event'],
    detail: AuditEvent['detail'],
    change: Partial<AuditEvent> = {},
  ): void {
    const atMs = this.#clock.monotonicMs();
    const said = { event, atMs, reasonCode, device: this.#device, detail };
    const [newest] = this.#audit.recent(1);
    const own = daemonEvent(said, this.#memory.remembered, newest?.state_version);
    this.#record({ ...own, ...change });
  }

  #warn(failure: HalFailure | null): void {
    if (failure !== null) console.error(`jvpn agent: ${explain(failure)}`);
  }

  #fail(message: string): void {
    console.error(`jvpn agent: ${message}`);
    this.#ended.resolve(1);
  }

  /** End the session with a reason, if there is one, and know what was spent; a second signal does not wait for it. */
  #stop(): void {
    if (this.#isStopping) return this.#ended.resolve(1);
    this.#isStopping = true;
    this.#tunnel.post({ kind: 'stop' });
    setTimeout(() => this.#ended.resolve(1), SHUTDOWN_MAX_MS).unref();
  }
}
