/**
 * Joins the pure session to its channels, sockets and tun: reality in as events, effects out as bytes.
 *
 * Decides nothing by itself. Data takes the short way through `dataPath.ts`; everything else goes
 * through the core.
 *
 * @module
 */
import type { Clock } from '../hal/clock.ts';
import type { LinkSnapshot } from '../hal/links.ts';
import type { ChosenCiphers } from '../hal/linux/cipherChoice.ts';
import { type Means, randomIndex } from '../hal/means.ts';
import type { Tun } from '../hal/tun.ts';
import { encodeKey } from '../session/channel/identity.ts';
import { earlier } from '../session/deadline.ts';
import { boundAtMs } from '../session/device/deadlines.ts';
import type { DeviceEffect, DeviceEvent } from '../session/device/event.ts';
import { type Device, newDevice } from '../session/device/state.ts';
import { step } from '../session/device/step.ts';
import type { LinkSpending } from '../session/flash/spending.ts';
import type { Memory } from '../session/memory.ts';
import { encodeFrame } from '../session/wire/encode.ts';
import type { Received } from '../session/wire/frames.ts';
import { MESSAGE_TYPE } from '../session/wire/messages.ts';
import { transportIdOf } from '../session/wire/transport.ts';
import { ControlMessages } from './controlMessages.ts';
import { CoreWants } from './coreWants.ts';
import { DataPath } from './dataPath.ts';
import { deviceConfigOf } from './deviceConfig.ts';
import { frameBytes } from './frameBytes.ts';
import { Handshakes } from './handshakes.ts';
import { Keyring } from './keyring.ts';
import { LateEndpoints } from './lateEndpoints.ts';
import type { FromTunnel, ToTunnel, TunnelSetup } from './messages.ts';
import { SpentLinks, spendingAtEnd, spendingDue } from './metering.ts';
import { orderEvent } from './order.ts';
import { Rehearsals } from './rehearsal.ts';
import { TimestampReservation } from './reservation.ts';
import { ShellPolicy } from './shellPolicy.ts';
import { countOverflow, countRefused, newPacketCounters, sessionStatus } from './status.ts';
import { Transmitter } from './transmitter.ts';
import type { Uplink, Uplinks } from './uplinks.ts';

/** What every shell of the tunnel thread works with. */
export interface ShellParts {
  readonly setup: TunnelSetup;
  readonly chosen: ChosenCiphers;
  readonly means: Means;
  readonly clock: Clock;
  readonly tun: Tun;
  readonly uplinks: Uplinks;
  readonly post: (message: FromTunnel) => void;
}

export class SessionShell {
  readonly #parts: ShellParts;
  readonly #packets = newPacketCounters();
  readonly #transmitter: Transmitter;
  readonly #handshakes: Handshakes;
  readonly #keyring = new Keyring();
  readonly #messages: ControlMessages;
  readonly #data: DataPath;
  readonly #late: LateEndpoints;
  #route: { readonly channelId: number; readonly transportId: number } | null = null;
  readonly #policy: ShellPolicy;
  #device: Device = newDevice();
  readonly #core = new CoreWants();
  readonly #reservation = new TimestampReservation();
  readonly #spent = new SpentLinks();
  readonly #rehearsals = new Rehearsals();
  #nextIndex: number;
  #isEnding = false; // the process ends with the session
  #rebindId = 0; // the request that the core answers within its step

  constructor(parts: ShellParts) {
    const { setup, chosen, clock, tun, means } = parts;
    this.#parts = parts;
    this.#late = new LateEndpoints(parts.uplinks);
    this.#nextIndex = randomIndex(means.random);
    this.#transmitter = new Transmitter(this.#packets, means.newMemory);
    this.#handshakes = new Handshakes(setup, chosen.ciphers, () => clock.wallMs(), means);
    this.#messages = new ControlMessages({
      uplinks: parts.uplinks,
      keyring: this.#keyring,
      handshakes: this.#handshakes,
      post: parts.post,
      device: () => this.#device,
      deviceKey: encodeKey(this.#handshakes.identity.publicKey),
      nowMs: () => this.#now(),
      refuse: (code) => this.#refuse(code),
      feed: (event) => this.#feed(event),
    });
    const { resendBufferBytes } = setup.rules;
    this.#data = new DataPath(
      tun,
      this.#transmitter,
      this.#packets,
      resendBufferBytes,
      means.newMemory,
      {
        maxAgeMs: () => this.#policy.config.limits.resendMaxAgeMs,
        keypair: (channelId) => this.#keyring.find(channelId) ?? null,
        tell: (frame) => this.#tell(frame),
      },
    );
    const { publicKey } = this.#handshakes.identity;
    this.#policy = new ShellPolicy(setup.rules, (rules) => deviceConfigOf(parts, publicKey, rules));
    const { seed, remembered, wasLost } = setup;
    this.#feed({ kind: 'boot', atMs: this.#now(), seed, remembered, wasLost });
  }

  /** The core's state, for whoever watches; it never changes in place. */
  get device(): Device {
    return this.#device;
  }

  onLinks(snapshots: readonly LinkSnapshot[]): void {
    const links = this.#parts.uplinks.refresh(snapshots);
    this.#feed({ kind: 'links', atMs: this.#now(), links });
  }

  onMessage(message: ToTunnel): void {
    const atMs = this.#now();
    switch (message.kind) {
      case 'persisted': {
        const { ticket, isDurable } = message;
        return this.#feed({ kind: 'persisted', atMs, ticket, isDurable });
      }
      case 'timestamps':
        this.#reservation.onAnswer(message.grant !== null, atMs);
        if (message.grant !== null) this.#handshakes.onGrant(message.grant);
        return;
      case 'stop':
        if (this.#device.state === 'TERMINATED') {
          this.#postSpending(spendingAtEnd(this.#parts.uplinks.all));
          return this.#parts.post({ kind: 'over' });
        }
        this.#isEnding = true;
        return this.#feed({ kind: 'terminate', atMs, reasonCode: 'shutdown' });
      case 'endpoints':
        if (!this.#late.keep(message.endpoints, this.#device.state)) return;
        return this.onLinks(this.#parts.uplinks.snapshots);
      case 'rebind':
        this.#rebindId = message.requestId;
        return this.#feed({ kind: 'rebind', atMs, linkName: message.linkName });
      case 'order': {
        const { requestId, order } = message;
        const event = orderEvent(this.#device, order, atMs);
        const denied = typeof event === 'string' ? event : null;
        this.#parts.post({ kind: 'order', requestId, denied });
        return typeof event === 'string' ? undefined : this.#feed(event);
      }
      case 'policy':
        this.#parts.uplinks.setMetering(message.metering);
        return this.#feed(this.#policy.use(message, this.#device, atMs));
      case 'status': {
        this.#data.countHeld();
        countOverflow(this.#packets, this.#parts.uplinks.all);
        const status = sessionStatus(this.#device, this.#packets, this.#parts);
        return this.#parts.post({ kind: 'status', requestId: message.requestId, status });
      }
    }
  }

  /** What one read of the tun gave. */
  onPacket(memory: Memory, at: number, bytes: number, atMs: number): void {
    this.#data.onPacket(memory, at, bytes, atMs);
  }

  /** The batch from the tun is over. */
  flushSent(): void {
    this.#data.flushSent();
  }

  /** So many datagrams were empty, or longer than any. */
  onSkipped(count: number): void {
    countRefused(this.#packets, 'malformed_datagram', count);
  }

  /** The batch from the sockets is over. */
  flushReceived(): void {
    this.#data.flushReceived();
  }

  /** A datagram of `bytes` at `at` from anyone, with the ECN bits of its outer header. */
  onDatagram(
    uplink: Uplink,
    memory: Memory,
    at: number,
    bytes: number,
    ecn: number,
    atMs: number,
  ): void {
    if (memory.bytes[at] === MESSAGE_TYPE.data) {
      const keypair = this.#keyring.addressed(memory.bytes, at, bytes);
      if (keypair === undefined) return this.#refuse('wrong_key_datagram');
      const { uplinks } = this.#parts;
      const isOwnWay = uplinks.path(transportIdOf(memory.bytes, at))?.uplink === uplink;
      return this.#data.onData(keypair, memory, at, bytes, ecn, isOwnWay, atMs);
    }
    this.#messages.take(uplink, memory.bytes.subarray(at, at + bytes));
  }

  #refuse(code: string): void {
    countRefused(this.#packets, code);
  }

  /** ◆ Before anything is read, sealed or said: keys and bounds that ended while nobody ran are over. */
  expire(): void {
    const atMs = this.#now();
    for (const channelId of this.#keyring.expired(atMs)) this.#feedGone(channelId, atMs);
    const endsAtMs = boundAtMs(this.#device);
    if (endsAtMs !== null && endsAtMs <= atMs) this.#feed({ kind: 'tick', atMs });
  }

  /** Time passed: failed sends, traffic, key ages, timestamps and the core's own deadline. */
  onTime(): void {
    const atMs = this.#now();
    const { uplinks, clock } = this.#parts;
    this.#postSpending(spendingDue(uplinks.all, clock.wallMs(), atMs));
    if (this.#transmitter.hasFailures) this.#feedFailures(atMs);
    this.#feedHearsay(atMs);
    for (const linkName of this.#spent.take(uplinks.all)) {
      this.#feed({ kind: 'spent', atMs, linkName });
    }
    this.#data.onTime(atMs);
    const { deadlineMs: dueMs, tellMs } = this.#wants;
    // Before a verdict the core hears of all that came meanwhile.
    const isDue = dueMs !== null && dueMs <= atMs;
    const traffic = this.#data.takeTraffic(atMs, isDue ? 0 : tellMs);
    if (traffic !== null) {
      this.#keyring.noteUse();
      this.#feed({ kind: 'traffic', atMs, ...traffic });
    }
    const keysAtMs = this.#keyring.nextDeadlineMs();
    if (keysAtMs !== null && keysAtMs <= atMs) this.#feedAged(atMs);
    this.#reserveTimestamps();
    const { deadlineMs } = this.#wants;
    const nowMs = this.#now();
    if (deadlineMs !== null && deadlineMs <= nowMs) this.#feed({ kind: 'tick', atMs: nowMs });
    if (this.#policy.trial?.takeDue(nowMs) === true) this.#feed({ kind: 'ask', atMs: nowMs });
    this.#rehearsals.onTime(this.#device, this.#policy.config, traffic !== null, atMs);
  }

  #feedFailures(atMs: number): void {
    for (const transportId of this.#transmitter.takeFailures()) {
      this.#feed({ kind: 'sendFailed', atMs, transportId, error: 'unreachable' });
    }
  }

  /** ICMP errors of a link, whoever sent them, and sends refused that may concern one flow: told as what they are. */
  #feedHearsay(atMs: number): void {
    const doubted = this.#transmitter.takeDoubted();
    for (const uplink of this.#parts.uplinks.all) {
      const count = uplink.socket?.icmpCount ?? 0;
      if (count === uplink.icmpCount && !doubted.has(uplink.name)) continue;
      const errors = count - uplink.icmpCount;
      uplink.icmpCount = count;
      if (errors !== 0) countRefused(this.#packets, 'icmp_error', errors);
      this.#feed({ kind: 'hearsay', atMs, linkName: uplink.name });
    }
  }

  #feedAged(atMs: number): void {
    const { due, gone } = this.#keyring.aged(atMs);
    for (const channelId of due) this.#feed({ kind: 'channelDue', atMs, channelId });
    for (const channelId of gone) this.#feedGone(channelId, atMs);
  }

  #feedGone(channelId: number, atMs: number): void {
    this.#data.forget(channelId);
    this.#feed({ kind: 'channelGone', atMs, channelId });
  }

  get #wants(): CoreWants {
    return this.#core.at(this.#device, this.#policy.config);
  }

  #postSpending(links: readonly LinkSpending[] | null): void {
    if (links !== null) this.#parts.post({ kind: 'spent', links });
  }

  #reserveTimestamps(): void {
    const atLeastMs = this.#handshakes.wantsTimestampsMs;
    if (!this.#reservation.ask(atLeastMs !== null, this.#now())) return;
    this.#parts.post({ kind: 'reserveTimestamps', atLeastMs: atLeastMs ?? 0 });
  }

  /** When `onTime` has to be called at the latest, monotonic; null: only the world can move us. */
  nextDeadlineMs(): number | null {
    if (this.#transmitter.hasFailures) return 0;
    const { deadlineMs, tellMs } = this.#wants;
    const keys = earlier(this.#keyring.nextDeadlineMs(), this.#data.nextDeadlineMs(tellMs));
    const core = earlier(deadlineMs, this.#reservation.nextDeadlineMs());
    const trialMs = this.#policy.trial?.nextDeadlineMs() ?? null;
    const own = earlier(this.#rehearsals.nextDeadlineMs(), trialMs);
    return earlier(earlier(core, own), keys);
  }

  #feed(event: DeviceEvent): void {
    const next = step(this.#device, event, this.#policy.config);
    this.#device = next.device;
    for (const effect of next.effects) this.#perform(effect);
    const version = this.#policy.proven(this.#device);
    if (version !== null) this.#parts.post({ kind: 'proven', version });
    if (this.#late.settle(this.#device.state)) this.onLinks(this.#parts.uplinks.snapshots);
  }

  #perform(effect: DeviceEffect): void {
    switch (effect.kind) {
      case 'handshake':
        return this.#initiate(effect.transportId);
      case 'send':
        return this.#sendControl(effect.channelId, effect.transportId, frameBytes(effect.frame));
      case 'tellReceived':
        return this.#tellWithClaim(effect);
      case 'exchange':
        return this.#data.beginExchange(effect.exchange, this.#now());
      case 'received':
        return this.#data.onReceived(effect.frame, this.#now());
      case 'keepalive':
        return this.#sendControl(effect.channelId, effect.transportId, new Uint8Array(0));
      case 'persist':
        if (this.#isEnding && effect.durable.terminated !== null) {
          this.#postSpending(spendingAtEnd(this.#parts.uplinks.all));
        }
        return this.#parts.post(effect);
      case 'route':
        return this.#setRoute(effect.route);
      case 'accept':
        return this.#data.setAccepted(
          new Map(effect.from.map(({ transportId, untilMs }) => [transportId, untilMs])),
        );
      case 'assign':
        this.#keyring.enableData(effect.cipher);
        return this.#parts.post(effect);
      case 'mtu':
        this.#data.setMtu(effect.mtuBytes);
        return this.#parts.post(effect);
      case 'dropChannel':
        this.#data.forget(effect.channelId);
        return this.#keyring.forget(effect.channelId);
      case 'rebind':
        return this.#parts.post({ ...effect, requestId: this.#rebindId });
      case 'report':
        return this.#parts.post({ kind: 'audit', event: effect.event });
    }
  }

  #initiate(transportId: number): void {
    const path = this.#parts.uplinks.path(transportId);
    if (path === null) return;
    this.#nextIndex = (this.#nextIndex + 1) >>> 0;
    const message = this.#handshakes.initiate(transportId, this.#nextIndex, this.#now());
    if (message === null) return this.#refuse('noTimestampLeft');
    this.#transmitter.transmitMessage(path, message);
  }

  #sendControl(channelId: number, transportId: number, plaintext: Uint8Array): void {
    const keypair = this.#keyring.find(channelId);
    const path = this.#parts.uplinks.path(transportId);
    if (keypair === undefined || path === null) return;
    if (!keypair.hasRoomFor(transportId)) return this.#refuse('tooManyTransports');
    this.#keyring.noteUse();
    this.#transmitter.transmitMessage(path, keypair.sealControl(transportId, plaintext));
  }

  #setRoute(route: { channelId: number; transportId: number } | null): void {
    const keypair = route === null ? undefined : this.#keyring.find(route.channelId);
    const path = route === null ? null : this.#parts.uplinks.path(route.transportId);
    const isWhole = keypair !== undefined && path !== null;
    this.#route = isWhole ? route : null;
    if (isWhole) this.#rehearsals.onRoute(this.#now());
    this.#data.setRoute(isWhole ? { keypair, path } : null, this.#now());
  }

  #tellWithClaim(effect: Extract<DeviceEffect, { kind: 'tellReceived' }>): void {
    const { channelId, transportId, stateVersion } = effect;
    for (const frame of this.#data.describe(stateVersion, channelId, transportId, this.#now())) {
      this.#sendControl(channelId, transportId, encodeFrame(frame));
    }
  }

  /** On the binding, in its channel. */
  #tell(frame: Received): void {
    const route = this.#route;
    if (route !== null) this.#sendControl(route.channelId, route.transportId, encodeFrame(frame));
  }

  #now(): number {
    return this.#parts.clock.monotonicMs();
  }
}
