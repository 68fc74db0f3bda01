/**
 * Datagrams to a hub, from strangers and from an enrolled device with real keys: the whole way through
 * door, handshakes, channels, frames, seat, data and tun.
 *
 * The input is a tape: first how far the honest device has come, then steps. What the tape calls
 * `frame` and `packet` is sealed with real keys, so that what is malformed is inside of what is authentic.
 *
 * Held against it: nothing throws and no seat breaks an invariant; what is not authentic changes nothing
 * and is answered with fewer bytes than it had; what is refused is not committed; whatever
 * reaches the tun is a whole packet from the device's own address (I9); tables stay small (I11).
 *
 * @module
 */
import { macKeysOf, writeMacs } from '../../../session/channel/macs.ts';
import { isSameClaim } from '../../../session/claim.ts';
import type { SessionRecord } from '../../../session/hub/record.ts';
import { memoryOf } from '../../../session/memory.ts';
import { decodeFrame } from '../../../session/wire/decode.ts';
import { encodeFrame } from '../../../session/wire/encode.ts';
import { INITIATION_BYTES } from '../../../session/wire/messages.ts';
import type { Random } from '../../sim/random.ts';
import { record } from '../../unit/hub/sample.ts';
import { attachFrame, packet, RigDevice, SiteRig } from '../../unit/hub/siteRig.ts';
import { steadyPacket } from '../../unit/session/packet/traffic.ts';
import { cut, encodeMarked } from '../../unit/session/packet/twin.ts';
import { readInner } from '../inner.ts';
import { sampleFrame } from '../sampleFrame.ts';
import { seededCrypto } from '../seededCrypto.ts';
import { Tape, TapeWriter } from '../tape.ts';
import { demand, type Target } from '../target.ts';

const STAGE = { stranger: 0, shaken: 1, attached: 2 } as const;
const OP = {
  raw: 0, // any bytes, from anywhere
  damaged: 1, // an authentic datagram with a few bytes overwritten
  handshake: 2, // a new one, by the device
  frame: 3, // any bytes as a control frame
  packet: 4, // any bytes as an inner packet
  replay: 5, // something that was sent before, perhaps from elsewhere
  pass: 6, // time
  site: 7, // any bytes from the site behind the hub
  plain: 8, // a plain WireGuard peer: a handshake, or any bytes as its inner packet
} as const;
const OPS = Object.keys(OP).length;
const STEPS_MAX = 24;
/** ATTACHED is the longest answer; a claim may draw it, a REJECT and two challenges. */
const ANSWER_BYTES_MAX = 2_400;
const CHANNELS_MAX = 64;
const HUB_PORT = 51_820;

export const hub: Target = {
  name: 'hub',
  what: 'a history of datagrams to a hub',
  covers: ['hub/', 'session/hub/', 'session/channel/', 'session/wire/', 'session/packet/'],
  bytesMax: 6_144,
  generate(random) {
    const tape = new TapeWriter().byte(random.chance(60) ? STAGE.attached : random.below(3));
    for (let steps = random.between(1, 12); steps > 0; steps--) step(random, tape);
    return tape.done();
  },
  judge(input) {
    const restore = seededCrypto(1);
    try {
      return run(new Tape(input));
    } finally {
      restore();
    }
  },
};

function run(tape: Tape): 'accepted' | 'refused' {
  const world = new World();
  const stage = tape.byte() % 3;
  if (stage >= STAGE.shaken) world.device.shakeHands();
  if (stage >= STAGE.attached) world.attach();
  for (let steps = 0; tape.hasMore && steps < STEPS_MAX; steps++) world.step(tape);
  // A while later everything that was begun has come to its end.
  for (let stops = 0; stops < 4; stops++) world.pass(20_000);
  return world.wasMoved ? 'accepted' : 'refused';
}

class World {
  readonly rig: SiteRig;
  readonly device: RigDevice;
  readonly #other: RigDevice;
  readonly #plain: RigDevice;
  readonly #sent: Uint8Array[] = [];
  #outBytes = 0;
  /** Of what was sealed as an inner packet so far. */
  #largestBytes = 0;
  /** Something of the tape was authentic and understood. */
  wasMoved = false;

  constructor() {
    const absent = new RigDevice(4, () => rig).enrolled;
    const { publicKey: device, inner4 } = absent;
    // The hub was restarted, and waits for one that does not come: so it has a word for strangers.
    const rig: SiteRig = new SiteRig(
      [
        new RigDevice(1, () => rig).enrolled,
        new RigDevice(3, () => rig, { mode: 'plain' }).enrolled,
        absent,
      ],
      [record(4, { device, inner4, createdAtMs: 0, recoveringSinceMs: null, switchedAtMs: [] })],
    );
    rig.held = [];
    this.rig = rig;
    this.device = RigDevice.on(rig, 1, '198.51.100.1');
    this.#other = RigDevice.on(rig, 2, '203.0.113.9');
    this.#plain = RigDevice.on(rig, 3, '192.0.2.77', { mode: 'plain' });
    rig.network.onSend((datagram) => {
      if (datagram.from.port === HUB_PORT) this.#outBytes += datagram.bytes.length;
      rig.network.deliver(datagram);
    });
  }

  attach(): void {
    this.#seal(encodeFrame(attachFrame(1)), 1, this.device);
    for (const frame of this.device.frames()) {
      if (frame.type === 'attached') this.device.session!.enableData(frame.cipher);
    }
    demand(this.#record()?.stateVersion === 5, 'the honest device attaches');
  }

  step(tape: Tape): void {
    switch (tape.byte() % OPS) {
      case OP.raw: {
        const from = tape.byte() & 1 ? this.#other : this.device;
        return this.#unauthentic(tape.block(), from);
      }
      case OP.damaged:
        return this.#damaged(tape);
      case OP.handshake:
        this.rig.nowMs += 50;
        this.#send(this.device.initiation(), this.device);
        return;
      case OP.frame: {
        const transportId = 1 + (tape.byte() % 3);
        const from = tape.byte() % 8 === 0 ? this.#other : this.device;
        return this.#frame(tape.block(), transportId, from);
      }
      case OP.packet:
        return this.#packet(1 + (tape.byte() % 3), tape.block());
      case OP.replay: {
        const which = tape.byte();
        const again = this.#sent[which % Math.max(1, this.#sent.length)];
        if (again !== undefined) this.#send(again, which & 0x80 ? this.#other : this.device);
        return;
      }
      case OP.pass:
        return this.pass([1, 20, 600, 5_000, 31_000, 120_000, 3_600_000][tape.byte() % 7]!);
      case OP.site:
        return this.rig.fromSite(tape.block().slice(0, 2_000));
      default: {
        const isHandshake = (tape.byte() & 3) === 0;
        const content = tape.block();
        if (isHandshake || this.#plain.plain === null) return this.#shakePlain();
        return this.#plainPacket(content);
      }
    }
  }

  pass(ms: number): void {
    this.rig.pass(ms);
    this.#settle();
  }

  #unauthentic(datagram: Uint8Array, from: RigDevice): void {
    if (datagram.length === 0 || this.#sent.some((sent) => isEqual(sent, datagram))) return;
    const before = this.#state();
    const counted = this.#counted();
    const answered = this.#send(datagram, from);
    demand(this.#state() === before, 'what is not authentic changes nothing');
    demand(answered <= datagram.length, 'what is not authentic is not amplified');
    demand(this.#counted() > counted, 'what is not taken is counted');
  }

  #damaged(tape: Tape): void {
    const at = tape.word();
    const damage = tape.block();
    const last = this.#sent.at(-1);
    if (last === undefined || damage.length === 0) return;
    const damaged = last.slice();
    for (let i = 0; i < damage.length && (at % last.length) + i < last.length; i++) {
      damaged[(at % last.length) + i] = damage[i]!;
    }
    // A stranger who knows the hub's public key makes a right mac1 for anything.
    if (damaged[0] === 1 && damaged.length === INITIATION_BYTES && (at & 0x80) !== 0) {
      writeMacs(damaged, macKeysOf(this.rig.site.identity.publicKey), null);
    }
    // mac2 is looked at under load only (whitepaper §5.3): zeros there are as good as a cookie.
    if (damaged[0] === 1 && isEqual(damaged.subarray(0, 132), last.subarray(0, 132))) return;
    // Data for a transport that is not accepted waits sealed, in bounded memory and for half a second.
    const isHeld = damaged[0] === 16;
    if (isHeld) this.#send(damaged, this.device);
    else this.#unauthentic(damaged, this.device);
  }

  #frame(plaintext: Uint8Array, transportId: number, from: RigDevice): void {
    const { session } = this.device;
    if (session === null || plaintext.length > 1_300 || !session.hasRoomFor(transportId)) return;
    const before = this.#record();
    const unknown = this.rig.counters.unknown_frame;
    const counted = this.#counted();
    this.#seal(plaintext, transportId, from);
    const answers = this.device.frames();
    const isNone = plaintext.length > 0 && !decodeFrame(plaintext).ok;
    demand(!isNone || this.#counted() > counted, 'what is none is counted');
    if (this.rig.counters.unknown_frame > unknown) {
      return demand(this.#record() === before, 'a frame that is none changes no record');
    }
    this.wasMoved = true;
    for (const frame of answers) {
      const record = this.#record();
      if (frame.type !== 'reject' || record === before || record === null) continue;
      demand(!isSameClaim(record.claim, frame.claim), 'what is refused is not committed');
    }
    for (const frame of answers) {
      if (frame.type === 'attached' && session.suite === null) session.enableData(frame.cipher);
    }
  }

  #packet(transportId: number, content: Uint8Array): void {
    const { session } = this.device;
    if (session === null || session.suite === null || content.length > 1_500) return;
    this.#largestBytes = Math.max(this.#largestBytes, content.length);
    const sealed = new Uint8Array(new ArrayBuffer(content.length + 32));
    const from = memoryOf(Uint8Array.from([...content, 0]));
    session.sealData(transportId, from, 0, content.length, memoryOf(sealed), 0);
    this.#send(sealed, this.device);
  }

  /** A flood answers fewer than it asks: then there are no keys, and nothing to say. */
  #shakePlain(): void {
    this.rig.nowMs += 50;
    this.#send(this.#plain.initiation(), this.#plain);
    const response = this.#plain.take().find((datagram) => datagram[0] === 2);
    if (response !== undefined) this.#plain.finish(response);
  }

  #plainPacket(content: Uint8Array): void {
    const keypair = this.#plain.plain;
    if (keypair === null || content.length > 1_400) return;
    // Padding is part of what was sealed.
    this.#largestBytes = Math.max(this.#largestBytes, keypair.sealedBytes(content.length) - 32);
    const from = memoryOf(Uint8Array.from([...content, 0]));
    const sealed = new Uint8Array(new ArrayBuffer(keypair.sealedBytes(content.length)));
    const bytes = keypair.sealData(from, 0, content.length, memoryOf(sealed), 0);
    if (bytes > 0) this.#send(sealed.slice(0, bytes), this.#plain);
  }

  #seal(plaintext: Uint8Array, transportId: number, from: RigDevice): void {
    this.#send(this.device.session!.sealControl(transportId, plaintext), from);
  }

  /** How many bytes came back to `from`. Answers to the device are kept for it to read. */
  #send(datagram: Uint8Array, from: RigDevice): number {
    if (datagram.length === 0 || datagram.length > 4_096) return 0;
    this.#sent.push(datagram.slice());
    const outBefore = this.#outBytes;
    from.send(datagram);
    this.#settle();
    const out = this.#outBytes - outBefore;
    demand(out <= datagram.length + ANSWER_BYTES_MAX, 'an answer of bounded length');
    return out;
  }

  /** The store answers; then look at what everybody promised. */
  #settle(): void {
    const { counters, held, peers, posted, records, site, tun } = this.rig;
    let rounds = 0;
    for (let swap = held!.shift(); swap !== undefined; swap = held!.shift()) {
      demand(rounds++ < 20, 'the hub and its store come to rest');
      const { device, life, swapId, record } = swap;
      const current = records.get(device) ?? null;
      const isMatch = (current?.revision ?? 0) === swap.expectedRevision;
      if (isMatch) records.set(device, record);
      const outcome = isMatch ? 'committed' : 'mismatch';
      const told = { device, life, swapId, outcome, current: isMatch ? record : current } as const;
      peers.onSwapped({ kind: 'swapped', ...told });
    }
    demand(counters.invariant_violated === 0, 'a seat broke an invariant');
    demand(!posted.some(({ kind }) => kind === 'violated'), 'no seat is thrown away');
    demand(site.channels.size <= CHANNELS_MAX, 'I11: few channels for one device');
    for (const delivered of tun.takeDelivered()) {
      const inner = readInner(delivered);
      demand(inner !== null && inner.bytes === delivered.length, 'whole packets reach the tun');
      demand(delivered.length <= this.#largestBytes, 'no byte that nobody sent');
      const source = delivered.subarray(12, 16);
      const isOwn = OWN_ADDRESSES.some((address) => isEqual(address, source));
      demand(isOwn, 'I9: from its own address');
      this.wasMoved = true;
    }
    posted.length = 0;
  }

  #record(): SessionRecord | null {
    return this.rig.records.get(this.device.enrolled.publicKey) ?? null;
  }

  #state(): string {
    const { peers, site } = this.rig;
    const traffic = site.traffic.snapshot();
    return JSON.stringify([peers.status(), site.channels.size, this.#record(), traffic]);
  }

  #counted(): number {
    return Object.values(this.rig.counters).reduce((sum, count) => sum + count, 0);
  }
}

/** Of the session device and of the plain one. */
const OWN_ADDRESSES = [Uint8Array.of(10, 77, 0, 2), Uint8Array.of(10, 77, 0, 4)];

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a).equals(Buffer.from(b));
}

function step(random: Random, tape: TapeWriter): void {
  const op = random.below(OPS);
  tape.byte(op);
  switch (op) {
    case OP.raw:
      return void tape.byte(random.below(2)).block(rawDatagram(random));
    case OP.damaged:
      return void tape.word(random.below(200)).block(random.bytes(random.between(1, 4)));
    case OP.handshake:
      return;
    case OP.frame: {
      tape.byte(random.below(3)).byte(random.below(16));
      const bytes = encodeFrame(sampleFrame(random));
      if (random.chance(25)) bytes[random.below(bytes.length)] = random.below(256);
      return void tape.block(bytes);
    }
    case OP.packet:
      return void tape.byte(random.below(3)).block(innerPacket(random));
    case OP.replay:
    case OP.pass:
      return void tape.byte(random.below(256));
    case OP.plain: {
      const bytes = innerPacket(random);
      if (bytes.length >= 16 && random.chance(70)) bytes[15] = 4;
      return void tape.byte(random.below(256)).block(bytes);
    }
    default:
      return void tape.block(
        random.chance(70)
          ? packet('10.0.0.9', '10.77.0.2', random.between(20, 200))
          : random.bytes(60),
      );
  }
}

function rawDatagram(random: Random): Uint8Array {
  const type = [1, 2, 3, 4, 16, 17, 18, 19, 0, 99][random.below(10)]!;
  const right = [0, 148, 92, 64, 48][type] ?? { 18: 60, 19: 16 }[type] ?? 64;
  const bytes = random.bytes(random.chance(80) ? right : random.below(200));
  const version = type >= 16 && type <= 19 ? 1 : 0;
  bytes.set([type, version, 0, 0].slice(0, bytes.length));
  return bytes;
}

function innerPacket(random: Random): Uint8Array {
  if (random.chance(20)) return packet('10.77.0.2', '10.0.0.9', random.between(20, 100));
  if (random.chance(10)) return random.bytes(random.below(80));
  const base = { ...steadyPacket(4, random.chance(50) ? 6 : 17, 60), source: [10, 77, 0, 2] };
  const marked = Uint8Array.from(encodeMarked(cut(base, 100)[0]!));
  if (random.chance(30)) marked[random.below(40)] = random.below(256);
  return marked;
}
