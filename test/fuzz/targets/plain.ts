/**
 * Datagrams to a device in mode `plain`: from strangers, and from its WireGuard server with real keys.
 *
 * Held against it: nothing throws; what is not authentic changes nothing, is counted and is answered by
 * nobody; whole packets reach the tun, of nothing but what was sealed; the timers do not spin.
 *
 * @module
 */

import type { FromTunnel, TunnelSetup } from '../../../agent/messages.ts';
import { newMeter, UNMETERED } from '../../../agent/metering.ts';
import { PlainShell } from '../../../agent/plainShell.ts';
import type { ShellParts } from '../../../agent/sessionShell.ts';
import type { Uplink } from '../../../agent/uplinks.ts';
import { SEND } from '../../../hal/datagram.ts';
import { nodeCiphers, nodeDh } from '../../../hal/linux/ciphers.ts';
import { openMeans } from '../../../hal/linux/means.ts';
import { nativeMemory } from '../../../hal/linux/memory.ts';
import { MemoryTun } from '../../../hal/memory/tun.ts';
import { PLAIN_TIMES } from '../../../session/channel/age.ts';
import { NO_PSK, newIdentity } from '../../../session/channel/identity.ts';
import { consumeInitiation } from '../../../session/channel/initiation.ts';
import { PlainKeypair } from '../../../session/channel/plainKeypair.ts';
import { createResponse } from '../../../session/channel/response.ts';
import { type Memory, memoryOf } from '../../../session/memory.ts';
import { VIRTIO_BYTES } from '../../../session/packet/virtio.ts';
import type { Random } from '../../sim/random.ts';
import { packet } from '../../unit/hub/siteRig.ts';
import { readInner } from '../inner.ts';
import { seededCrypto } from '../seededCrypto.ts';
import { Tape, TapeWriter } from '../tape.ts';
import { demand, type Target } from '../target.ts';

const MEANS = await openMeans();

const SERVER = newIdentity(new Uint8Array(32).fill(9), nodeDh);
const MTU_BYTES = 1_440;
const DATAGRAM_BYTES_MAX = 2_048;
const OP = {
  raw: 0,
  damaged: 1,
  handshake: 2,
  packet: 3,
  pass: 4,
  application: 5,
  replay: 6,
} as const;
const OPS = Object.keys(OP).length;
const STEPS_MAX = 24;
const TURNS_MAX = 60;

const received = nativeMemory(DATAGRAM_BYTES_MAX);

export const plain: Target = {
  name: 'plain',
  what: 'a history of datagrams to a device in mode plain',
  covers: ['agent/plainShell.ts', 'agent/handshakes.ts', 'session/channel/'],
  bytesMax: 4_096,
  generate(random) {
    const tape = new TapeWriter().byte(random.below(4));
    for (let steps = random.between(1, 12); steps > 0; steps--) step(random, tape);
    return tape.done();
  },
  judge(input) {
    const restore = seededCrypto(3);
    try {
      const tape = new Tape(input);
      const run = new Run(tape.byte() % 4 !== 0);
      for (let steps = 0; tape.hasMore && steps < STEPS_MAX; steps++) run.step(tape);
      run.pass(5_000);
      return run.wasMoved ? 'accepted' : 'refused';
    } finally {
      restore();
    }
  },
};

class Run {
  #nowMs = 1_000;
  readonly #tun = new MemoryTun();
  readonly #shell: PlainShell;
  readonly #uplink: Uplink;
  #sent: Uint8Array[] = [];
  #server: PlainKeypair | null = null;
  #initiation: Uint8Array | null = null;
  readonly #said: Uint8Array[] = [];
  #largestBytes = 0;
  wasMoved = false;

  constructor(isShaken: boolean) {
    const send = (memory: Memory, at: number, bytes: number, segmentBytes: number) => {
      for (let done = 0; done < bytes; done += segmentBytes) {
        this.#sent.push(memory.bytes.slice(at + done, at + Math.min(bytes, done + segmentBytes)));
      }
      return SEND.sent;
    };
    const offload = { segment: false, coalesce: false };
    const socket = { send, offload, unsentCount: 0, overflowCount: 0 };
    const meter = newMeter('eth0', UNMETERED);
    this.#uplink = { name: 'eth0', socket, refused: [], meter, family: 4 } as unknown as Uplink;
    const endpoint = {
      transportId: 1,
      endpoint: '192.0.2.1:51820',
      hasAddress: true,
      hasRoute: true,
    };
    const view = { name: 'eth0', hasCarrier: true, mtuBytes: 1_500, endpoints: [endpoint] };
    const path = { ...endpoint, uplink: this.#uplink, address: { family: 4 } };
    const setup = {
      ...{ privateKey: new Uint8Array(32).fill(8), hubPublicKey: SERVER.publicKey, psk: NO_PSK },
      ...{
        mtuMaxBytes: MTU_BYTES,
        mayHaveIpv6: false,
        plainTimes: { ...PLAIN_TIMES, jitterMaxMs: 0 },
      },
      rules: { linkPolicies: {}, resendBufferBytes: 1_048_576 },
      clock: { fromMs: 1_700_000_000_000, untilMs: 1_800_000_000_000 },
    };
    this.#shell = new PlainShell({
      setup: setup as unknown as TunnelSetup,
      chosen: { ciphers: nodeCiphers, preference: ['chacha20-poly1305'], report: [] },
      means: MEANS,
      clock: { monotonicMs: () => this.#nowMs, wallMs: () => 1_700_000_000_000 + this.#nowMs },
      tun: this.#tun,
      uplinks: { all: [this.#uplink], refresh: () => [view], path: () => path },
      post: (_: FromTunnel) => {},
    } as unknown as ShellParts);
    this.#shell.onLinks([]);
    if (!isShaken) return;
    this.#application(packet('10.77.0.2', '10.0.0.9', 60));
    this.#handshake();
    demand(this.#server !== null, 'a device with a packet makes a handshake');
  }

  step(tape: Tape): void {
    switch (tape.byte() % OPS) {
      case OP.raw:
        return this.#unauthentic(tape.block());
      case OP.damaged: {
        const at = tape.word();
        const damage = tape.block();
        const last = this.#said.at(-1)?.slice();
        if (last === undefined || damage.length === 0) return;
        for (let i = 0; i < damage.length; i++) last[(at + i) % last.length] = damage[i]!;
        return this.#unauthentic(last);
      }
      case OP.handshake:
        return this.#handshake();
      case OP.packet:
        return this.#packet(tape.block().slice(0, MTU_BYTES));
      case OP.pass:
        return this.pass([1, 20, 600, 5_000, 10_000, 120_000][tape.byte() % 6]!);
      case OP.application:
        return this.#application(tape.block().slice(0, 1_500));
      default: {
        const which = tape.byte();
        const again = this.#said[which % Math.max(1, this.#said.length)];
        if (again !== undefined) this.#hear(again);
      }
    }
  }

  pass(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (let turns = 0; turns < TURNS_MAX; turns++) {
      const dueAtMs = this.#shell.nextDeadlineMs();
      if (dueAtMs === null || dueAtMs > untilMs) break;
      this.#nowMs = Math.max(this.#nowMs, dueAtMs);
      this.#shell.onTime();
      const nextMs = this.#shell.nextDeadlineMs();
      demand(nextMs === null || nextMs > this.#nowMs, 'a timer uses up its deadline');
    }
    this.#nowMs = untilMs;
    this.#listen();
  }

  #unauthentic(datagram: Uint8Array): void {
    const isKnown = this.#said.some((said) => Buffer.from(said).equals(Buffer.from(datagram)));
    if (datagram.length === 0 || datagram.length > DATAGRAM_BYTES_MAX || isKnown) return;
    // mac1 and mac2 of a response are not looked at by who asked for it; all before them is authentic.
    if (datagram[0] === 2 || datagram[0] === 3) return this.#hear(datagram);
    const { refused, ...counts } = this.#shell.packets;
    const before = JSON.stringify(counts);
    const refusals = sum(refused);
    this.#hear(datagram, false);
    demand(this.#sent.length === 0, 'nobody answers what is not authentic');
    const { refused: after, ...countsAfter } = this.#shell.packets;
    demand(JSON.stringify(countsAfter) === before, 'what is not authentic changes nothing');
    demand(sum(after) > refusals, 'what is not taken is counted');
  }

  #hear(datagram: Uint8Array, isListening = true): void {
    received.bytes.set(datagram);
    this.#shell.onDatagram(this.#uplink, received, 0, datagram.length, 0, this.#nowMs);
    this.#shell.flushReceived();
    if (isListening) this.#listen();
  }

  #handshake(): void {
    if (this.#initiation === null) return;
    const consumed = consumeInitiation(this.#initiation, { identity: SERVER, dh: nodeDh });
    this.#initiation = null;
    demand(consumed.ok, 'the device makes handshakes that its server understands');
    const { message, secrets, remoteIndex, senderIndex } = createResponse(consumed.value, {
      ...{ psk: NO_PSK, ephemeralPrivate: crypto.getRandomValues(new Uint8Array(32)) },
      ...{ senderIndex: this.#said.length + 77, cookie: null, dh: nodeDh },
    });
    const ends = { localIndex: senderIndex, remoteIndex, isInitiator: false };
    const origin = { secrets, ciphers: nodeCiphers, ...ends, createdAtMs: this.#nowMs };
    this.#server = new PlainKeypair(origin, MTU_BYTES);
    this.#said.push(message);
    this.#hear(message);
  }

  #packet(content: Uint8Array): void {
    const keypair = this.#server;
    if (keypair === null) return;
    const sealed = new Uint8Array(new ArrayBuffer(keypair.sealedBytes(content.length)));
    this.#largestBytes = Math.max(this.#largestBytes, sealed.length - 32);
    const from = memoryOf(Uint8Array.from([...content, 0]));
    if (keypair.sealData(from, 0, content.length, memoryOf(sealed), 0) <= 0) return;
    this.#said.push(sealed);
    this.#hear(sealed);
  }

  #application(content: Uint8Array): void {
    const memory = nativeMemory(VIRTIO_BYTES + content.length + 1);
    memory.bytes.set(content, VIRTIO_BYTES);
    this.#shell.onPacket(memory, 0, VIRTIO_BYTES + content.length, this.#nowMs);
    this.#shell.flushSent();
    this.#listen();
  }

  #listen(): void {
    for (const datagram of this.#sent.splice(0)) {
      if (datagram[0] === 1) this.#initiation = datagram;
    }
    for (const delivered of this.#tun.takeDelivered()) {
      const inner = readInner(delivered);
      demand(inner !== null && inner.bytes === delivered.length, 'whole packets reach the tun');
      demand(delivered.length <= this.#largestBytes, 'no byte that nobody sent');
      this.wasMoved = true;
    }
  }
}

const sum = (counts: Readonly<Record<string, number>>) =>
  Object.values(counts).reduce((total, count) => total + count, 0);

function step(random: Random, tape: TapeWriter): void {
  const op = random.chance(30) ? OP.packet : random.below(OPS);
  tape.byte(op);
  if (op === OP.raw) {
    const bytes = random.bytes([148, 92, 64, 32, 48, 20][random.below(6)]!);
    bytes.set([[1, 2, 3, 4, 16, 17][random.below(6)]!, 0, 0, 0]);
    tape.block(bytes);
  } else if (op === OP.damaged) {
    tape.word(random.below(200)).block(random.bytes(random.between(1, 4)));
  } else if (op === OP.packet || op === OP.application) {
    const [source, target] =
      op === OP.packet ? ['10.0.0.9', '10.77.0.2'] : ['10.77.0.2', '10.0.0.9'];
    const bytes = packet(source!, target!, random.between(20, 200));
    if (random.chance(40)) bytes[random.below(20)] = random.below(256);
    tape.block(bytes);
  } else if (op !== OP.handshake) tape.byte(random.below(256));
}
