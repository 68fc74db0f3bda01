/**
 * One move in the making: the parts of a state, and what follows at once when one of them is told something.
 *
 * Handshakes, PROBEs and MTU frames are answered in the same instant; a link without carrier, or a hub that is down, answers
 * nothing. All other frames, and all swaps, become messages.
 *
 * @module
 */
import type { DeviceEffect } from '../../../../session/device/event.ts';
import type { SeatEffect, SeatEvent } from '../../../../session/hub/event.ts';
import { newSeat, step } from '../../../../session/hub/seat.ts';
import type { Frame } from '../../../../session/wire/frames.ts';
import { hashOf, seatConfig, sourceOf } from './config.ts';
import type { Parts } from './parts.ts';
import { type DeviceNews, feedDevice, keyOf, type ProcessTurn } from './process.ts';
import { normalSeat } from './shift.ts';
import { type Hub, type Message, NOW_MS, type Process, type State, type Store } from './state.ts';

export type SeatNews = SeatEvent extends infer Event
  ? Event extends unknown
    ? Omit<Event, 'atMs'>
    : never
  : never;

/** Answered in the same instant. */
const INSTANT = new Set<Frame['type']>(['probe', 'probeAck', 'mtu', 'received', 'response']);

/** A challenge about an address is instant, one about a claim is a message: its answer decides who wins. */
function isInstant(frame: Frame): boolean {
  return INSTANT.has(frame.type) || (frame.type === 'challenge' && frame.claim === null);
}

/** Of each direction so many are under way; an older one is lost. */
const UNDER_WAY_MAX = 3;

export class Scene {
  readonly processes: Process[];
  readonly hubs: Hub[];
  store: Store;
  messages: readonly Message[];
  readonly parts: Parts;
  readonly isLeased: boolean;
  readonly #budget: number;

  constructor(parts: Parts, state: State, isLeased: boolean) {
    this.parts = parts;
    this.isLeased = isLeased;
    this.processes = state.processes.map((number) => parts.processes.at(number));
    this.hubs = state.hubs.map((number) => parts.hubs.at(number));
    this.store = parts.stores.at(state.store);
    this.messages = parts.nets.at(state.net);
    this.#budget = state.budget;
  }

  done(budget = this.#budget): State {
    const { parts } = this;
    return {
      processes: this.processes.map((process) => parts.processes.add(process)),
      hubs: this.hubs.map((hub) => parts.hubs.add(hub)),
      store: parts.stores.add(this.store),
      net: parts.nets.add(this.messages),
      budget,
    };
  }

  hubOf(transportId: number): number {
    return this.hubs.length === 1 ? 0 : transportId - 1;
  }

  tellDevice(index: number, news: DeviceNews): void {
    this.take(index, feedDevice(this.processes[index]!, news));
  }

  take(index: number, { process, effects }: ProcessTurn): void {
    this.processes[index] = process;
    for (const effect of effects) this.#perform(index, effect);
  }

  tellHub(index: number, news: SeatNews): void {
    const hub = this.hubs[index]!;
    if (hub.seat === null) return;
    const event = { ...news, atMs: NOW_MS } as SeatEvent;
    const { seat, effects } = step(hub.seat, event, this.#config(index));
    this.hubs[index] = { ...hub, seat: normalSeat(seat) };
    for (const effect of effects) this.#obey(index, effect);
  }

  /** The process begins with what the store holds; its own epoch goes in front at once. */
  startHub(index: number): void {
    const life = this.hubs[index]!.life + 1;
    this.hubs[index] = { life, seat: null, channels: [] };
    const seat = normalSeat(newSeat(this.store.record, NOW_MS, this.#config(index)));
    this.hubs[index] = { life, seat, channels: [] };
    if (this.isLeased) this.tellHub(index, { kind: 'lease', isValid: true });
    else if (this.store.record !== null) this.tellHub(index, { kind: 'tick' });
  }

  #config(index: number) {
    return seatConfig(index, this.hubs[index]!.life, this.isLeased);
  }

  #perform(index: number, effect: DeviceEffect): void {
    const process = this.processes[index]!;
    switch (effect.kind) {
      case 'handshake':
        return this.#shake(index, effect.transportId);
      case 'send':
        return this.#up(process, effect.channelId, effect.transportId, effect.frame);
      case 'route': {
        if (effect.route === null) return;
        const { channelId, transportId } = effect.route;
        return this.#data(process, channelId, transportId);
      }
      default:
    }
  }

  #shake(index: number, transportId: number): void {
    const process = this.processes[index]!;
    const at = this.hubOf(transportId);
    const hub = this.hubs[at]!;
    if (hub.seat === null || process.links[transportId - 1] !== true) return;
    const channelId = process.channels + 1;
    const key = keyOf(process, channelId);
    const ofHub = { channelId: (hub.channels.at(-1)?.channelId ?? 0) + 1, key, isUp: false };
    this.hubs[at] = { ...hub, channels: [...hub.channels, ofHub] };
    this.processes[index] = { ...process, channels: channelId };
    const handshakeHash = hashOf(`${key} ${at} ${hub.life}`);
    this.tellDevice(index, { kind: 'channelUp', channelId, transportId, handshakeHash });
  }

  #up(process: Process, channelId: number, transportId: number, frame: Frame): void {
    if (process.links[transportId - 1] !== true) return;
    const key = keyOf(process, channelId);
    if (frame.type === 'attach' || frame.type === 'reattach') {
      const { secret = null, memoryKey = null } = process.device ?? {};
      this.parts.authors.set(frame.claim.nonce, { name: process.name, secret, memoryKey });
    }
    const hub = this.hubOf(transportId);
    const message: Message = { kind: 'up', hub, key, transportId, frame };
    if (isInstant(frame)) this.deliver(message);
    else this.#post(message);
  }

  #data(process: Process, channelId: number, transportId: number): void {
    if (process.links[transportId - 1] !== true) return;
    const at = this.hubOf(transportId);
    const ofHub = this.#open(at, keyOf(process, channelId), transportId);
    if (ofHub === null) return;
    const source = sourceOf(process.name, transportId);
    this.tellHub(at, { kind: 'data', channelId: ofHub, transportId, source, isNewest: true });
  }

  /** The hub's name of a channel that it knows; its first message confirms it. */
  #open(at: number, key: string, transportId: number): number | null {
    const hub = this.hubs[at]!;
    const channel = hub.channels.find((candidate) => candidate.key === key);
    if (channel === undefined || hub.seat === null) return null;
    if (!channel.isUp) {
      const channels = hub.channels.map((other) =>
        other === channel ? { ...other, isUp: true } : other,
      );
      this.hubs[at] = { ...hub, channels };
      const { channelId } = channel;
      const handshakeHash = hashOf(`${key} ${at} ${hub.life}`);
      const source = sourceOf(key.startsWith('d') ? 'd' : 'c', transportId);
      this.tellHub(at, { kind: 'channelUp', channelId, handshakeHash, source });
    }
    return channel.channelId;
  }

  #post(message: Message): void {
    const same = this.messages.filter(({ kind }) => kind === message.kind);
    const lost = message.kind !== 'swap' && same.length >= UNDER_WAY_MAX ? same[0] : undefined;
    this.messages = [...this.messages.filter((other) => other !== lost), message];
  }

  deliver(message: Message): void {
    this.messages = this.messages.filter((other) => other !== message);
    if (message.kind === 'up') {
      const { hub, key, transportId, frame } = message;
      const channelId = this.#open(hub, key, transportId);
      if (channelId === null) return;
      const source = sourceOf(key.startsWith('d') ? 'd' : 'c', transportId);
      const arrival = { channelId, transportId, source, bytes: 300, isNewest: true };
      this.tellHub(hub, { kind: 'frame', ...arrival, frame });
    } else if (message.kind === 'down') {
      const { key, transportId, frame } = message;
      const index = this.processes.findIndex(
        (process) => process.device !== null && key.startsWith(`${process.name}${process.life}.`),
      );
      if (index < 0) return;
      const channelId = Number(key.split('.')[1]);
      this.tellDevice(index, { kind: 'frame', channelId, transportId, frame });
    }
  }

  #obey(at: number, effect: SeatEffect): void {
    switch (effect.kind) {
      case 'send': {
        const { channelId, transportId, frame, target } = effect;
        const channel = this.hubs[at]!.channels.find((one) => one.channelId === channelId);
        if (channel === undefined) return;
        const { key } = channel;
        const process = this.processes.find(({ name }) => key.startsWith(name));
        if (process === undefined || target !== sourceOf(process.name, transportId)) return;
        if (process.links[transportId - 1] !== true) return;
        const message: Message = { kind: 'down', hub: at, key, transportId, frame };
        return isInstant(frame) ? this.deliver(message) : this.#post(message);
      }
      case 'swap': {
        const { life } = this.hubs[at]!;
        const { record } = effect;
        return this.#post({ kind: 'swap', hub: at, life, record, isOrphan: false });
      }
      case 'askOwner': {
        const { record: current } = this.store;
        const owner = this.hubs[current?.owner === 'b' ? 1 : 0];
        const isEnded = current !== null && current.owner !== '' && owner?.seat == null;
        return this.tellHub(at, { kind: 'owner', current, isEnded });
      }
      case 'askRelease': {
        const { owner, ownerEpoch, isMemory } = effect;
        const to = owner === 'b' ? 1 : 0;
        return this.tellHub(to, { kind: 'release', ownerEpoch, isMemory });
      }
      case 'dropChannel': {
        const hub = this.hubs[at]!;
        const channels = hub.channels.filter(({ channelId }) => channelId !== effect.channelId);
        this.hubs[at] = { ...hub, channels };
        return;
      }
      default:
    }
  }
}
