/**
 * What arrives and is not data: frames of the session, answers to handshakes. Each becomes an event of the core.
 *
 * Refused and counted: what opens with no key of ours, what is no frame, and what came in on another link than the one
 * it names. A datagram is used within the call and not kept.
 *
 * @module
 */
import { wipeSecrets } from '../session/channel/secrets.ts';
import { SessionKeypair } from '../session/channel/sessionKeypair.ts';
import type { DeviceEvent } from '../session/device/event.ts';
import type { Device } from '../session/device/state.ts';
import { decodeFrame } from '../session/wire/decode.ts';
import { MESSAGE_TYPE } from '../session/wire/messages.ts';
import { decodeUnknownChannel } from '../session/wire/unknownChannel.ts';
import { clockHintEvent } from './clockHint.ts';
import type { Handshakes } from './handshakes.ts';
import type { Keyring } from './keyring.ts';
import type { FromTunnel } from './messages.ts';
import type { Uplink, Uplinks } from './uplinks.ts';

export interface ControlParts {
  readonly uplinks: Uplinks;
  readonly keyring: Keyring;
  readonly handshakes: Handshakes;
  readonly post: (message: FromTunnel) => void;
  /** The core's state of this moment. */
  readonly device: () => Device;
  /** The device's static public key, base64. */
  readonly deviceKey: string;
  readonly nowMs: () => number;
  readonly refuse: (code: string) => void;
  readonly feed: (event: DeviceEvent) => void;
}

export class ControlMessages {
  readonly #parts: ControlParts;

  constructor(parts: ControlParts) {
    this.#parts = parts;
  }

  /** One datagram that came in on `uplink`, from anyone. */
  take(uplink: Uplink, datagram: Uint8Array): void {
    const { handshakes, nowMs, refuse } = this.#parts;
    switch (datagram[0]) {
      case MESSAGE_TYPE.control:
        return this.#onControl(uplink, datagram);
      case MESSAGE_TYPE.response:
        return this.#onResponse(datagram);
      case MESSAGE_TYPE.cookieReply: {
        const code = handshakes.onCookie(datagram, nowMs());
        return code === null ? undefined : refuse(code);
      }
      case MESSAGE_TYPE.clockHint:
        return this.#onClockHint(datagram);
      case MESSAGE_TYPE.unknownChannel:
        return this.#onUnknownChannel(uplink, datagram);
      default:
        refuse('malformed_datagram');
    }
  }

  #onControl(uplink: Uplink, datagram: Uint8Array): void {
    const { uplinks, keyring, nowMs, refuse, feed } = this.#parts;
    const keypair = keyring.addressed(datagram, 0, datagram.length);
    if (keypair === undefined) return refuse('wrong_key_datagram');
    const opened = keypair.openControl(datagram);
    keyring.noteUse();
    if (!opened.ok) return refuse(opened.code);
    const { transportId, plaintext } = opened.value;
    // A frame counts for the link it came in on, not for the one it names.
    if (uplinks.path(transportId)?.uplink !== uplink) return refuse('foreign_transport');
    const frame = decodeFrame(plaintext);
    if (!frame.ok) return refuse('unknown_frame');
    const channelId = keypair.localIndex;
    feed({ kind: 'frame', atMs: nowMs(), channelId, transportId, frame: frame.value });
  }

  #onResponse(datagram: Uint8Array): void {
    const { handshakes, keyring, device, nowMs, refuse, feed } = this.#parts;
    const atMs = nowMs();
    const answer = handshakes.onResponse(datagram, atMs);
    if (typeof answer === 'string') return refuse(answer);
    const { origin, transportId } = answer;
    const keypair = new SessionKeypair(origin);
    wipeSecrets(origin.secrets);
    keyring.add(keypair);
    const { cipher } = device();
    if (cipher !== null) keypair.enableData(cipher);
    const { localIndex: channelId, handshakeHash } = keypair;
    feed({ kind: 'channelUp', atMs, channelId, transportId, handshakeHash });
  }

  /** Our clock and flash are older than what the hub remembers: reserve above it, then try again. */
  #onClockHint(datagram: Uint8Array): void {
    const { handshakes, device, deviceKey, post, refuse } = this.#parts;
    const seenMs = handshakes.onClockHint(datagram);
    if (typeof seenMs === 'string') return refuse(seenMs);
    post({ kind: 'audit', event: clockHintEvent(device(), deviceKey, seenMs) });
    post({ kind: 'reserveTimestamps', atLeastMs: seenMs });
  }

  /**
   * ◆ The hub has lost the keys of what we just sent on the binding, or somebody who saw it go by says so: a reason to ask,
   * and no more.
   */
  #onUnknownChannel(uplink: Uplink, datagram: Uint8Array): void {
    const { uplinks, keyring, device, nowMs, refuse, feed } = this.#parts;
    const told = decodeUnknownChannel(datagram);
    if (!told.ok) return refuse(told.code);
    const { transportId, receiver, counter } = told.value;
    const { channel, activeId } = device();
    const keypair = channel === null ? undefined : keyring.find(channel.channelId);
    const isOurs = keypair?.remoteIndex === receiver && keypair.hasLatelySent(transportId, counter);
    const isBinding = transportId === activeId && uplinks.path(transportId)?.uplink === uplink;
    if (!isOurs || !isBinding) return refuse('unexpectedUnknownChannel');
    refuse('unknown_channel');
    feed({ kind: 'hearsay', atMs: nowMs(), linkName: uplink.name });
  }
}
