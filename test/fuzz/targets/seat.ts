/**
 * A hub's seat spoken to without manners: what a device with real keys may send, in any order, with any
 * content, from any address, while the store is slow and the hub restarts. No cryptography on the way,
 * so a hundred times more histories than in `hub.ts`.
 *
 * Held against it: nothing throws; what is refused is not committed, an unknown channel moves no
 * record; the record only goes forward (I4) and never to another session silently (I2); nothing is sent
 * beyond a bound.
 *
 * @module
 */
import { isSameClaim } from '../../../session/claim.ts';
import type { SessionRecord } from '../../../session/hub/record.ts';
import { decodeFrame } from '../../../session/wire/decode.ts';
import { encodeFrame } from '../../../session/wire/encode.ts';
import type { Attach, Frame } from '../../../session/wire/frames.ts';
import type { Random } from '../../sim/random.ts';
import { Process, SOURCES } from '../../unit/session/hub/process.ts';
import { Rig, type SendEffect } from '../../unit/session/hub/rig.ts';
import { sampleFrame } from '../sampleFrame.ts';
import { Tape, TapeWriter } from '../tape.ts';
import { demand, type Target } from '../target.ts';

const OP = {
  shake: 0, // another channel of the device
  frame: 1, // any frame
  attach: 2, // an honest one, its fields overwritten
  reattach: 3, // an honest one, its fields overwritten
  rotate: 4,
  data: 5,
  duplicate: 6,
  pass: 7,
  store: 8, // it stops answering, answers, or does not know
  restart: 9,
  respond: 10, // to the challenge seen last
  terminate: 11,
} as const;
const OPS = Object.keys(OP).length;
const STEPS_MAX = 60;
const EFFECTS_MAX = 64;
const STRANGER = '203.0.113.99:9';

export const seat: Target = {
  name: 'seat',
  what: 'a history of frames, addresses and store outcomes at a hub',
  covers: ['session/hub/', 'session/wire/decode.ts'],
  bytesMax: 6_144,
  generate(random) {
    const tape = new TapeWriter().byte(random.below(4));
    for (let steps = random.between(2, 30); steps > 0; steps--) step(random, tape);
    return tape.done();
  },
  judge(input) {
    const tape = new Tape(input);
    const run = new Run(tape.byte() % 4 !== 0);
    for (let steps = 0; tape.hasMore && steps < STEPS_MAX; steps++) run.step(tape);
    run.end();
    return run.wasMoved ? 'accepted' : 'refused';
  },
};

class Run {
  readonly #rig = new Rig();
  readonly #processes: Process[];
  #challenge: SendEffect | null = null;
  /** A claim of the tape was committed. */
  wasMoved = false;

  constructor(isAttached: boolean) {
    this.#rig.onWrite = (before, after) => this.#onWrite(before, after);
    this.#processes = [new Process(this.#rig, {}, '0'), new Process(this.#rig, {}, '1')];
    if (isAttached) this.#processes[0]!.open(1).data(1);
    this.wasMoved = false;
  }

  step(tape: Tape): void {
    const op = tape.byte() % OPS;
    const which = tape.byte();
    const process = this.#processes[which & 1]!;
    // A clock at its end has no next version; begin again somewhere.
    if (process.version >= Number.MAX_SAFE_INTEGER) process.version = 100;
    const transportId = 1 + ((which >> 1) % 3);
    const source = which & 0x40 ? STRANGER : SOURCES[transportId]!;
    const record = this.#rig.record;
    this.#rig.effects = [];
    switch (op) {
      case OP.shake:
        process.shake(transportId, (which & 0x80) === 0);
        break;
      case OP.frame: {
        const frame = decodeFrame(tape.block());
        if (!frame.ok) break;
        this.#say(process, frame.value, transportId, source, which);
        this.#judgePossession(record, frame.value);
        break;
      }
      case OP.attach: {
        const isNew = (which & 0x10) !== 0;
        if (isNew) process.sessionId = `${which & 0x20 ? 'aa' : 'bb'}`.repeat(16);
        const claim = process.claim(transportId, version(tape.byte(), record));
        const frame = process.attachFrame(claim, {
          isNew,
          ...(which & 0x20 && record !== null ? { previousSessionId: record.sessionId } : {}),
          ...(which & 0x80 ? { ciphers: [], proof: null } : {}),
        });
        this.#say(process, frame, transportId, source, which);
        process.keep();
        break;
      }
      case OP.reattach: {
        const claim = process.claim(transportId, version(tape.byte(), record));
        const purposes = ['recovery', 'planned', 'quality', 'stay'] as const;
        const purpose = purposes[(which >> 4) & 3]!;
        this.#say(process, process.reattachFrame(claim, { purpose }), transportId, source, which);
        process.keep();
        break;
      }
      case OP.rotate:
        process.rotate(transportId);
        break;
      case OP.data:
        process.data(transportId, source, (which & 0x80) === 0);
        break;
      case OP.duplicate:
        process.duplicate(transportId, source);
        break;
      case OP.pass:
        this.#rig.run([1, 20, 600, 1_500, 5_000, 31_000, 120_000, 86_400_000][which & 7]!);
        break;
      case OP.store:
        this.#store(which);
        break;
      case OP.restart:
        this.#rig.restart(which * 100);
        for (const one of this.#processes) one.channelId = 0;
        break;
      case OP.respond:
        if (this.#challenge !== null) process.respond(this.#challenge, (which & 8) !== 0, source);
        break;
      default:
        if ((which & 0xf0) === 0) {
          this.#rig.feed({ kind: 'operatorTerminate', reasonCode: 'operator_terminated' });
        }
    }
    this.#look();
  }

  end(): void {
    this.#rig.store = 'answer';
    while (this.#rig.held.length > 0) this.#rig.release();
    this.#rig.run(200_000);
    this.#look();
  }

  #say(process: Process, frame: Frame, transportId: number, source: string, which: number): void {
    const before = this.#rig.record;
    const { channels } = this.#rig;
    const { channelId } = process;
    const isNewest = (which & 0x80) === 0;
    this.#rig.feed({ kind: 'frame', channelId, transportId, source, bytes: 200, isNewest, frame });
    const isUnknown = process.channelId === 0 || process.channelId > channels;
    if (isUnknown) demand(this.#rig.record === before, 'a channel that is not there moves nothing');
    // Another claim, which had waited, may be committed in the same step; the refused one is not.
    for (const { frame: refusal } of this.#rig.sent('reject')) {
      if (refusal.type !== 'reject' || this.#rig.record === before) continue;
      const { claim } = this.#rig.record!;
      demand(!isSameClaim(claim, refusal.claim), 'what is refused is not committed');
    }
  }

  /** A frame of the tape knows no key: over a living session it commits nothing. */
  #judgePossession(before: SessionRecord | null, frame: Frame): void {
    if (before === null || before.terminated !== null) return;
    if (frame.type !== 'attach' && frame.type !== 'reattach') return;
    const { record } = this.#rig;
    const isCommitted = record !== null && isSameClaim(record.claim, frame.claim);
    const wasCommitted = isSameClaim(before.claim, frame.claim);
    demand(!isCommitted || wasCommitted, 'who proves nothing takes no session over');
  }

  #store(which: number): void {
    const { held } = this.#rig;
    if (which & 1) this.#rig.store = which & 2 ? 'answer' : 'hold';
    else if (held.length > 0) this.#rig.release(which & 2 ? 'unknown' : 'answer');
  }

  /** I2, I4 and possession, at every write to the store. */
  #onWrite(before: SessionRecord | null, after: SessionRecord): void {
    this.wasMoved = true;
    if (before === null) return;
    demand(after.revision === before.revision + 1, 'one revision after the other');
    demand(after.stateVersion >= before.stateVersion, 'I4: the version never goes back');
    const isNewClaim = !isSameClaim(after.claim, before.claim);
    demand(
      !isNewClaim || after.stateVersion > before.stateVersion,
      'I4: a new claim, a new version',
    );
    demand(after.ownerEpoch >= before.ownerEpoch, 'I4: the owner epoch never goes back');
    demand(Number.isSafeInteger(after.stateVersion), 'a version is a whole number');
    if (after.sessionId !== before.sessionId) {
      demand(
        after.previousSessionId === before.sessionId,
        'I2: a new session names its predecessor',
      );
    } else if (before.terminated !== null) {
      demand(after.terminated !== null, 'what has ended stays ended');
    }
  }

  #look(): void {
    const { effects } = this.#rig;
    demand(effects.length <= EFFECTS_MAX * 8, 'a bounded number of effects');
    for (const effect of effects) {
      if (effect.kind !== 'send') continue;
      demand(encodeFrame(effect.frame).length <= 1_200, 'what is said can be said');
      if (effect.frame.type === 'challenge') this.#challenge = effect;
    }
  }
}

/** Versions around the recorded one, and at the end of the numbers. */
function version(byte: number, record: SessionRecord | null): Partial<Attach['claim']> {
  const recorded = record?.stateVersion ?? 0;
  if (byte < 128) return {};
  const most = Number.MAX_SAFE_INTEGER;
  const chosen = [recorded, recorded + 1, 1, most, most - 1, most - 2 ** 32][byte % 6]!;
  return { stateVersion: Math.min(most, Math.max(1, chosen)) };
}

function step(random: Random, tape: TapeWriter): void {
  const op = random.below(OPS);
  tape.byte(op).byte(random.chance(60) ? random.below(8) : random.below(256));
  if (op === OP.attach || op === OP.reattach) tape.byte(random.below(256));
  if (op === OP.frame) tape.block(encodeFrame(sampleFrame(random)));
}
