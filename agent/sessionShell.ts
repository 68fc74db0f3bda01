/**
 * Joins the pure session to its channels, sockets and tun: reality in as events, effects out as bytes.
 *
 * Decides nothing by itself. Data takes the short way (seal or open, then one syscall); everything
 * else goes through the core. Buffers are preallocated here and belong to this object.
 *
 * @module
 */
import type { Clock } from '../hal/clock.ts';
import { SEND } from '../hal/datagram.ts';
import { nativeBytes } from '../hal/linux/memory.ts';
import type { Tun } from '../hal/tun.ts';
import type { AuditEvent } from '../session/audit.ts';
import {
  isSessionExpired,
  isSessionRekeyDue,
  sessionExpiresAtMs,
  sessionRekeyAtMs,
} from '../session/channel/age.ts';
import { encodeKey } from '../session/channel/identity.ts';
import { openError } from '../session/channel/openCode.ts';
import { wipeSecrets } from '../session/channel/secrets.ts';
import { SessionKeypair } from '../session/channel/sessionKeypair.ts';
import { nextDeadline } from '../session/device/deadlines.ts';
import type { DeviceEffect, DeviceEvent } from '../session/device/event.ts';
import type { DeviceConfig } from '../session/device/limits.ts';
import { type Device, newDevice } from '../session/device/state.ts';
import { step } from '../session/device/step.ts';
import { decodeFrame } from '../session/wire/decode.ts';
import { encodeFrame } from '../session/wire/encode.ts';
import { MESSAGE_TYPE } from '../session/wire/messages.ts';
import { receiverOf } from '../session/wire/transport.ts';
import { Handshakes } from './handshakes.ts';
import { Holding } from './holding.ts';
import type { FromTunnel, ToTunnel, TunnelSetup } from './messages.ts';
import { countRefused, newPacketCounters, sessionStatus } from './status.ts';
import type { Path, Uplink, Uplinks } from './uplinks.ts';

const DATAGRAM_BYTES = 65_536;
/** Data is told to the core at most this often. */
const TRAFFIC_EVENT_MS = 20;

export class SessionShell {
  readonly packets = newPacketCounters();
  readonly #setup: TunnelSetup;
  readonly #clock: Clock;
  readonly #tun: Tun;
  readonly #uplinks: Uplinks;
  readonly #post: (message: FromTunnel) => void;
  readonly #handshakes: Handshakes;
  readonly #keypairs = new Map<number, SessionKeypair>();
  readonly #dueTold = new Set<number>();
  readonly #holding = new Holding();
  readonly #sealed = nativeBytes(DATAGRAM_BYTES);
  readonly #opened = nativeBytes(DATAGRAM_BYTES);
  #config: DeviceConfig;
  #device: Device = newDevice();
  #route: { keypair: SessionKeypair; path: Path } | null = null;
  #accepted = new Map<number, number | null>();
  #sentPackets = 0;
  readonly #heardOn = new Set<number>();
  #trafficToldAtMs = 0;
  #askedTimestamps = false;
  #nextIndex: number;

  constructor(
    setup: TunnelSetup,
    clock: Clock,
    tun: Tun,
    uplinks: Uplinks,
    post: (message: FromTunnel) => void,
  ) {
    this.#setup = setup;
    this.#clock = clock;
    this.#tun = tun;
    this.#uplinks = uplinks;
    this.#post = post;
    this.#handshakes = new Handshakes(setup, () => clock.wallMs());
    this.#config = this.#configOf(setup.rules);
    this.#nextIndex = (crypto.getRandomValues(new Uint32Array(1))[0] ?? 1) >>> 0;
    const { seed, remembered, wasLost } = setup;
    this.#feed({ kind: 'boot', atMs: clock.monotonicMs(), seed, remembered, wasLost });
  }

  #configOf(rules: TunnelSetup['rules']): DeviceConfig {
    return {
      device: encodeKey(this.#handshakes.identity.publicKey),
      ciphers: ['aes-256-gcm', 'chacha20-poly1305'],
      limits: rules.limits,
      linkPolicy: (name) => rules.linkPolicies[name] ?? { preference: 1_000, cost: 'free' },
    };
  }

  onLinks(views: Parameters<Uplinks['refresh']>[0]): void {
    this.#feed({ kind: 'links', atMs: this.#now(), links: this.#uplinks.refresh(views) });
  }

  onMessage(message: ToTunnel): void {
    const atMs = this.#now();
    switch (message.kind) {
      case 'persisted': {
        const { ticket, isDurable } = message;
        return this.#feed({ kind: 'persisted', atMs, ticket, isDurable });
      }
      case 'timestamps':
        this.#askedTimestamps = false;
        return this.#handshakes.onGrant(message.grant);
      case 'rules':
        this.#config = this.#configOf(message.rules);
        return this.#feed({ kind: 'tick', atMs });
      case 'terminate':
        return this.#feed({ kind: 'terminate', atMs, reasonCode: message.reasonCode });
      case 'rebind':
        return this.#feed({ kind: 'rebind', atMs, linkName: message.linkName });
      case 'status':
        this.packets.held = this.#holding.count;
        this.packets.heldDropped = this.#holding.droppedCount;
        return this.#post({
          kind: 'status',
          requestId: message.requestId,
          status: sessionStatus(this.#device, this.packets),
        });
    }
  }

  /** A packet from an application; `packet` is the caller's buffer and free again on return. */
  onPacket(packet: Uint8Array, bytes: number): void {
    const route = this.#route;
    this.#sentPackets += 1;
    if (route === null) {
      this.#holding.hold(
        packet.subarray(0, bytes),
        this.#now(),
        this.#setup.rules.resendBufferBytes,
      );
      return;
    }
    this.#sendData(route.keypair, route.path, packet, bytes);
  }

  #sendData(keypair: SessionKeypair, path: Path, packet: Uint8Array, bytes: number): void {
    const total = keypair.sealData(path.transportId, packet, bytes, this.#sealed);
    if (total < 0) return countRefused(this.packets, 'counterExhausted');
    keypair.noteData(this.#now());
    this.packets.sent += 1;
    this.packets.sentBytes += bytes;
    this.#transmit(path, this.#sealed, total);
  }

  #transmit(path: Path, datagram: Uint8Array, bytes: number): void {
    const result = path.uplink.socket?.send(datagram, bytes, path.address) ?? SEND.deviceGone;
    if (result === SEND.sent) return;
    countRefused(this.packets, result === SEND.wouldBlock ? 'sendQueueFull' : 'sendFailed');
    if (result === SEND.deviceGone || result === SEND.unreachable)
      this.#failed.add(path.transportId);
  }
  readonly #failed = new Set<number>();

  /** A datagram from anyone. */
  onDatagram(uplink: Uplink, datagram: Uint8Array): void {
    switch (datagram[0]) {
      case MESSAGE_TYPE.data:
        return this.#onData(datagram);
      case MESSAGE_TYPE.control:
        return this.#onControl(uplink, datagram);
      case MESSAGE_TYPE.response:
        return this.#onResponse(datagram);
      case MESSAGE_TYPE.cookieReply:
        return this.#refusedUnless(this.#handshakes.onCookie(datagram, this.#now()));
      case MESSAGE_TYPE.clockHint:
        return this.#onClockHint(datagram);
      default:
        countRefused(this.packets, 'malformed_datagram');
    }
  }

  #onData(datagram: Uint8Array): void {
    const keypair = this.#keypairs.get(datagram.length < 8 ? -1 : receiverOf(datagram));
    if (keypair === undefined) return countRefused(this.packets, 'wrong_key_datagram');
    const bytes = keypair.openData(datagram, this.#opened);
    if (bytes < 0) return countRefused(this.packets, openError(bytes) ?? 'malformed_datagram');
    const atMs = this.#now();
    keypair.noteData(atMs);
    this.#heardOn.add(keypair.openedTransportId);
    const untilMs = this.#accepted.get(keypair.openedTransportId);
    if (untilMs === undefined || (untilMs !== null && untilMs < atMs))
      return countRefused(this.packets, 'foreign_transport');
    if (bytes === 0) return;
    this.packets.received += 1;
    this.packets.receivedBytes += bytes;
    this.#tun.write(this.#opened, bytes);
  }

  #onControl(uplink: Uplink, datagram: Uint8Array): void {
    const keypair = this.#keypairs.get(datagram.length < 8 ? -1 : receiverOf(datagram));
    if (keypair === undefined) return countRefused(this.packets, 'wrong_key_datagram');
    const opened = keypair.openControl(datagram);
    if (!opened.ok) return countRefused(this.packets, opened.code);
    const { transportId, plaintext } = opened.value;
    // A frame counts for the link it came in on, not for the one it names.
    if (this.#uplinks.path(transportId)?.uplink !== uplink)
      return countRefused(this.packets, 'foreign_transport');
    const frame = decodeFrame(plaintext);
    if (!frame.ok) return countRefused(this.packets, 'unknown_frame');
    const atMs = this.#now();
    this.#feed({
      kind: 'frame',
      atMs,
      channelId: keypair.localIndex,
      transportId,
      frame: frame.value,
    });
  }

  #onResponse(datagram: Uint8Array): void {
    const atMs = this.#now();
    const answer = this.#handshakes.onResponse(datagram, atMs);
    if (typeof answer === 'string') return countRefused(this.packets, answer);
    const { origin, transportId } = answer;
    const keypair = new SessionKeypair(origin);
    wipeSecrets(origin.secrets);
    this.#keypairs.set(keypair.localIndex, keypair);
    if (this.#device.cipher !== null) keypair.enableData(this.#device.cipher);
    const { localIndex: channelId, handshakeHash } = keypair;
    this.#feed({ kind: 'channelUp', atMs, channelId, transportId, handshakeHash });
  }

  /** Our clock and flash are older than what the hub remembers: reserve above it, then try again. */
  #onClockHint(datagram: Uint8Array): void {
    const seenMs = this.#handshakes.onClockHint(datagram);
    if (typeof seenMs === 'string') return countRefused(this.packets, seenMs);
    this.#post({ kind: 'audit', event: clockHintEvent(this.#device, this.#config.device, seenMs) });
    this.#post({ kind: 'reserveTimestamps', atLeastMs: seenMs });
  }

  #refusedUnless(code: string | null): void {
    if (code !== null) countRefused(this.packets, code);
  }

  /** Time passed: traffic, failed sends, key ages and the core's own deadline. */
  onTime(): void {
    const atMs = this.#now();
    this.#tellFailures(atMs);
    const isMoving = this.#sentPackets > 0 || this.#heardOn.size > 0;
    if (isMoving && atMs - this.#trafficToldAtMs >= TRAFFIC_EVENT_MS) {
      const event = {
        kind: 'traffic',
        atMs,
        sentPackets: this.#sentPackets,
        heardOn: [...this.#heardOn],
      } as const;
      this.#sentPackets = 0;
      this.#heardOn.clear();
      this.#trafficToldAtMs = atMs;
      this.#feed(event);
    }
    this.#ageKeypairs(atMs);
    const wanted = this.#handshakes.wantsTimestampsMs;
    if (wanted !== null && !this.#askedTimestamps) {
      this.#askedTimestamps = true;
      this.#post({ kind: 'reserveTimestamps', atLeastMs: wanted });
    }
    const dueAtMs = nextDeadline(this.#device);
    if (dueAtMs !== null && dueAtMs <= this.#now()) this.#feed({ kind: 'tick', atMs: this.#now() });
  }

  #tellFailures(atMs: number): void {
    if (this.#failed.size === 0) return;
    const failed = [...this.#failed];
    this.#failed.clear();
    for (const transportId of failed)
      this.#feed({ kind: 'sendFailed', atMs, transportId, error: 'unreachable' });
  }

  #ageKeypairs(atMs: number): void {
    for (const [channelId, keypair] of this.#keypairs) {
      const isDue = isSessionRekeyDue(keypair, atMs) || keypair.needsRekey;
      if (isDue && !this.#dueTold.has(channelId)) {
        this.#dueTold.add(channelId);
        this.#feed({ kind: 'channelDue', atMs, channelId });
      }
      if (isSessionExpired(keypair, atMs)) {
        this.#forget(channelId);
        this.#feed({ kind: 'channelGone', atMs, channelId });
      }
    }
  }

  /** When `onTime` has to be called at the latest, monotonic; null: only the world can move us. */
  nextDeadlineMs(): number | null {
    const armed = [nextDeadline(this.#device)];
    for (const [channelId, keypair] of this.#keypairs) {
      armed.push(
        this.#dueTold.has(channelId) ? sessionExpiresAtMs(keypair) : sessionRekeyAtMs(keypair),
      );
    }
    const isMoving = this.#sentPackets > 0 || this.#heardOn.size > 0;
    if (isMoving) armed.push(this.#trafficToldAtMs + TRAFFIC_EVENT_MS);
    if (this.#failed.size > 0) armed.push(0);
    const due = armed.filter((at) => at !== null);
    return due.length === 0 ? null : Math.min(...due);
  }

  #feed(event: DeviceEvent): void {
    const next = step(this.#device, event, this.#config);
    this.#device = next.device;
    for (const effect of next.effects) this.#perform(effect);
  }

  #perform(effect: DeviceEffect): void {
    switch (effect.kind) {
      case 'handshake':
        return this.#initiate(effect.transportId);
      case 'send':
        return this.#sendControl(effect.channelId, effect.transportId, encodeFrame(effect.frame));
      case 'keepalive':
        return this.#sendControl(effect.channelId, effect.transportId, new Uint8Array(0));
      case 'persist':
        return this.#post(effect);
      case 'route':
        return this.#setRoute(effect.route);
      case 'accept':
        this.#accepted = new Map(
          effect.from.map(({ transportId, untilMs }) => [transportId, untilMs]),
        );
        return;
      case 'assign':
        for (const keypair of this.#keypairs.values()) {
          if (keypair.suite === null) keypair.enableData(effect.cipher);
        }
        return this.#post(effect);
      case 'dropChannel':
        return this.#forget(effect.channelId);
      case 'report':
        return this.#post({ kind: 'audit', event: effect.event });
    }
  }

  #initiate(transportId: number): void {
    const path = this.#uplinks.path(transportId);
    if (path === null) return;
    this.#nextIndex = (this.#nextIndex + 1) >>> 0;
    const message = this.#handshakes.initiate(transportId, this.#nextIndex, this.#now());
    if (message === null) return countRefused(this.packets, 'noTimestampLeft');
    this.#sealed.set(message);
    this.#transmit(path, this.#sealed, message.length);
  }

  #sendControl(channelId: number, transportId: number, plaintext: Uint8Array): void {
    const keypair = this.#keypairs.get(channelId);
    const path = this.#uplinks.path(transportId);
    if (keypair === undefined || path === null) return;
    if (!keypair.hasRoomFor(transportId)) return countRefused(this.packets, 'tooManyTransports');
    const message = keypair.sealControl(transportId, plaintext);
    this.#sealed.set(message);
    this.#transmit(path, this.#sealed, message.length);
  }

  #setRoute(route: { channelId: number; transportId: number } | null): void {
    const keypair = route === null ? undefined : this.#keypairs.get(route.channelId);
    const path = route === null ? null : this.#uplinks.path(route.transportId);
    this.#route = keypair === undefined || path === null ? null : { keypair, path };
    if (this.#route === null) return;
    const { limits } = this.#config;
    this.#holding.release(this.#now(), limits.resendMaxAgeMs, (packet) => {
      if (this.#route !== null)
        this.#sendData(this.#route.keypair, this.#route.path, packet, packet.length);
    });
  }

  #forget(channelId: number): void {
    this.#keypairs.delete(channelId);
    this.#dueTold.delete(channelId);
    if (this.#route?.keypair.localIndex === channelId) this.#route = null;
  }

  #now(): number {
    return this.#clock.monotonicMs();
  }
}

/** Said aloud: a device that lost clock and flash has recovered, and somebody should know why. */
function clockHintEvent(device: Device, key: string, seenMs: number): AuditEvent {
  return {
    event: 'alarm',
    atMs: device.nowMs,
    reasonCode: 'clock_hint_used',
    device: key,
    sessionId: device.sessionId,
    from: null,
    to: null,
    stateVersion: device.stateVersion,
    hubSeq: 0,
    ownerEpoch: 0,
    transport: null,
    detail: { seenAt: new Date(seenMs).toISOString() },
  };
}
