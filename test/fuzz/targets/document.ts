/**
 * A signed document from a broker that many may write to: what nobody signed is never taken, whatever its form; what is read has one
 * encoding; what a trusted key signed is judged by a device without an exception, and changes nothing where it is refused.
 *
 * First byte: how. Then the bytes of a whole document, or a payload for the target to sign: a fuzzer finds no signature.
 *
 * @module
 */
import { COSE, signingPublicKey } from '../../../agent/cose.ts';
import { loadPolicy } from '../../../policies/load.ts';
import { keyIdOf, keyIdText } from '../../../policies/signed/anchors.ts';
import { COMMANDS, commandBody, rotationBody } from '../../../policies/signed/body.ts';
import { decodeCbor } from '../../../policies/signed/cbor.ts';
import {
  type Claims,
  decodeClaims,
  encodeClaims,
  KINDS,
  type Kind,
} from '../../../policies/signed/claims.ts';
import { DOCUMENT_BYTES_MAX } from '../../../policies/signed/envelope.ts';
import { openDocument, type SignedDocument } from '../../../policies/signed/open.ts';
import {
  decodePushRecord,
  encodePushRecord,
  NOTHING_PUSHED,
} from '../../../policies/signed/record.ts';
import { isRefused } from '../../../policies/signed/refusal.ts';
import { nextPushDeadline, openPush, stepPush } from '../../../policies/signed/staging.ts';
import type { PushStep } from '../../../policies/signed/state.ts';
import { equalBytes } from '../../../session/bytes.ts';
import { DOCUMENT_REFUSALS } from '../../../session/reasons/documents.ts';
import type { Random } from '../../sim/random.ts';
import { hostileMap } from '../slowCbor.ts';
import { demand, type Target } from '../target.ts';
import { weightOf } from '../weight.ts';

const PRIVATE_KEY = new Uint8Array(32).fill(5);
const PUBLIC_KEY = signingPublicKey(PRIVATE_KEY);
const KEY_ID = keyIdOf(PUBLIC_KEY);
const ANCHORS = new Map([[keyIdText(PUBLIC_KEY), PUBLIC_KEY]]);
const NOW_S = 1_795_910_400;
const CLOCK = { wallMs: NOW_S * 1_000, isKnown: true };
const MODE = { whole: 0, payload: 1 } as const;

const CONFIGURED = loadPolicy({ version: 1, name: 'configured' });
if (!CONFIGURED.ok) throw new Error('the configured policy is valid');
const SETUP = {
  identity: { device: ['kiosk-7'], groups: ['south'], fleet: 'acme' },
  signers: [PUBLIC_KEY],
  configured: CONFIGURED.policy,
  policyVersionMin: 1,
};

export const document: Target = {
  name: 'document',
  what: 'a signed document, and its payload as a trusted key signs it',
  covers: ['policies/signed/'],
  bytesMax: 1 + DOCUMENT_BYTES_MAX + 64,
  words: [[0xd2, 0x84], [0xa0], [0x58, 0x40], [...KEY_ID]].map((bytes) => Uint8Array.from(bytes)),
  generate(random) {
    const payload = random.chance(15)
      ? Uint8Array.from(hostileMap(random, 4))
      : encodeClaims(claims(random));
    if (random.chance(70)) return Uint8Array.from([MODE.payload, ...payload]);
    const whole = COSE.sign(payload, KEY_ID, PRIVATE_KEY);
    // One bit of it, of the signature or of what is signed.
    if (random.chance(70)) whole[random.below(whole.length)]! ^= 1 << random.below(8);
    return Uint8Array.from([MODE.whole, ...whole]);
  },
  judge(input) {
    const isPayload = input[0] === MODE.payload;
    const rest = input.slice(1);
    const bytes = isPayload ? COSE.sign(rest, KEY_ID, PRIVATE_KEY) : rest;
    const before = bytes.slice();
    const opened = openDocument(bytes, ANCHORS, COSE);
    demand(equalBytes(bytes, before), 'the input is left as it was');
    if (isRefused(opened)) {
      demand(
        Object.hasOwn(DOCUMENT_REFUSALS, opened.refused),
        `a documented code: ${opened.refused}`,
      );
      // What the target signed is refused for its size or for what it says, and for nothing else.
      const isWrong = bytes.length > DOCUMENT_BYTES_MAX || isRefused(decodeClaims(rest));
      demand(isWrong || !isPayload, 'what a trusted key signed in the right form is read');
      return 'refused';
    }
    judgeOpened(bytes, opened);
    return judgeTaken(opened) ? 'accepted' : 'refused';
  },
};

/** Ed25519 by node:crypto is deterministic: a signature that another key could have made is not there. */
function judgeOpened(bytes: Uint8Array, opened: SignedDocument): void {
  const payload = payloadOf(bytes);
  demand(equalBytes(COSE.sign(payload, KEY_ID, PRIVATE_KEY), bytes), 'only the signer makes it');
  demand(weightOf(opened) <= 1_024 + 40 * bytes.length, 'no output beyond 40 × input');
  const { version, notBeforeS, expiresS } = opened;
  demand(version >= 1 && notBeforeS < expiresS, 'a version, and a time in which it holds');
  const known = encodeClaims(opened);
  const isAll = equalBytes(known, payload);
  // A claim from 64 on is ignored; all others are read as they were written.
  demand(isAll || payload.length > known.length, 'its claims are read as they were written');
}

function payloadOf(bytes: Uint8Array): Uint8Array {
  const message = decodeCbor(bytes.subarray(1));
  demand(Array.isArray(message) && message[2] instanceof Uint8Array, 'a payload is there');
  return message[2];
}

/** A device takes it or says why not; what it writes it reads again. */
function judgeTaken(opened: SignedDocument): boolean {
  const store = { record: NOTHING_PUSHED, recovery: 'blank', isWhole: true } as const;
  const { state } = openPush(SETUP, store, { atMs: 0, clock: CLOCK });
  const event = {
    kind: 'arrived',
    atMs: 1,
    clock: CLOCK,
    isRetained: false,
    document: opened,
  } as const;
  const step: PushStep = stepPush(state, event);
  const { writing } = step.state;
  if (writing === null) {
    demand(step.state.record === state.record, 'what is refused changes nothing');
    // Who sent a command is answered, too.
    const isSaid = step.effects.every(({ kind }) => kind === 'report' || kind === 'answer');
    demand(isSaid, 'what is refused is only said');
    demand(nextPushDeadline(step.state) === null, 'what is refused waits for nothing');
    return false;
  }
  const read = decodePushRecord(encodePushRecord(writing.record, 1));
  demand(read !== null, 'what is written can be read');
  const again = encodePushRecord(read.record, 1);
  demand(equalBytes(again, encodePushRecord(writing.record, 1)), 'and is what was written');
  const written = { kind: 'written', atMs: 2, clock: CLOCK, isDurable: true } as const;
  const done = stepPush(step.state, written);
  const repeated = stepPush(done.state, { ...event, atMs: 3 });
  demand(repeated.state.writing === null, 'the same one is not taken twice');
  return true;
}

function claims(random: Random): Claims {
  const kind = random.pick(Object.keys(KINDS) as Kind[]);
  const version = random.pick([1, 2, 7, Number.MAX_SAFE_INTEGER]);
  const notBeforeS = NOW_S - random.below(600);
  const target = random.pick([
    { level: 'fleet', name: 'acme' },
    { level: 'group', fleet: 'acme', name: random.pick(['south', 'north']) },
    { level: 'device', fleet: 'acme', name: 'kiosk-7' },
  ] as const);
  const expiresS = notBeforeS + 3_600;
  return { kind, target, version, notBeforeS, expiresS, body: bodyOf(random, kind, version) };
}

function bodyOf(random: Random, kind: Kind, version: number): Claims['body'] {
  switch (kind) {
    case 'policy':
      return new Map<string, Claims['body'] | string | number>([
        ['version', version],
        ['name', 'pushed'],
        ['switching', new Map([['cooldown_ms', random.below(20_000)]])],
      ]);
    case 'emergency':
      return random.chance(20)
        ? new Map()
        : new Map([['switching', new Map([['max_switches_per_minute', random.between(1, 9)]])]]);
    case 'rotation':
      return rotationBody(signingPublicKey(random.bytes(32)));
    case 'command': {
      const name = random.pick(COMMANDS);
      return commandBody({ name, link: name === 'rebind' ? 'eth0' : null }, random.bytes(16));
    }
  }
}
