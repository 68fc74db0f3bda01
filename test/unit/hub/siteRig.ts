/**
 * A hub's tunnel thread without kernel or threads: real peers, keys and seats over a network in memory.
 *
 * Time stands still unless a test moves it. The store answers at once, or piles swaps up in `held`.
 *
 * @module
 */

import type { DatagramSocket } from '../../../hal/datagram.ts';
import type { ChosenCiphers } from '../../../hal/linux/cipherChoice.ts';
import { nodeCiphers, nodeDh } from '../../../hal/linux/ciphers.ts';
import { openMeans } from '../../../hal/linux/means.ts';
import { nativeMemory } from '../../../hal/linux/memory.ts';
import { MemoryNetwork } from '../../../hal/memory/network.ts';
import { MemoryTun } from '../../../hal/memory/tun.ts';
import type { EnrolledDevice } from '../../../hub/device.ts';
import { onPacket, onRun } from '../../../hub/forward.ts';
import { Handshakes } from '../../../hub/handshakes.ts';
import type { FromHub } from '../../../hub/messages.ts';
import { Peers } from '../../../hub/peers.ts';
import { hubRules } from '../../../hub/rules.ts';
import { Site } from '../../../hub/site.ts';
import { loadPolicy } from '../../../policies/load.ts';
import { PLAIN_TIMES } from '../../../session/channel/age.ts';
import {
  encodeKey,
  type Identity,
  NO_PSK,
  newIdentity,
} from '../../../session/channel/identity.ts';
import { createInitiation, type PendingHandshake } from '../../../session/channel/initiation.ts';
import { PlainKeypair } from '../../../session/channel/plainKeypair.ts';
import { consumeResponse } from '../../../session/channel/response.ts';
import { SessionKeypair } from '../../../session/channel/sessionKeypair.ts';
import { timestampOf } from '../../../session/channel/timestamp.ts';
import type { SessionRecord } from '../../../session/hub/record.ts';
import { memoryOf } from '../../../session/memory.ts';
import { VIRTIO_BYTES } from '../../../session/packet/virtio.ts';
import { parseAddress } from '../../../session/wire/address.ts';
import { decodeFrame } from '../../../session/wire/decode.ts';
import { encodeFrame } from '../../../session/wire/encode.ts';
import type { Frame } from '../../../session/wire/frames.ts';
import { device as sample } from './sample.ts';

const MEANS = await openMeans();

export const HUB_AT = '192.0.2.1:51820';
const HUB = newIdentity(new Uint8Array(32).fill(200), nodeDh);

export type Swap = Extract<FromHub, { kind: 'swap' }>;

/** Nothing is measured in a test. */
const CHOSEN: ChosenCiphers = {
  ciphers: nodeCiphers,
  preference: ['aes-256-gcm', 'chacha20-poly1305'],
  report: [],
};

export class SiteRig {
  nowMs = 1_000_000_000;
  readonly network = new MemoryNetwork();
  readonly tun = new MemoryTun();
  readonly posted: FromHub[] = [];
  readonly records = new Map<string, SessionRecord>();
  held: Swap[] | null = null;
  readonly site: Site;
  readonly peers: Peers;
  readonly #handshakes: Handshakes;
  readonly #socket: DatagramSocket;
  readonly #datagram = nativeMemory(65_536);

  constructor(devices: readonly EnrolledDevice[], records: readonly SessionRecord[] = []) {
    const opened = this.network
      .newHost({ eth0: ['192.0.2.1'] })
      .openDatagramSocket(options(51_820));
    const policy = loadPolicy({});
    if (!opened.ok || !policy.ok) throw new Error('no socket or no policy');
    this.#socket = opened.value;
    for (const record of records) this.records.set(record.device, record);
    const setup = {
      wakeFd: -1,
      port: null as never,
      privateKey: HUB.privateKey,
      hubId: 'hub',
      addresses: [null],
      udpPort: 51_820,
      tunName: 'mem0',
      mtuBytes: 1_440,
      offload: 'off' as const,
      sealedSlots: 72,
      dataCipher: 'auto' as const,
      time: { offsetMs: 0 },
      lease: null,
      routes: [],
      rules: hubRules(policy.policy),
      seed: new Uint8Array(32).fill(1),
      plainTimes: PLAIN_TIMES,
      devices,
      records,
    };
    this.site = new Site(setup, {
      chosen: CHOSEN,
      nowMs: () => this.nowMs,
      tun: this.tun,
      sockets: [this.#socket],
      means: MEANS,
      post: (message) => this.#onPost(message),
    });
    this.peers = new Peers(this.site);
    this.#handshakes = new Handshakes(this.site, this.peers);
  }

  get counters() {
    return this.site.counters.snapshot();
  }

  audited(reasonCode: string) {
    return this.posted.flatMap((message) =>
      message.kind === 'audit' && message.event.reasonCode === reasonCode ? [message.event] : [],
    );
  }

  /** Take in everything that arrived. */
  run(): void {
    for (;;) {
      const bytes = this.#socket.receive(this.#datagram, 0);
      if (bytes === 0) break;
      const endpoint = this.site.endpoints.heard(this.#socket);
      const { segmentBytes, ecn } = this.#socket;
      const { site, nowMs } = this;
      onRun(site, this.#handshakes, this.#datagram, bytes, segmentBytes, ecn, endpoint, nowMs);
    }
    this.site.flushReceived();
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.site.deadlines.run(this.nowMs);
  }

  /** A packet of the site behind the hub. */
  fromSite(packet: Uint8Array): void {
    const memory = nativeMemory(65_536);
    memory.bytes.set(packet, VIRTIO_BYTES);
    onPacket(this.site, memory, 0, VIRTIO_BYTES + packet.length, this.nowMs);
    this.site.flushSent();
  }

  release(): void {
    const held = this.held ?? [];
    this.held = null;
    for (const swap of held) this.#answer(swap);
  }

  #onPost(message: FromHub): void {
    this.posted.push(message);
    if (message.kind !== 'swap') return;
    if (this.held !== null) this.held.push(message);
    else queueMicrotask(() => this.#answer(message));
  }

  #answer({ device, life, swapId, expectedRevision, record }: Swap): void {
    const current = this.records.get(device) ?? null;
    const isMatch = (current?.revision ?? 0) === expectedRevision;
    if (isMatch) this.records.set(device, record);
    const outcome = isMatch ? 'committed' : 'mismatch';
    this.peers.onSwapped({
      kind: 'swapped',
      device,
      life,
      swapId,
      outcome,
      current: isMatch ? record : current,
    });
  }
}

let timestamps = 0;

/** The other end of a channel: a device process with real keys and no reducer. */
export class RigDevice {
  readonly identity: Identity;
  readonly enrolled: EnrolledDevice;
  session: SessionKeypair | null = null;
  plain: PlainKeypair | null = null;
  pending: PendingHandshake | null = null;
  readonly #rig: () => SiteRig;
  readonly #socket: DatagramSocket;
  readonly #buffer = nativeMemory(65_536);

  constructor(
    number: number,
    network: () => SiteRig,
    more: Partial<EnrolledDevice> = {},
    at?: DatagramSocket,
  ) {
    this.identity = newIdentity(new Uint8Array(32).fill(number), nodeDh);
    this.enrolled = sample(number, { publicKey: encodeKey(this.identity.publicKey), ...more });
    this.#rig = network;
    this.#socket = at as DatagramSocket;
  }

  static on(
    rig: SiteRig,
    number: number,
    ip: string,
    more: Partial<EnrolledDevice> = {},
  ): RigDevice {
    const opened = rig.network.newHost({ eth0: [ip] }).openDatagramSocket(options(0));
    if (!opened.ok) throw new Error(opened.detail);
    return new RigDevice(number, () => rig, more, opened.value);
  }

  send(datagram: Uint8Array): void {
    const to = parseAddress(HUB_AT);
    this.#buffer.bytes.set(datagram);
    const { length } = datagram;
    if (to.ok) this.#socket.send(this.#buffer, 0, length, length, 0, to.value);
    this.#rig().run();
  }

  /** Everything the hub sent here since the last call. */
  take(): Uint8Array[] {
    const taken: Uint8Array[] = [];
    for (;;) {
      const bytes = this.#socket.receive(this.#buffer, 0);
      if (bytes === 0) return taken;
      taken.push(this.#buffer.bytes.slice(0, bytes));
    }
  }

  initiation(cookie: Uint8Array | null = null): Uint8Array {
    timestamps += 1;
    const created = createInitiation({
      identity: this.identity,
      remoteStatic: HUB.publicKey,
      psk: NO_PSK,
      ephemeralPrivate: new Uint8Array(32).fill(1 + (timestamps % 200)),
      senderIndex: 1_000 + timestamps,
      timestamp: timestampOf(1_600_000_000_000 + timestamps * 1_000),
      cookie,
      dh: nodeDh,
    });
    if (!created.ok) throw new Error(created.code);
    this.pending = created.value.pending;
    return created.value.message;
  }

  /** A whole handshake; the hub's keys wait for the first message. */
  shakeHands(cookie: Uint8Array | null = null): void {
    this.#rig().nowMs += 50;
    this.send(this.initiation(cookie));
    const response = this.take().find((datagram) => datagram[0] === 2);
    if (response === undefined) throw new Error('the hub did not answer');
    this.finish(response);
  }

  /** The answer to the initiation made last: keys. */
  finish(response: Uint8Array): void {
    if (this.pending === null) throw new Error('nothing was asked');
    const { senderIndex: localIndex } = this.pending;
    const consumed = consumeResponse(response, this.pending, {
      identity: this.identity,
      dh: nodeDh,
    });
    if (!consumed.ok) throw new Error(consumed.code);
    const origin = {
      ...consumed.value,
      ciphers: nodeCiphers,
      localIndex,
      isInitiator: true,
      createdAtMs: this.#rig().nowMs,
    };
    if (this.enrolled.mode === 'session') this.session = new SessionKeypair(origin);
    else this.plain = new PlainKeypair(origin, 1_440);
  }

  sendFrame(transportId: number, frame: Frame): void {
    this.send(this.session!.sealControl(transportId, encodeFrame(frame)));
  }

  frames(): Frame[] {
    return this.take().flatMap((datagram) => {
      if (datagram[0] !== 17) return [];
      const opened = this.session!.openControl(datagram);
      const frame = opened.ok ? decodeFrame(opened.value.plaintext) : null;
      return frame?.ok ? [frame.value] : [];
    });
  }

  sealed(transportId: number, packet: Uint8Array): Uint8Array {
    const target = new Uint8Array(packet.length + 32);
    const from = memoryOf(packet.slice());
    this.session!.sealData(transportId, from, 0, packet.length, memoryOf(target), 0);
    return target;
  }

  /** Open a new session on a new channel; the hub's answer frames. */
  async attach(transportId: number, sessionByte = 'aa'): Promise<Frame[]> {
    this.shakeHands();
    this.sendFrame(transportId, attachFrame(transportId, sessionByte));
    await settled();
    const frames = this.frames();
    const attached = frames.find((frame) => frame.type === 'attached');
    if (attached?.type === 'attached') this.session!.enableData(attached.cipher);
    return frames;
  }
}

export function attachFrame(transportId: number, sessionByte = 'aa', stateVersion = 5): Frame {
  const sessionId = sessionByte.repeat(16);
  return {
    type: 'attach',
    claim: { sessionId, stateVersion, transportId, nonce: '0102030405060708' },
    isNew: true,
    previousSessionId: null,
    proof: null,
    linkKind: 'ethernet',
    linkName: 'eth0',
    ciphers: ['aes-256-gcm'],
    reasonCode: 'agent_restarted',
    mtuBytes: 1_440,
    noticeMs: null,
  };
}

/** An IPv4 packet with nothing in it. */
export function packet(source: string, destination: string, bytes = 60): Uint8Array {
  const made = new Uint8Array(bytes);
  made[0] = 0x45;
  made[2] = bytes >> 8;
  made[3] = bytes & 0xff;
  made.set(source.split('.').map(Number), 12);
  made.set(destination.split('.').map(Number), 16);
  return made;
}

/** Let the store's answers, given in microtasks, come in. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

const options = (port: number) => ({
  link: null,
  address: null,
  port,
  mark: null,
  bufferBytes: 1_000_000,
  offload: 'off' as const,
});
