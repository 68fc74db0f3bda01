/**
 * What a broker may hand to a device that takes signed documents: topics and payloads, one after another. Signatures count as right,
 * so that what comes behind them is reached.
 *
 * Held against the device: nothing throws; a document on a topic of commands is a command of that name and id, or is refused; a
 * command is carried out once, and not where it is retained; what is to be written can be read again; whatever is
 * answered has an id and a known outcome, and goes where no device hears anything. An answer is read by `jvpn command` from any bytes.
 *
 * @module
 */
import { answerLines, readAnswer } from '../../../agent/cli/commandAnswer.ts';
import { requestOf } from '../../../agent/documentsHeard.ts';
import { commandFilter, commandTopic, isCovered } from '../../../hal/mqtt/commandTopic.ts';
import { bodyOfTable, COMMANDS, commandBody, rotationBody } from '../../../policies/signed/body.ts';
import type { CborMap } from '../../../policies/signed/cbor.ts';
import type { Kind } from '../../../policies/signed/claims.ts';
import { reopenDocument } from '../../../policies/signed/open.ts';
import {
  decodePushRecord,
  encodePushRecord,
  NOTHING_PUSHED,
} from '../../../policies/signed/record.ts';
import { isRefused } from '../../../policies/signed/refusal.ts';
import { openPush, policyInForce, stepPush } from '../../../policies/signed/staging.ts';
import type { PushEffect, PushEvent, PushState } from '../../../policies/signed/state.ts';
import { isReasonCode } from '../../../session/reasons.ts';
import type { Random } from '../../sim/random.ts';
import { IDENTITY, NOW, NOW_S, signerOf, unproven } from '../../unit/policies/signed/documents.ts';
import { policyOf } from '../../unit/policies/signed/stagedDevice.ts';
import { Tape, TapeWriter } from '../tape.ts';
import { demand, type Target } from '../target.ts';

const PLACE = { fleet: 'acme', device: 'kiosk-7' } as const;
const DESIRED = 'jvpn/v1/acme/kiosk-7/policy/desired';
const MESSAGES_MAX = 8;
/** Bits of the byte before each message: retained; the flash takes what is written; it names a response topic. */
const BITS = { retained: 1, fails: 2, responds: 4 } as const;
const text = new TextDecoder();
const bytes = new TextEncoder();

export const documents: Target = {
  name: 'documents',
  what: 'signed documents, commands among them, and the topics that they come on',
  covers: ['policies/signed/', 'hal/mqtt/commandTopic.ts', 'agent/documentsHeard.ts'],
  bytesMax: 8_192,
  words: [DESIRED, 'jvpn/v1/acme/', '/cmd/', '/answer', ...COMMANDS, '{"id":"', '"outcome":"'].map(
    (word) => bytes.encode(word),
  ),
  generate(random) {
    const tape = new TapeWriter();
    for (let messages = random.between(1, 4); messages > 0; messages--) {
      const { topic, payload } = message(random);
      tape.byte(random.chance(70) ? 0 : random.below(8));
      tape.block(bytes.encode(topic)).block(payload);
    }
    return tape.done();
  },
  judge(input) {
    const tape = new Tape(input);
    const device = new Device();
    for (let count = 0; tape.hasMore && count < MESSAGES_MAX; count++) {
      device.hear(tape.byte(), text.decode(tape.block()), tape.block());
    }
    return device.writes > 0 ? 'accepted' : 'refused';
  },
};

class Device {
  writes = 0;
  #state: PushState;
  #canWrite = true;
  readonly #ran = new Set<string>();
  readonly #due: PushEvent[] = [];

  constructor() {
    const configured = policyOf({ version: 1, name: 'configured' });
    const { state } = openPush(
      { identity: IDENTITY, signers: [signerOf(1).publicKey], configured, policyVersionMin: 1 },
      { record: NOTHING_PUSHED, recovery: 'blank', isWhole: true },
      { atMs: 0, clock: NOW },
    );
    this.#state = state;
  }

  hear(how: number, topic: string, payload: Uint8Array): void {
    const isRetained = (how & BITS.retained) !== 0;
    this.#canWrite = (how & BITS.fails) === 0;
    const responseTopic = (how & BITS.responds) === 0 ? null : text.decode(payload);
    const heard = { topic, payload, isRetained, responseTopic, correlation: payload };
    const request = requestOf(heard, PLACE);
    const isCommandTopic = isCovered(commandFilter(PLACE.fleet, PLACE.device), topic);
    demand((request !== null) === isCommandTopic, 'a topic of commands is one that is subscribed');
    judgeResponse(request?.responseTopic ?? null);
    judgeAnswer(payload);
    const document = reopenDocument(payload);
    if (isRefused(document)) return;
    const place = request?.place ?? null;
    this.#due.push({ kind: 'arrived', atMs: 0, clock: NOW, isRetained, place, document });
    for (let next = this.#due.shift(); next !== undefined; next = this.#due.shift()) {
      const { state, effects } = stepPush(this.#state, next);
      this.#state = state;
      for (const effect of effects) this.#perform(effect, isRetained, place);
    }
    demand(policyInForce(this.#state).version >= 1, 'there is a policy in force');
  }

  #perform(
    effect: PushEffect,
    isRetained: boolean,
    place: { readonly name: string; readonly id: string } | null,
  ): void {
    switch (effect.kind) {
      case 'write': {
        const isDurable = this.#canWrite;
        const slot = encodePushRecord(effect.record, 1);
        const read = decodePushRecord(slot);
        demand(read !== null, 'what is written can be read');
        demand(Buffer.compare(slot, encodePushRecord(read.record, 1)) === 0, 'as it was written');
        if (isDurable) this.writes += 1;
        return void this.#due.push({ kind: 'written', atMs: 0, clock: NOW, isDurable });
      }
      case 'apply': {
        const { version } = effect.policy;
        return void this.#due.push({ kind: 'applied', atMs: 0, version, isApplied: true });
      }
      case 'run': {
        const { id, name } = effect.command;
        demand(!isRetained && this.#canWrite, 'it is on flash, and was not retained');
        demand(place?.id === id && place.name === name, 'it came where it belongs');
        demand(!this.#ran.has(id), 'it is carried out once');
        this.#ran.add(id);
        return void this.#due.push({ kind: 'answered', atMs: 0, id, outcome: 'command_done' });
      }
      case 'answer':
        demand(/^[0-9a-f]{32}$/.test(effect.id), 'an answer has an id');
        return demand(isReasonCode(effect.outcome), 'and an outcome');
      case 'report':
        return demand(isReasonCode(effect.code), 'a report has a code');
    }
  }
}

/** Whatever it is: nobody hears commands or documents there, and nobody reads it as a report. */
function judgeResponse(topic: string | null): void {
  if (topic === null) return;
  demand(/^jvpn\/v1\/acme(\/[A-Za-z0-9_.-]{1,64}){1,8}$/.test(topic), 'it is within the fleet');
  demand(topic.endsWith('/answer'), 'it ends as answers do');
  demand(!isCovered('jvpn/v1/acme/+/cmd/+/+', topic), 'and is no command');
}

function judgeAnswer(payload: Uint8Array): void {
  const answer = readAnswer(payload, '07'.repeat(16));
  if (answer === null) return;
  demand(
    answerLines(answer).every((line) => !/\p{Cc}/u.test(line)),
    'nothing moves a terminal',
  );
  JSON.stringify(answer);
}

function message(random: Random): { readonly topic: string; readonly payload: Uint8Array } {
  const id = new Uint8Array(16).fill(random.below(3));
  const name = random.pick(COMMANDS);
  const kind = random.chance(70)
    ? 'command'
    : random.pick(['policy', 'emergency', 'rotation'] as const);
  const version = random.between(1, 6);
  const body = bodyOf(kind, random, version, commandBody({ name, link: linkOf(name, random) }, id));
  const target = random.chance(90)
    ? ({ level: 'fleet', name: 'acme' } as const)
    : ({ level: 'device', fleet: 'acme', name: random.pick(['kiosk-7', 'kiosk-8']) } as const);
  const expiresS = NOW_S + (random.chance(90) ? 60 : 0);
  const { bytes: payload } = unproven({ kind, version, target, expiresS, body });
  const place = { name: random.chance(90) ? name : random.pick(COMMANDS), id: hexOf(id) };
  const isInPlace = random.chance(90) === (kind === 'command');
  const topic = isInPlace ? commandTopic(PLACE.fleet, PLACE.device, place) : DESIRED;
  return { topic, payload };
}

function bodyOf(kind: Kind, random: Random, version: number, command: CborMap): CborMap {
  if (kind === 'command') return command;
  if (kind === 'rotation') return rotationBody(random.bytes(32));
  const tables =
    kind === 'policy'
      ? { version, name: 'pushed' }
      : { switching: { max_switches_per_minute: random.between(1, 8) } };
  return bodyOfTable(tables)!;
}

const linkOf = (name: string, random: Random) =>
  (name === 'rebind') === random.chance(95) ? 'wlan0' : null;

const hexOf = (id: Uint8Array) => Buffer.from(id).toString('hex');
