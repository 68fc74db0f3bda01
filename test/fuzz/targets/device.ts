/**
 * Datagrams to a device: from strangers, and from its hub with real keys and no manners. Through shell,
 * channels, frames, the session's core, flash and tun.
 *
 * Held against it: nothing throws, nothing breaks an invariant, whatever an authentic hub says; what is
 * not authentic changes nothing and is answered by nobody; what flash has taken can be read back; whole
 * packets reach the tun; a device that is spoken to does not send without end.
 *
 * @module
 */
import { decodeFrame } from '../../../session/wire/decode.ts';
import { encodeFrame } from '../../../session/wire/encode.ts';
import type { Frame } from '../../../session/wire/frames.ts';
import { encodeUnknownChannel } from '../../../session/wire/unknownChannel.ts';
import type { Random } from '../../sim/random.ts';
import { packet } from '../../unit/hub/siteRig.ts';
import { DeviceWorld } from '../deviceWorld.ts';
import { readInner } from '../inner.ts';
import { sampleFrame } from '../sampleFrame.ts';
import { seededCrypto } from '../seededCrypto.ts';
import { Tape, TapeWriter } from '../tape.ts';
import { demand, type Target } from '../target.ts';

const STAGE = { fresh: 0, shaken: 1, attached: 2 } as const;
const OP = {
  raw: 0, // any bytes
  damaged: 1, // the last authentic datagram with a few bytes overwritten
  handshake: 2, // the hub answers the newest initiation
  frame: 3, // any bytes as a control frame
  answer: 4, // a frame that answers the device's newest claim, by type
  packet: 5, // any bytes as an inner packet
  pass: 6, // time
  links: 7, // carrier comes and goes
  application: 8, // any bytes from an application
  unknown: 9, // an unknown channel, of a header like those that the device sent
} as const;
const OPS = Object.keys(OP).length;
const STEPS_MAX = 24;
const SENT_PER_STEP_MAX = 2_000;

export const device: Target = {
  name: 'device',
  what: 'a history of datagrams to a device',
  covers: ['agent/', 'session/device/', 'session/channel/', 'session/wire/', 'session/flash/'],
  bytesMax: 6_144,
  generate(random) {
    const tape = new TapeWriter().byte(random.chance(60) ? STAGE.attached : random.below(3));
    for (let steps = random.between(1, 12); steps > 0; steps--) step(random, tape);
    return tape.done();
  },
  judge(input) {
    const restore = seededCrypto(2);
    try {
      const tape = new Tape(input);
      const run = new Run(tape.byte() % 3);
      for (let steps = 0; tape.hasMore && steps < STEPS_MAX; steps++) run.step(tape);
      run.end();
      return run.wasMoved ? 'accepted' : 'refused';
    } finally {
      restore();
    }
  },
};

class Run {
  readonly #world = new DeviceWorld();
  #claim: Extract<Frame, { type: 'attach' | 'reattach' }>['claim'] | null = null;
  #last: Uint8Array | null = null;
  #initiations: ReturnType<DeviceWorld['takeSent']> = [];
  /** Of what was sealed as an inner packet so far. */
  #largestBytes = 0;
  /** Something of the tape was authentic and understood. */
  wasMoved = false;

  constructor(stage: number) {
    this.#listen();
    if (stage >= STAGE.shaken) this.#shake();
    if (stage < STAGE.attached) return;
    demand(this.#claim !== null, 'the device claims once it has a channel');
    this.#frame(encodeFrame({ ...ATTACHED, claim: this.#claim }), this.#claim.transportId);
    this.#world.hub!.enableData('aes-256-gcm');
    demand(this.#world.status().mode === 'session', 'a session');
    demand(this.#state() === 'ATTACHED', 'the honest hub attaches it');
    this.wasMoved = false;
  }

  #state(): string {
    return (this.#world.status() as { readonly state: string }).state;
  }

  step(tape: Tape): void {
    const world = this.#world;
    switch (tape.byte() % OPS) {
      case OP.raw:
        return this.#unauthentic(tape.block(), 1);
      case OP.damaged: {
        const at = tape.word();
        const damage = tape.block();
        const last = this.#last?.slice();
        if (last === undefined || damage.length === 0) return;
        for (let i = 0; i < damage.length; i++) last[(at + i) % last.length] = damage[i]!;
        return this.#unauthentic(last, 1);
      }
      case OP.handshake:
        return this.#shake();
      case OP.frame: {
        const transportId = 1 + (tape.byte() & 1);
        return this.#frame(tape.block(), transportId);
      }
      case OP.answer: {
        const which = tape.byte();
        const mutation = tape.block();
        return this.#answer(which, mutation);
      }
      case OP.packet: {
        const transportId = 1 + (tape.byte() & 1);
        const content = tape.block().slice(0, 1_500);
        this.#largestBytes = Math.max(this.#largestBytes, content.length);
        const sealed = world.sealPacket(content, transportId);
        if (sealed !== null) this.#receive(sealed, transportId);
        return;
      }
      case OP.pass:
        world.pass([1, 20, 100, 600, 5_000, 31_000][tape.byte() % 6]!);
        return this.#listen();
      case OP.links: {
        const bits = tape.byte();
        world.changeLinks((bits & 1) !== 0, (bits & 2) !== 0);
        return this.#listen();
      }
      case OP.application:
        world.fromApplication(tape.block().slice(0, 1_500));
        return this.#listen();
      default:
        return this.#unknown(tape);
    }
  }

  /** Nobody has keys for it: it makes the device ask, once, or it says nothing. */
  #unknown(tape: Tape): void {
    const [transportId, counter, bits] = [tape.byte() & 3, tape.byte() & 15, tape.byte()];
    const { hub } = this.#world;
    if (hub === null || transportId === 0) return;
    const receiver = (bits & 7) === 0 ? bits : hub.localIndex;
    const message = encodeUnknownChannel({ transportId, receiver, counter });
    if ((bits & 0x30) === 0x30) message[bits & 15] = bits;
    const [before, refused] = [this.#shown(), this.#refused()];
    this.#world.receive(message, 1 + ((bits >> 3) & 1));
    const sent = this.#world.takeSent();
    demand(sent.length <= 1, 'it draws one question at most');
    demand(
      sent.every(({ datagram }) => datagram[0] === 17),
      'a question, and nothing else',
    );
    demand(this.#refused() > refused, 'it is counted, believed or not');
    if (sent.length === 0) demand(this.#shown() === before, 'where it draws none, nothing changes');
    this.wasMoved ||= sent.length > 0;
  }

  end(): void {
    this.#world.pass(2_000);
    this.#listen();
  }

  #shake(): void {
    const message = this.#world.answerHandshake(this.#initiations);
    this.#initiations = [];
    if (message !== null) this.#last = message;
    this.#listen();
  }

  #unauthentic(datagram: Uint8Array, transportId: number): void {
    if (datagram.length === 0 || (this.#last !== null && isEqual(this.#last, datagram))) return;
    const before = this.#shown();
    const refused = this.#refused();
    this.#world.receive(datagram, transportId);
    demand(this.#world.takeSent().length === 0, 'nobody answers what is not authentic');
    demand(this.#shown() === before, 'what is not authentic changes nothing');
    demand(datagram.length > 2_048 || this.#refused() > refused, 'what is not taken is counted');
  }

  /** All of status but the counters of packets. */
  #shown(): string {
    const { packets, ...rest } = this.#world.status();
    return JSON.stringify([rest, packets.received, packets.sent]);
  }

  #refused(): number {
    const { refused } = this.#world.status().packets;
    return Object.values(refused).reduce((sum, count) => sum + count, 0);
  }

  #frame(plaintext: Uint8Array, transportId: number): void {
    if (plaintext.length > 1_300) return;
    const sealed = this.#world.sealFrame(plaintext, transportId);
    if (sealed === null) return;
    const { unknown_frame: unknown = 0 } = this.#world.status().packets.refused;
    const before = this.#shown();
    const refused = this.#refused();
    this.#receive(sealed, transportId);
    if (!decodeFrame(plaintext).ok) demand(this.#refused() > refused, 'what is none is counted');
    const { unknown_frame: after = 0 } = this.#world.status().packets.refused;
    if (after > unknown) demand(this.#shown() === before, 'a frame that is none changes nothing');
    else this.wasMoved = true;
  }

  /** An answer to the claim that is open, with some of its bytes overwritten. */
  #answer(which: number, mutation: Uint8Array): void {
    const claim = this.#claim;
    if (claim === null) return;
    const answers: readonly Frame[] = [
      { ...ATTACHED, claim },
      { type: 'reattached', claim, ownerEpoch: 1, hubSeq: 1, renewed: null, heardMs: 5 },
      {
        ...{ type: 'reject', claim, reasonCode: 'stale_state_version', isFatal: false },
        ...{ retryAfterMs: 0, recordedVersion: claim.stateVersion + 3 },
      },
      {
        type: 'reject',
        claim,
        reasonCode: 'policy_denied',
        isFatal: true,
        retryAfterMs: 9,
        recordedVersion: 0,
      },
      {
        ...ATTACHED,
        claim,
        inner4: new TextDecoder('latin1').decode(mutation).slice(0, 64) || null,
      },
    ];
    const chosen = answers[which % answers.length]!;
    let bytes: Uint8Array;
    try {
      bytes = encodeFrame(chosen);
    } catch {
      return; // not even a label
    }
    if (which < 200)
      for (const [at, byte] of mutation.entries()) bytes[(byte * 7 + at) % bytes.length]! ^= which;
    this.#frame(bytes, claim.transportId);
  }

  #receive(sealed: Uint8Array, transportId: number): void {
    this.#last = sealed;
    this.#world.receive(sealed, transportId);
    this.#listen();
  }

  /** Hear what the device said, and look at what it promised. */
  #listen(): void {
    const sent = this.#world.takeSent();
    demand(sent.length <= SENT_PER_STEP_MAX, 'a device does not send without end');
    const initiations = sent.filter(({ datagram }) => datagram[0] === 1);
    if (initiations.length > 0) this.#initiations = initiations;
    for (const frame of this.#world.framesOf(sent)) {
      if (frame.type === 'attach' || frame.type === 'reattach') this.#claim = frame.claim;
    }
    for (const delivered of this.#world.tun.takeDelivered()) {
      const inner = readInner(delivered);
      demand(inner !== null && inner.bytes === delivered.length, 'whole packets reach the tun');
      demand(delivered.length <= this.#largestBytes, 'no byte that nobody sent');
      this.wasMoved = true;
    }
  }
}

const ATTACHED = {
  type: 'attached',
  secret: new Uint8Array(32).fill(1),
  memoryKey: new Uint8Array(32).fill(2),
  inner4: '10.77.0.2/32',
  inner6: null,
  routes: ['10.79.0.0/24'],
  cipher: 'aes-256-gcm',
  ownerEpoch: 1,
  hubSeq: 1,
} as const satisfies Omit<Extract<Frame, { type: 'attached' }>, 'claim'>;

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a).equals(Buffer.from(b));
}

function step(random: Random, tape: TapeWriter): void {
  const op = random.below(OPS);
  tape.byte(op);
  switch (op) {
    case OP.raw: {
      const type = [1, 2, 3, 4, 16, 17, 18, 19, 99][random.below(9)]!;
      const bytes = random.bytes([148, 92, 64, 60, 48, 20, 16][random.below(7)]!);
      bytes.set([type, type >= 16 && type <= 19 ? 1 : 0, 0, 0]);
      return void tape.block(bytes);
    }
    case OP.damaged:
      return void tape.word(random.below(200)).block(random.bytes(random.between(1, 4)));
    case OP.handshake:
      return;
    case OP.frame: {
      const bytes = encodeFrame(sampleFrame(random));
      if (random.chance(25)) bytes[random.below(bytes.length)] = random.below(256);
      return void tape.byte(random.below(2)).block(bytes);
    }
    case OP.answer: {
      const texts = [
        '10.77.0.2/32',
        'zzz',
        '::ffff:10.0.0.1/32',
        '10.77.0.2/33',
        'fd77::5/128',
        '',
      ];
      const isText = random.chance(60);
      const text = new TextEncoder().encode(texts[random.below(texts.length)]!);
      return void tape
        .byte(isText ? 200 + random.below(50) : random.below(200))
        .block(isText ? text : random.bytes(random.below(3)));
    }
    case OP.packet: {
      const bytes = packet('10.0.0.9', '10.77.0.2', random.between(20, 100));
      if (random.chance(40)) bytes[random.below(20)] = random.below(256);
      return void tape.byte(random.below(2)).block(bytes);
    }
    case OP.pass:
    case OP.links:
      return void tape.byte(random.below(256));
    case OP.unknown:
      return void tape.byte(random.below(4)).byte(random.below(12)).byte(random.below(256));
    default:
      return void tape.block(packet('10.77.0.2', '10.0.0.9', random.between(20, 200)));
  }
}
