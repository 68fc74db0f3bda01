/**
 * Processes that speak for the device: the original, its restart, or a copy of its flash.
 *
 * They prove with real keys, so a forged or stale claim fails for the reason it would fail for in the
 * field.
 *
 * @module
 */
import { hexToBytes } from '../../../../session/bytes.ts';
import type { Claim } from '../../../../session/claim.ts';
import type { SeatEffect } from '../../../../session/hub/event.ts';
import type { SeatLimits } from '../../../../session/hub/limits.ts';
import { claimBytes, prove } from '../../../../session/proof.ts';
import { encodeFrame } from '../../../../session/wire/encode.ts';
import type { Attach, Frame, Reattach } from '../../../../session/wire/frames.ts';
import { Rig, type SendEffect, type SwapEffect } from './rig.ts';

/** Outer headers and tag around a frame, as a shell would count them. */
const OUTER_BYTES = 60;

export const SOURCES: Readonly<Record<number, string>> = {
  1: '192.0.2.1:4001',
  2: '198.51.100.2:4002',
  3: '203.0.113.3:4003',
};
const LINKS = { 1: 'ethernet', 2: 'wifi', 3: 'lte' } as const;

/** One process that speaks for the device: the original, its restart, or a copy. */
export class Process {
  channelId = 0;
  handshakeHash = new Uint8Array(32);
  memoryKey: Uint8Array | null = null;
  nonces = 0;
  sources: Record<number, string> = { ...SOURCES };
  noticeMs: number | null = null;
  readonly rig: Rig;
  readonly name: string;
  secret: Uint8Array | null;
  sessionId: string;
  version: number;

  constructor(
    rig: Rig,
    flash: { secret?: Uint8Array | null; sessionId?: string; version?: number } = {},
    name = '0',
  ) {
    this.rig = rig;
    this.name = name;
    this.secret = flash.secret ?? null;
    this.sessionId = flash.sessionId ?? '5e'.repeat(16);
    this.version = flash.version ?? 0;
  }

  /** Another process with what is on this one's flash. */
  copy(name: string): Process {
    const { secret, sessionId, version } = this;
    return new Process(this.rig, { secret, sessionId, version }, name);
  }

  /** A handshake; by default it validates the address it came from. */
  shake(transportId = 1, isValidated = true): SeatEffect[] {
    this.channelId = ++this.rig.channels;
    this.handshakeHash = new Uint8Array(32).fill(this.channelId);
    const { channelId, handshakeHash } = this;
    const source = isValidated ? (this.sources[transportId] ?? null) : null;
    return this.rig.feed({ kind: 'channelUp', channelId, handshakeHash, source });
  }

  claim(transportId: number, change: Partial<Claim> = {}): Claim {
    this.version = Math.max(this.version + 1, change.stateVersion ?? 0);
    const nonce = `${this.name}${String(++this.nonces).padStart(15, '0')}`;
    return { sessionId: this.sessionId, stateVersion: this.version, transportId, nonce, ...change };
  }

  attachFrame(claim: Claim, change: Partial<Attach> = {}): Attach {
    const { secret, handshakeHash } = this;
    return {
      type: 'attach',
      claim,
      isNew: false,
      previousSessionId: null,
      proof: secret === null ? null : prove('attach', secret, handshakeHash, claimBytes(claim)),
      linkKind: LINKS[claim.transportId as 1] ?? 'other',
      linkName: `link${claim.transportId}`,
      ciphers: ['aes-256-gcm', 'chacha20-poly1305'],
      reasonCode: change.isNew === true ? 'session_created' : 'agent_restarted',
      mtuBytes: 1_440,
      noticeMs: this.noticeMs,
      ...change,
    };
  }

  reattachFrame(claim: Claim, change: Partial<Reattach> = {}): Reattach {
    const key = this.memoryKey ?? new Uint8Array(32);
    return {
      type: 'reattach',
      claim,
      proof: prove('reattach', key, this.handshakeHash, claimBytes(claim)),
      token: null,
      linkKind: LINKS[claim.transportId as 1] ?? 'other',
      linkName: `link${claim.transportId}`,
      purpose: 'recovery',
      reasonCode: 'carrier_lost',
      mtuBytes: 1_440,
      noticeMs: this.noticeMs,
      ...change,
    };
  }

  send(
    frame: Frame,
    transportId: number,
    change: { source?: string; isNewest?: boolean } = {},
  ): SeatEffect[] {
    return this.rig.feed({
      kind: 'frame',
      channelId: this.channelId,
      transportId,
      source: change.source ?? this.sources[transportId] ?? '',
      bytes: encodeFrame(frame).length + OUTER_BYTES,
      isNewest: change.isNewest ?? true,
      frame,
    });
  }

  data(transportId: number, source = this.sources[transportId] ?? '', isNewest = true) {
    const { channelId } = this;
    return this.rig.feed({ kind: 'data', channelId, transportId, source, isNewest });
  }

  duplicate(transportId: number, source: string): SeatEffect[] {
    return this.rig.feed({ kind: 'duplicate', channelId: this.channelId, transportId, source });
  }

  /** The answer to `challenge`, as what is left of it when a copy came first, from somewhere else. */
  respondAgain(challenge: SendEffect, isMine: boolean, source?: string): SeatEffect[] {
    const { frame, transportId, target } = challenge;
    if (frame.type !== 'challenge') throw new Error('not a challenge');
    const response = { type: 'response', token: frame.token, isMine } as const;
    const { channelId } = this;
    return this.rig.feed({
      ...{ kind: 'duplicate', channelId, transportId },
      ...{ source: source ?? target, response },
    });
  }

  probe(transportId: number): SeatEffect[] {
    return this.send({ type: 'probe', probeId: 7 }, transportId);
  }

  /** Answer the challenge that `effect` carries. */
  respond(challenge: SendEffect, isMine: boolean, source?: string): SeatEffect[] {
    const { frame, transportId, target } = challenge;
    if (frame.type !== 'challenge') throw new Error('not a challenge');
    const response = { type: 'response', token: frame.token, isMine } as const;
    return this.send(response, transportId, { source: source ?? target });
  }

  rotate(transportId: number, key = this.memoryKey ?? new Uint8Array(32)): SeatEffect[] {
    const { sessionId, handshakeHash } = this;
    const proof = prove('rotate', key, handshakeHash, hexToBytes(sessionId));
    return this.send({ type: 'rotate', sessionId, proof }, transportId);
  }

  /** Open a session and take the keys of its answer. */
  open(transportId = 1, change: Partial<Attach> = {}): this {
    if (this.channelId === 0) this.shake(transportId);
    this.send(this.attachFrame(this.claim(transportId), { isNew: true, ...change }), transportId);
    return this.keep();
  }

  /** Resume with what is on flash; waits out the challenge of an older binding. */
  resume(transportId = 1): this {
    this.shake(transportId);
    this.send(this.attachFrame(this.claim(transportId)), transportId);
    if (this.rig.seat.pending !== null) this.rig.run(1_500);
    return this.keep();
  }

  move(transportId: number, change: Partial<Reattach> = {}): SeatEffect[] {
    return this.send(this.reattachFrame(this.claim(transportId), change), transportId);
  }

  /** Take the keys from the answer among the last effects. */
  keep(): this {
    for (const effect of this.rig.effects) {
      if (effect.kind !== 'send' || effect.channelId !== this.channelId) continue;
      const { frame } = effect;
      const keys =
        frame.type === 'attached' ? frame : frame.type === 'reattached' ? frame.renewed : null;
      if (keys === null) continue;
      this.secret = keys.secret;
      this.memoryKey = keys.memoryKey;
    }
    return this;
  }
}

/** A rig whose device is attached on transport 1 and has sent data. */
export function attached(limits: Partial<SeatLimits> = {}): { rig: Rig; device: Process } {
  const rig = new Rig(limits);
  const device = new Process(rig).open(1);
  device.data(1);
  return { rig, device };
}

/** A claim for transport 2 is on its way to a store that does not answer. */
export function doubtful(): { rig: Rig; device: Process; frame: Reattach; swap: SwapEffect } {
  const { rig, device } = attached();
  device.probe(2);
  const { token } = rig.frame('probeAck');
  rig.store = 'hold';
  const frame = device.reattachFrame(device.claim(2), { token });
  device.send(frame, 2);
  const [swap] = rig.held;
  if (swap === undefined) throw new Error('no swap');
  return { rig, device, frame, swap };
}
