/**
 * Goal: against a stock server, a SYN is told the inner MTU from the first packet on, what is
 * dropped inside still counts as a sign of life, and the end charges a metered link what passed.
 *
 * Method: the shell with a server of real keys behind a socket in memory; time stands still unless moved.
 */
import { expect, test } from 'bun:test';
import type { FromTunnel, TunnelSetup } from '../../../agent/messages.ts';
import { HEADER_BYTES, newMeter, UNMETERED } from '../../../agent/metering.ts';
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
import { type Memory, plainMemory } from '../../../session/memory.ts';
import { must } from '../session/channel/twoEnds.ts';
import { steadyPacket } from '../session/packet/traffic.ts';
import { encodeWhole, type Packet, SYN, tunFrame } from '../session/packet/twin.ts';

const MEANS = await openMeans();

const MTU_BYTES = 1_440;
const SERVER = newIdentity(new Uint8Array(32).fill(9), nodeDh);
const NOT_ECT = 0;
const CE = 3;

class Rig {
  nowMs = 1_000;
  readonly sent: Uint8Array[] = [];
  readonly posted: FromTunnel[] = [];
  readonly tun = new MemoryTun();
  readonly shell: PlainShell;
  readonly #uplink: Uplink;
  #server: PlainKeypair | null = null;

  constructor(metering = UNMETERED) {
    this.#uplink = { name: 'eth0', meter: newMeter('eth0', metering) } as Uplink;
    const path = {
      transportId: 1,
      uplink: this.#uplink,
      endpoint: '192.0.2.1:51820',
      address: { family: 4 },
    };
    const send = (memory: Memory, at: number, bytes: number, segmentBytes: number) => {
      for (let done = 0; done < bytes; done += segmentBytes) {
        const end = at + Math.min(bytes, done + segmentBytes);
        this.sent.push(memory.bytes.slice(at + done, end));
      }
      return SEND.sent;
    };
    const offload = { segment: false, coalesce: false };
    this.#uplink.socket = { send, offload, overflowCount: 0 } as unknown as Uplink['socket'];
    Object.assign(this.#uplink, { refused: [] });
    const endpoint = { ...path, hasAddress: true, hasRoute: true };
    const view = { name: 'eth0', hasCarrier: true, mtuBytes: 1_500, endpoints: [endpoint] };
    const setup = {
      privateKey: new Uint8Array(32).fill(8),
      hubPublicKey: SERVER.publicKey,
      psk: NO_PSK,
      mtuMaxBytes: MTU_BYTES,
      mayHaveIpv6: false,
      rules: { linkPolicies: {}, resendBufferBytes: 1_048_576 },
      clock: { fromMs: 1_700_000_000_000, untilMs: 1_800_000_000_000 },
      plainTimes: { ...PLAIN_TIMES, jitterMaxMs: 0 },
    };
    this.shell = new PlainShell({
      setup: setup as unknown as TunnelSetup,
      chosen: { ciphers: nodeCiphers, preference: ['chacha20-poly1305'], report: [] },
      means: MEANS,
      clock: { monotonicMs: () => this.nowMs, wallMs: () => 1_700_000_000_000 + this.nowMs },
      tun: this.tun,
      uplinks: { all: [this.#uplink], refresh: () => [view], path: () => path },
      post: (message: FromTunnel) => this.posted.push(message),
    } as unknown as ShellParts);
    this.shell.onLinks([]);
  }

  fromApplication(packet: Packet): void {
    const frame = tunFrame(packet, 0);
    const memory = nativeMemory(frame.length);
    memory.bytes.set(frame);
    this.shell.onPacket(memory, 0, frame.length, this.nowMs);
    this.shell.flushSent();
  }

  /** The server answers the initiation sent last. */
  answer(): void {
    const initiation = this.sent.findLast((datagram) => datagram[0] === 1)!;
    const made = createResponse(
      must(consumeInitiation(initiation, { identity: SERVER, dh: nodeDh })),
      {
        psk: NO_PSK,
        ephemeralPrivate: new Uint8Array(32).fill(5),
        senderIndex: 77,
        cookie: null,
        dh: nodeDh,
      },
    );
    const { secrets, remoteIndex } = made;
    const ends = { localIndex: 77, remoteIndex, isInitiator: false, createdAtMs: this.nowMs };
    this.#server = new PlainKeypair({ secrets, ciphers: nodeCiphers, ...ends }, MTU_BYTES);
    this.deliver(made.message, 0);
  }

  deliver(datagram: Uint8Array, ecn: number): void {
    const memory = nativeMemory(datagram.length);
    memory.bytes.set(datagram);
    this.shell.onDatagram(this.#uplink, memory, 0, datagram.length, ecn, this.nowMs);
    this.shell.flushReceived();
  }

  /** A packet of the server's side. */
  fromServer(packet: Packet, ecn: number): void {
    const bytes = Uint8Array.from(encodeWhole(packet));
    const source = plainMemory(bytes.length);
    source.bytes.set(bytes);
    const sealed = plainMemory(this.#server!.sealedBytes(bytes.length));
    this.#server!.sealData(source, 0, bytes.length, sealed, 0);
    this.deliver(sealed.bytes, ecn);
  }

  /** What the application's packets became at the server. */
  opened(): Uint8Array[] {
    return this.sent.flatMap((datagram) => {
      if (datagram[0] !== 4) return [];
      const source = plainMemory(datagram.length);
      source.bytes.set(datagram);
      const target = plainMemory(datagram.length);
      const bytes = this.#server!.openData(source, 0, datagram.length, target, 0);
      return bytes > 0 ? [target.bytes.slice(0, bytes)] : [];
    });
  }

  get initiations(): number {
    return this.sent.filter((datagram) => datagram[0] === 1).length;
  }
}

test('a SYN learns the inner MTU, also while that is what the interface has had from the start', () => {
  const rig = new Rig();
  const mss = 8_960;
  const options = [2, 4, mss >> 8, mss & 255];
  rig.fromApplication({ ...steadyPacket(4, 6, 0), flags: SYN, options });
  rig.answer();
  const [packet] = rig.opened();
  const told = packet!.slice(40, 44);
  expect([...told]).toEqual([2, 4, (MTU_BYTES - 40) >> 8, (MTU_BYTES - 40) & 255]);
});

test('a packet that met congestion and is dropped was heard all the same', () => {
  const rig = new Rig();
  rig.fromApplication(steadyPacket(4, 17, 50));
  rig.answer();
  expect([rig.opened().length, rig.initiations]).toEqual([1, 1]);

  rig.nowMs += 1_000;
  rig.fromServer({ ...steadyPacket(4, 17, 50), trafficClass: NOT_ECT }, CE);
  expect(rig.shell.packets.refused).toEqual({ congestionDropped: 1 });
  expect(rig.tun.takeDelivered()).toHaveLength(0);
  // Whoever sent and hears nothing for so long calls again (whitepaper §6.2).
  rig.nowMs += PLAIN_TIMES.keepaliveMs + PLAIN_TIMES.rekeyTimeoutMs;
  rig.shell.onTime();
  expect(rig.initiations).toBe(1);
});

test('status says how many packets wait for keys, and how many were dropped for want of room', () => {
  const rig = new Rig();
  for (let sent = 0; sent < 4_100; sent++) rig.fromApplication(steadyPacket(4, 17, 1));
  rig.shell.onMessage({ kind: 'status', requestId: 1 });
  expect(rig.posted.findLast(({ kind }) => kind === 'status')).toMatchObject({
    status: { packets: { held: 4_096, heldDropped: 4 } },
  });
});

test('an end in order charges a metered link exactly what passed, and says that it is over', () => {
  const budget = 100_000;
  const rig = new Rig({ budgets: { eth0: budget }, spent: [] });
  rig.shell.onTime();
  const spent = () =>
    rig.posted.flatMap((message) => (message.kind === 'spent' ? message.links : []));
  const passed = () =>
    rig.sent.reduce((sum, datagram) => sum + datagram.length + HEADER_BYTES[4], 0);
  // A reserve first: what a power cut would cost.
  expect(spent().at(-1)).toMatchObject({ link: 'eth0', bytes: budget / 16 });
  for (let mark = 0; mark < 20; mark++) rig.fromApplication(steadyPacket(4, 17, 50));
  rig.answer();
  for (let mark = 0; mark < 20; mark++) rig.fromApplication(steadyPacket(4, 17, 50));
  rig.shell.onTime();

  rig.shell.onMessage({ kind: 'stop' });
  expect(rig.posted.slice(-2).map(({ kind }) => kind)).toEqual(['spent', 'over']);
  expect(spent().at(-1)).toMatchObject({ link: 'eth0', bytes: passed() });
  // The next turn of the loop, before the process is gone, reserves nothing.
  rig.fromApplication(steadyPacket(4, 17, 50));
  rig.shell.onTime();
  expect(rig.posted.at(-1)?.kind).toBe('over');
});

test('an end without a budget only says that it is over', () => {
  const rig = new Rig();
  rig.shell.onMessage({ kind: 'stop' });
  expect(rig.posted.map(({ kind }) => kind)).toEqual(['over']);
});

test('there is no session to move: a request for another link is answered, and says so', () => {
  const rig = new Rig();
  rig.shell.onMessage({ kind: 'rebind', requestId: 7, linkName: 'eth0' });
  expect(rig.posted).toEqual([{ kind: 'rebind', requestId: 7, denied: 'plain' }]);
});
