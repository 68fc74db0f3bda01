/**
 * An agent's tunnel thread without kernel or threads: the real shell and flash memory, with a hub that
 * has real keys and no will of its own. What it is told to send, it seals and sends.
 *
 * @module
 */

import { Memory as AgentMemory } from '../../agent/memory.ts';
import type { FromTunnel, TunnelSetup } from '../../agent/messages.ts';
import { newMeter, UNMETERED } from '../../agent/metering.ts';
import { tunnelRules } from '../../agent/rules.ts';
import { SessionShell, type ShellParts } from '../../agent/sessionShell.ts';
import type { Uplink } from '../../agent/uplinks.ts';
import { SEND } from '../../hal/datagram.ts';
import { nodeCiphers, nodeDh } from '../../hal/linux/ciphers.ts';
import { openMeans } from '../../hal/linux/means.ts';
import { nativeMemory } from '../../hal/linux/memory.ts';
import { MemoryFlash } from '../../hal/memory/flash.ts';
import { MemoryTun } from '../../hal/memory/tun.ts';
import { loadPolicy } from '../../policies/load.ts';
import { PLAIN_TIMES } from '../../session/channel/age.ts';
import { NO_PSK, newIdentity } from '../../session/channel/identity.ts';
import { consumeInitiation } from '../../session/channel/initiation.ts';
import { createResponse } from '../../session/channel/response.ts';
import { SessionKeypair } from '../../session/channel/sessionKeypair.ts';
import { type Memory, memoryOf } from '../../session/memory.ts';
import { VIRTIO_BYTES } from '../../session/packet/virtio.ts';
import { decodeFrame } from '../../session/wire/decode.ts';
import type { Frame } from '../../session/wire/frames.ts';
import { demand } from './target.ts';

const MEANS = await openMeans();

const HUB = newIdentity(new Uint8Array(32).fill(9), nodeDh);
const PRIVATE_KEY = new Uint8Array(32).fill(8);
const WALL_MS = 1_700_000_000_000;
const ENDPOINT = '192.0.2.1:51820';
const LINKS = [
  { name: 'eth0', kind: 'ethernet' },
  { name: 'wwan0', kind: 'lte' },
] as const;
const DATAGRAM_BYTES_MAX = 2_048;
/** Timers that are due at once, one after the other. */
const TURNS_MAX = 200;
const STOPS_MAX = 20;

const received = nativeMemory(DATAGRAM_BYTES_MAX);

interface Sent {
  readonly transportId: number;
  readonly datagram: Uint8Array;
}

export class DeviceWorld {
  nowMs = 1_000;
  readonly tun = new MemoryTun();
  readonly shell: SessionShell;
  readonly memory = new AgentMemory(new MemoryFlash(), PRIVATE_KEY);
  /** Since the last {@link takeSent}. */
  #sent: Sent[] = [];
  #posted: FromTunnel[] = [];
  hub: SessionKeypair | null = null;
  readonly #uplinks: readonly Uplink[];
  readonly #hasCarrier = [true, true];

  constructor() {
    const policy = loadPolicy({});
    demand(policy.ok, 'the default policy');
    this.#uplinks = LINKS.map(({ name }, at) => {
      const send = (memory: Memory, from: number, bytes: number, segmentBytes: number) => {
        for (let done = 0; done < bytes; done += segmentBytes) {
          const end = from + Math.min(bytes, done + segmentBytes);
          this.#sent.push({ transportId: at + 1, datagram: memory.bytes.slice(from + done, end) });
        }
        return SEND.sent;
      };
      const offload = { segment: false, coalesce: false };
      const socket = { send, offload, unsentCount: 0, overflowCount: 0, icmpCount: 0 };
      const meter = newMeter(name, UNMETERED);
      const counts = { skippedCount: 0, icmpCount: 0 };
      return { name, socket, refused: [], meter, family: 4, ...counts } as unknown as Uplink;
    });
    const grant = this.memory.reserveTimestamps(WALL_MS, true);
    const setup = {
      privateKey: PRIVATE_KEY,
      hubPublicKey: HUB.publicKey,
      psk: NO_PSK,
      mtuMaxBytes: 1_440,
      rules: tunnelRules(policy.policy, LINKS),
      seed: new Uint8Array(32).fill(3),
      remembered: this.memory.remembered,
      wasLost: false,
      clock: grant,
      plainTimes: PLAIN_TIMES,
    };
    const parts = {
      setup: setup as unknown as TunnelSetup,
      chosen: {
        ciphers: nodeCiphers,
        preference: ['aes-256-gcm', 'chacha20-poly1305'],
        report: [],
      },
      means: MEANS,
      clock: { monotonicMs: () => this.nowMs, wallMs: () => WALL_MS + this.nowMs },
      tun: this.tun,
      uplinks: {
        all: this.#uplinks,
        refresh: () => this.#views(),
        path: (id: number) => this.#path(id),
      },
      post: (message: FromTunnel) => this.#posted.push(message),
    };
    this.shell = new SessionShell(parts as unknown as ShellParts);
    this.changeLinks(true, true);
  }

  changeLinks(...hasCarrier: readonly boolean[]): void {
    for (const [at, has] of hasCarrier.entries()) this.#hasCarrier[at] = has;
    this.shell.onLinks([]);
    this.settle();
  }

  #views() {
    return LINKS.map(({ name, kind }, at) => {
      const endpoint = {
        transportId: at + 1,
        endpoint: ENDPOINT,
        hasAddress: true,
        hasRoute: true,
      };
      return {
        name,
        kind,
        hasCarrier: this.#hasCarrier[at]!,
        mtuBytes: 1_500,
        endpoints: [endpoint],
      };
    });
  }

  #path(transportId: number) {
    const uplink = this.#uplinks[transportId - 1];
    return uplink === undefined
      ? null
      : { transportId, uplink, endpoint: ENDPOINT, address: { family: 4 } };
  }

  /** As the main thread does: durable first, then the answer; until nothing more is asked for. */
  settle(): void {
    for (let turns = 0; ; turns++) {
      demand(turns < TURNS_MAX, 'the device comes to rest');
      const message = this.#posted.shift();
      if (message?.kind === 'persist') {
        const { ticket, durable } = message;
        const isDurable = this.memory.save(durable);
        this.shell.onMessage({ kind: 'persisted', ticket, isDurable });
      } else if (message?.kind === 'reserveTimestamps') {
        const atLeastMs = Math.max(message.atLeastMs, WALL_MS + this.nowMs);
        const grant = this.memory.reserveTimestamps(atLeastMs);
        if (grant !== null) this.shell.onMessage({ kind: 'timestamps', grant });
      } else if (message === undefined) {
        const dueAtMs = this.shell.nextDeadlineMs();
        if (dueAtMs === null || dueAtMs > this.nowMs) return;
        this.shell.onTime();
      }
    }
  }

  /** Time passes, deadline by deadline. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    // Then the rest at once, as after a suspend: each retry costs a handshake.
    for (let turns = 0; turns < STOPS_MAX; turns++) {
      const dueAtMs = this.shell.nextDeadlineMs();
      if (dueAtMs === null || dueAtMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, dueAtMs);
      this.shell.onTime();
      this.settle();
    }
    this.nowMs = untilMs;
    this.settle();
  }

  takeSent(): readonly Sent[] {
    return this.#sent.splice(0);
  }

  receive(datagram: Uint8Array, transportId: number): void {
    const uplink = this.#uplinks[transportId - 1]!;
    if (datagram.length === 0 || datagram.length > DATAGRAM_BYTES_MAX) return;
    received.bytes.set(datagram);
    this.shell.onDatagram(uplink, received, 0, datagram.length, 0, this.nowMs);
    this.shell.flushReceived();
    this.settle();
  }

  /** The hub answers the newest initiation among `sent`, if there is one. */
  answerHandshake(sent: readonly Sent[]): Uint8Array | null {
    const initiation = sent.findLast(({ datagram }) => datagram[0] === 1);
    if (initiation === undefined) return null;
    const consumed = consumeInitiation(initiation.datagram, { identity: HUB, dh: nodeDh });
    demand(consumed.ok, 'the device makes handshakes that its hub understands');
    const answer = createResponse(consumed.value, {
      psk: NO_PSK,
      ephemeralPrivate: crypto.getRandomValues(new Uint8Array(32)),
      senderIndex: crypto.getRandomValues(new Uint32Array(1))[0]!,
      cookie: null,
      dh: nodeDh,
    });
    const { secrets, remoteIndex, senderIndex, message } = answer;
    this.hub = new SessionKeypair({
      ...{ secrets, ciphers: nodeCiphers, localIndex: senderIndex, remoteIndex },
      ...{ isInitiator: false, createdAtMs: this.nowMs },
    });
    this.receive(message, initiation.transportId);
    return message;
  }

  /** What the device said in `sent`, as its hub reads it. */
  framesOf(sent: readonly Sent[]): Frame[] {
    return sent.flatMap(({ datagram }) => {
      if (datagram[0] !== 17 || this.hub === null) return [];
      const opened = this.hub.openControl(datagram);
      if (!opened.ok || opened.value.plaintext.length === 0) return [];
      const frame = decodeFrame(opened.value.plaintext);
      demand(frame.ok, 'a device sends frames that decode');
      return [frame.value];
    });
  }

  /** Null: the hub has no keys, or none that fit. */
  sealFrame(plaintext: Uint8Array, transportId: number): Uint8Array | null {
    if (this.hub === null || !this.hub.hasRoomFor(transportId)) return null;
    return this.hub.sealControl(transportId, plaintext);
  }

  sealPacket(content: Uint8Array, transportId: number): Uint8Array | null {
    if (this.hub === null || this.hub.suite === null) return null;
    const sealed = new Uint8Array(new ArrayBuffer(content.length + 32));
    const from = memoryOf(Uint8Array.from([...content, 0]));
    this.hub.sealData(transportId, from, 0, content.length, memoryOf(sealed), 0);
    return sealed;
  }

  fromApplication(packet: Uint8Array): void {
    const memory = nativeMemory(VIRTIO_BYTES + packet.length + 1);
    memory.bytes.set(packet, VIRTIO_BYTES);
    this.shell.onPacket(memory, 0, VIRTIO_BYTES + packet.length, this.nowMs);
    this.shell.flushSent();
    this.settle();
  }

  /** What status shows: with it, whether anything about the session has changed. */
  status() {
    this.#posted = [];
    this.shell.onMessage({ kind: 'status', requestId: 1 });
    const shown = this.#posted.find((message) => message.kind === 'status');
    this.#posted = [];
    demand(shown?.kind === 'status', 'status is answered');
    return shown.status;
  }
}
