/**
 * A hub in the simulator: the real seat, a store with unknown outcomes, and crashes.
 *
 * STAND-IN: channels are random hashes named by the device (see `deviceProcess.ts`); the replay window
 * that the real channel has is a set of what was seen, here left to the seat's own freshness rules.
 *
 * @module
 */
import type { SeatEffect, SeatEvent } from '../../../session/hub/event.ts';
import type { SeatConfig } from '../../../session/hub/limits.ts';
import type { SessionRecord } from '../../../session/hub/record.ts';
import { newSeat, nextDeadline, type Seat, step } from '../../../session/hub/seat.ts';
import { decodeFrame } from '../../../session/wire/decode.ts';
import { encodeFrame } from '../../../session/wire/encode.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import type { DeviceProcess } from './deviceProcess.ts';
import type { Uplink } from './network.ts';
import type { Options } from './options.ts';

const STORE_MS_MAX = 20;
const LATE_MS_MAX = 5_000;
const BOOT_MS_MAX = 2_000;

interface SimChannel {
  readonly channelId: number;
  readonly key: string;
  readonly hash: Uint8Array;
  isConfirmed: boolean;
  owner: DeviceProcess | null;
  readonly highest: Map<string, number>;
}

function isNewestOn(channel: SimChannel, lane: string, order: number): boolean {
  const isNewest = order > (channel.highest.get(lane) ?? 0);
  if (isNewest) channel.highest.set(lane, order);
  return isNewest;
}

export class HubProcess {
  seat: Seat;
  isRunning = true;
  record: SessionRecord | null = null;
  route: Extract<SeatEffect, { kind: 'route' }>['route'] = null;
  onEffect: (effect: SeatEffect) => void = () => {};
  onCommit: (before: SessionRecord | null, after: SessionRecord) => void = () => {};
  readonly #world: World;
  readonly #random: Random;
  readonly #options: Options;
  readonly #log: (line: string) => void;
  #config: SeatConfig;
  readonly #limits: SeatConfig['limits'];
  #life = 0;
  #timerAtMs: number | null = null;
  #channels: SimChannel[] = [];
  #nextChannel = 0;
  #isCalm = false;

  constructor(
    world: World,
    random: Random,
    options: Options,
    limits: SeatConfig['limits'],
    log: (line: string) => void,
  ) {
    this.#world = world;
    this.#random = random;
    this.#options = options;
    this.#limits = limits;
    this.#log = log;
    this.#config = this.#newConfig();
    this.seat = newSeat(null, world.nowMs, this.#config);
  }

  #newConfig(): SeatConfig {
    return {
      hubId: 'hub-a',
      device: 'device-a',
      inner4: '10.77.0.2/32',
      inner6: null,
      routes: ['10.79.0.0/24'],
      ciphers: ['aes-256-gcm', 'chacha20-poly1305'],
      seed: this.#random.bytes(32),
      limits: this.#limits,
    };
  }

  crash(): void {
    if (!this.isRunning) return;
    this.#log('hub crashes');
    this.isRunning = false;
    this.#life += 1;
    this.route = null;
    this.#channels = [];
    this.#world.after(this.#random.below(BOOT_MS_MAX), () => {
      this.isRunning = true;
      this.#timerAtMs = null;
      this.#config = this.#newConfig();
      this.seat = newSeat(this.record, this.#world.nowMs, this.#config);
      this.#log(`hub restarts with v${this.record?.stateVersion ?? 0}`);
      this.#arm();
    });
  }

  heal(): void {
    this.#isCalm = true;
  }

  onHandshake(key: string, answer: (hash: Uint8Array) => void): void {
    if (!this.isRunning) return;
    const known = this.#channels.find((channel) => channel.key === key);
    if (known !== undefined) return; // a duplicate of the same initiation is refused by its timestamp
    const channel = {
      channelId: ++this.#nextChannel,
      key,
      hash: this.#random.bytes(32),
      isConfirmed: false,
      owner: null,
      highest: new Map<string, number>(),
    };
    this.#channels = [...this.#channels, channel].slice(-32);
    answer(channel.hash);
  }

  onControl(
    key: string,
    transportId: number,
    packet: Uplink,
    bytes: Uint8Array,
    from: DeviceProcess,
  ): void {
    const channel = this.#confirmed(key, transportId, packet);
    if (channel === null) return;
    const { source } = packet;
    const isNewest = isNewestOn(channel, `control ${transportId}`, packet.order);
    channel.owner = from;
    const frame = decodeFrame(bytes);
    if (!frame.ok) throw new Error(`a device sent a frame that does not decode: ${frame.code}`);
    const { channelId } = channel;
    const { nowMs: atMs } = this.#world;
    this.feed({
      kind: 'frame',
      atMs,
      channelId,
      transportId,
      source,
      bytes: bytes.length + 60,
      isNewest,
      frame: frame.value,
    });
  }

  onData(key: string, transportId: number, packet: Uplink): void {
    const channel = this.#confirmed(key, transportId, packet);
    if (channel === null) return;
    const isNewest = isNewestOn(channel, 'data', packet.order);
    const { channelId } = channel;
    this.feed({
      kind: 'data',
      atMs: this.#world.nowMs,
      channelId,
      transportId,
      source: packet.source,
      isNewest,
    });
  }

  /** The channel of an authentic packet that is not a copy; a copy is told as such and dropped. */
  #confirmed(key: string, transportId: number, { source, isCopy }: Uplink): SimChannel | null {
    if (!this.isRunning) return null;
    const channel = this.#channels.find((candidate) => candidate.key === key);
    if (channel === undefined) return null;
    if (isCopy) {
      const { channelId } = channel;
      if (channel.isConfirmed)
        this.feed({ kind: 'duplicate', atMs: this.#world.nowMs, channelId, transportId, source });
      return null;
    }
    if (!channel.isConfirmed) {
      channel.isConfirmed = true;
      const { channelId, hash } = channel;
      this.feed({
        kind: 'channelUp',
        atMs: this.#world.nowMs,
        channelId,
        handshakeHash: hash,
        source,
      });
    }
    return this.#channels.includes(channel) ? channel : null;
  }

  feed(event: SeatEvent): void {
    const next = step(this.seat, event, this.#config);
    this.seat = next.seat;
    for (const effect of next.effects) {
      this.onEffect(effect);
      this.#perform(effect);
    }
    this.#arm();
  }

  #arm(): void {
    const atMs = nextDeadline(this.seat);
    if (atMs === null || (this.#timerAtMs !== null && this.#timerAtMs <= atMs)) return;
    this.#timerAtMs = atMs;
    this.#later(atMs - this.#world.nowMs, () => {
      this.#timerAtMs = null;
      const dueAtMs = nextDeadline(this.seat);
      if (dueAtMs !== null && dueAtMs <= this.#world.nowMs)
        this.feed({ kind: 'tick', atMs: this.#world.nowMs });
      else this.#arm();
    });
  }

  #later(delayMs: number, run: () => void): void {
    const life = this.#life;
    this.#world.after(delayMs, () => {
      if (life === this.#life && this.isRunning) run();
    });
  }

  #perform(effect: SeatEffect): void {
    switch (effect.kind) {
      case 'send': {
        const channel = this.#channels.find(({ channelId }) => channelId === effect.channelId);
        if (channel?.owner == null) return;
        const bytes = encodeFrame(effect.frame);
        const { owner, key } = channel;
        return owner.network.down(effect.target, (transportId) =>
          owner.receive(key, transportId, bytes),
        );
      }
      case 'swap':
        return this.#swap(effect);
      case 'route':
        this.route = effect.route;
        return;
      case 'dropChannel':
        this.#channels = this.#channels.filter(({ channelId }) => channelId !== effect.channelId);
        return;
      default:
    }
  }

  /** The store: an unknown outcome may have happened, may happen late, or never; a crash changes none of it. */
  #swap(effect: Extract<SeatEffect, { kind: 'swap' }>): void {
    const random = this.#random;
    const isUnknown = !this.#isCalm && random.chance(this.#options.unknownStorePercent);
    const fate = isUnknown ? random.below(3) : 0;
    const delayMs = random.below(STORE_MS_MAX) + (fate === 1 ? random.below(LATE_MS_MAX) : 0);
    const life = this.#life;
    if (fate !== 2) this.#world.after(delayMs, () => this.#apply(effect, isUnknown ? null : life));
    if (isUnknown) this.#answer(STORE_MS_MAX, life, effect.swapId, 'unknown');
  }

  /** `life` is the one that waits for the answer, null if nobody does. */
  #apply(effect: Extract<SeatEffect, { kind: 'swap' }>, life: number | null): void {
    const { record } = this;
    const isMatch = (record?.revision ?? 0) === effect.expectedRevision;
    if (isMatch) {
      this.record = effect.record;
      this.onCommit(record, effect.record);
    }
    if (life === null) return;
    this.#answer(
      this.#random.below(STORE_MS_MAX),
      life,
      effect.swapId,
      isMatch ? 'committed' : 'mismatch',
    );
  }

  #answer(
    delayMs: number,
    life: number,
    swapId: number,
    outcome: 'committed' | 'mismatch' | 'unknown',
  ): void {
    this.#world.after(delayMs, () => {
      if (life !== this.#life || !this.isRunning) return;
      const current = outcome === 'mismatch' ? this.record : null;
      this.feed({ kind: 'swapped', atMs: this.#world.nowMs, swapId, outcome, current });
    });
  }
}
