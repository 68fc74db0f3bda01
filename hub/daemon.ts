/**
 * The hub's main thread while it runs.
 *
 * Owns the store and serves the tunnel thread: swaps, enrolment, addresses, control socket, audit log,
 * signals. Decides nothing about a session. Ending the process ends no session: the next one finds
 * them in the store.
 *
 * @module
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { explain } from '../hal/capabilities.ts';
import { type AuditLog, openAuditLog } from '../hal/linux/auditLog.ts';
import { newClock } from '../hal/linux/clock.ts';
import { serveControl } from '../hal/linux/controlSocket.ts';
import { openWake } from '../hal/linux/wake.ts';
import type { MetricsServer } from '../hal/metricsServer.ts';
import type { HalResult } from '../hal/result.ts';
import { StartError } from '../hal/startError.ts';
import { startWorker } from '../hal/worker.ts';
import { InvariantError } from '../session/assert.ts';
import type { AuditEvent } from '../session/audit.ts';
import { PLAIN_TIMES, type PlainTimes } from '../session/channel/age.ts';
import { encodeKey, newIdentity } from '../session/channel/identity.ts';
import { EventCounts } from '../session/eventCounts.ts';
import type { Dh } from '../session/noise/dh.ts';
import type { ReasonCode } from '../session/reasons.ts';
import { HubControl } from './control.ts';
import type { EnrolledDevice } from './device.ts';
import { Inner } from './inner.ts';
import type { FromHub, HubSetup } from './messages.ts';
import { Ownership } from './ownership.ts';
import { PolicyInForce } from './policyInForce.ts';
import { Registry } from './registry.ts';
import type { HubStart } from './start.ts';
import type { Store } from './store.ts';
import { HubTime } from './time.ts';
import { TunnelLink } from './tunnelLink.ts';

const RESERVE_EVERY_MS = 1_000;

export interface HubOptions {
  readonly isJson: boolean;
  readonly isVerbose: boolean;
  /** Tests shorten WireGuard's timers. */
  readonly plainTimes?: PlainTimes;
}

/** Dumped when an invariant broke. */
const RECENT_EVENTS = 256;
/** 32 MiB of what all sessions sealed lately, used as far as they need it. Chosen. */
const SEALED_SLOTS = 512;

export class Hub {
  readonly #start: HubStart;
  readonly #options: HubOptions;
  readonly #store: Store;
  readonly #time: HubTime;
  readonly #audit: AuditLog;
  readonly #events = new EventCounts();
  readonly #ownership: Ownership;
  readonly #registry: Registry;
  readonly #inner: Inner;
  readonly #tunnel: TunnelLink;
  readonly #policy: PolicyInForce;
  readonly #setup: HubSetup;
  readonly #publicKey: string;
  readonly #ended = Promise.withResolvers<number>();
  readonly #ready = Promise.withResolvers<Extract<FromHub, { kind: 'ready' }>>();
  #hasEnded = false;
  #metrics: MetricsServer | null = null;

  constructor(start: HubStart, options: HubOptions, store: Store, dh: Dh) {
    const { config } = start;
    const clock = newClock();
    this.#start = start;
    this.#options = options;
    this.#store = store;
    this.#time = new HubTime(clock, store);
    const identity = newIdentity(start.privateKey, dh);
    this.#publicKey = encodeKey(identity.publicKey);
    identity.privateKey.fill(0);
    mkdirSync(dirname(start.path(config.audit.file)), { recursive: true, mode: 0o700 });
    this.#audit = openAuditLog({
      file: start.path(config.audit.file),
      bytesMax: config.audit.bytesMax,
      filesMax: config.audit.filesMax,
      wallMs: () => clock.wallMs(),
      policyVersion: () => this.#policy.current.version,
    });
    this.#ownership = new Ownership(store);
    this.#inner = new Inner(start.pools, config.tunnel.mtu);
    this.#registry = new Registry({
      store,
      pools: start.pools,
      nowMs: () => this.#time.nowMs(),
      onChanged: (after, before) => this.#onDevice(after, before),
    });
    const wake = need(openWake());
    const { port1, port2 } = new MessageChannel();
    this.#tunnel = new TunnelLink(port1, wake);
    this.#policy = new PolicyInForce({
      start,
      post: (message) => this.#tunnel.post(message),
      wallMs: () => clock.wallMs(),
      note: (event, reasonCode, detail) => this.#note(event, reasonCode, detail),
    });
    this.#setup = {
      wakeFd: wake.fd,
      port: port2,
      privateKey: start.privateKey,
      hubId: config.state.hubId,
      addresses: listenAddresses(config.listen.addresses),
      udpPort: config.listen.port,
      tunName: config.tunnel.name,
      mtuBytes: config.tunnel.mtu,
      offload: config.tunnel.offload,
      sealedSlots: SEALED_SLOTS,
      dataCipher: config.tunnel.dataCipher,
      time: this.#time.base,
      lease: null,
      routes: deviceRoutes(start),
      rules: this.#policy.follow(),
      seed: crypto.getRandomValues(new Uint8Array(32)),
      plainTimes: options.plainTimes ?? PLAIN_TIMES,
      devices: store.devices(),
      records: readRecords(store),
    };
  }

  async run(): Promise<number> {
    const reserving = setInterval(
      () => this.#guarded(() => this.#time.reserve()),
      RESERVE_EVERY_MS,
    );
    this.#tunnel.on('message', (message) => this.#guarded(() => this.#onMessage(message)));
    startWorker('hub/tunnel.ts', this.#setup, [this.#setup.port], (message) =>
      this.#fail(`the tunnel thread failed: ${message}`),
    );
    // The thread has clones of its own; nothing here needs them any more.
    for (const secret of [this.#setup.privateKey, this.#setup.seed]) secret.fill(0);
    const stop = () => this.#end(0);
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);

    const ready = await Promise.race([this.#ready.promise, this.#ended.promise]);
    const server = typeof ready === 'number' ? null : await this.#open(ready);
    const exitCode = await this.#ended.promise;
    clearInterval(reserving);
    process.off('SIGTERM', stop);
    process.off('SIGINT', stop);
    this.#metrics?.close();
    server?.close();
    this.#inner.close();
    this.#audit.close();
    if (exitCode === 0) this.#time.release();
    return exitCode;
  }

  /** Addresses and routes, then the control socket; the ready line last. */
  async #open({ tunName, udpPort }: Extract<FromHub, { kind: 'ready' }>) {
    const failure = this.#inner.up(tunName, this.#setup.devices);
    if (failure !== null) {
      this.#fail(explain(failure));
      return null;
    }
    await this.#serveMetrics();
    const { config, policy } = this.#start;
    const control = new HubControl({
      start: this.#start,
      publicKey: this.#publicKey,
      store: this.#store,
      time: this.#time,
      tunnel: this.#tunnel,
      audit: this.#audit,
      ownership: this.#ownership,
      registry: this.#registry,
      policy: this.#policy,
    });
    const served = await serveControl({
      path: this.#start.path(config.control.socket),
      handle: (request) => control.handle(request),
    });
    if (!served.ok) {
      this.#fail(served.message);
      return null;
    }
    control.server = served.value;
    const before = this.#store.noteHub(config.state.hubId);
    this.#note('notice', 'policy_applied', {
      name: policy.name,
      version: policy.version,
      hubBefore: before,
    });
    const { length: devices } = this.#setup.devices;
    const { length: sessions } = this.#setup.records;
    const line = { ready: true, port: udpPort, tun: tunName, public_key: this.#publicKey };
    if (this.#options.isJson) console.log(JSON.stringify({ ...line, devices, sessions }));
    else console.error(`hub ready: UDP port ${udpPort}, ${tunName}, public key ${this.#publicKey}`);
    return served.value;
  }

  /** Loaded only where it is asked for. */
  async #serveMetrics(): Promise<void> {
    const { listen } = this.#start.config.metrics;
    if (listen === null) return;
    const { serveHubMetrics } = await import('./metricsEndpoint.ts');
    this.#metrics = serveHubMetrics({
      ...{ listen, tunnel: this.#tunnel, policy: this.#policy },
      ...{ ownership: this.#ownership, time: this.#time, events: this.#events },
      say: (message) => console.error(`jvpn hub: ${message}`),
    });
  }

  #onMessage(message: Exclude<FromHub, { kind: 'status' | 'peers' }>): void {
    if (this.#hasEnded) return; // the store closes; what is not answered stays uncommitted or unknown
    switch (message.kind) {
      case 'ready':
        return this.#ready.resolve(message);
      case 'swap':
        return this.#onSwap(message);
      case 'rehearse':
        return void this.#store.rehearse(message.device);
      case 'audit':
        return this.#log(message.event);
      case 'violated':
        return this.#endViolated(message.device);
      case 'askLease':
      case 'askOwner':
      case 'askRelease':
        throw new InvariantError('the store is this hub’s alone');
      case 'failed':
        if (message.isInvariant) this.#dump();
        return this.#fail(message.message);
    }
  }

  #onSwap(request: Extract<FromHub, { kind: 'swap' }>): void {
    try {
      this.#tunnel.post(this.#ownership.swap(request));
    } catch (error) {
      if (!(error instanceof InvariantError)) throw error;
      // Nothing was written, so the damage ends with that seat.
      const { device } = request;
      this.#note('alarm', 'invariant_violated', { claim: error.message }, device);
      this.#endViolated(device);
    }
  }

  #endViolated(device: string): void {
    const record = this.#ownership.end(device, 'invariant_violated');
    this.#tunnel.post({ kind: 'rebuild', device, record });
  }

  #onDevice(after: EnrolledDevice, before: EnrolledDevice | null): void {
    this.#tunnel.post(this.#ownership.onDevice(after, before));
    const failure = this.#inner.route(this.#store.devices());
    if (failure !== null) console.error(`jvpn hub: ${explain(failure)}`);
  }

  #note(
    event: 'notice' | 'alarm' | 'refusal',
    reasonCode: ReasonCode,
    detail: AuditEvent['detail'],
    device = '',
  ): void {
    this.#log({
      event,
      atMs: this.#time.nowMs(),
      reasonCode,
      device,
      sessionId: null,
      from: null,
      to: null,
      stateVersion: 0,
      hubSeq: 0,
      ownerEpoch: 0,
      transport: null,
      detail,
    });
  }

  #log(event: AuditEvent): void {
    const row = this.#audit.append(event);
    this.#events.note(event);
    if (this.#options.isVerbose) console.log(JSON.stringify(row));
  }

  /** Work whose failure ends the process: what it left behind cannot be trusted. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  }

  /** The last words before a broken invariant outside any seat ends the process. */
  #dump(): void {
    for (const row of this.#audit.recent(RECENT_EVENTS)) console.error(JSON.stringify(row));
  }

  #fail(message: string): void {
    console.error(`jvpn hub: ${message}`);
    this.#end(1);
  }

  #end(exitCode: number): void {
    this.#hasEnded = true;
    this.#ended.resolve(exitCode);
  }
}

/** All addresses of both families are one dual-stack socket. */
function listenAddresses(written: readonly string[]): readonly (string | null)[] {
  const hasAll4 = written.includes('0.0.0.0');
  const hasAll6 = written.includes('::');
  if (hasAll4 && hasAll6) return [null];
  return written.map((address) => (address === '::' ? null : address));
}

/** What devices reach through us: the networks behind the hub, and the hub itself. */
function deviceRoutes({ config, pools }: HubStart): readonly string[] {
  const own = [pools.inner4?.host, pools.inner6?.host].filter((text) => text !== undefined);
  return [...config.routes, ...own];
}

function readRecords(store: Store) {
  try {
    return store.readAll();
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : String(error), 1);
  }
}

function need<T>(result: HalResult<T>): T {
  if (result.ok) return result.value;
  throw new StartError(explain(result), 1);
}
