/**
 * A document that arrived: refused with a reason, or written down. What it does begins when it is durable (`staging.ts`).
 *
 * @module
 */
import { refusalOf, withFloor, withRoom } from './admit.ts';
import { isRetired, withSigner, withSuccessor } from './anchors.ts';
import {
  type Command,
  commandOf,
  type Overrides,
  overridesOf,
  policyOf,
  successorOf,
} from './body.ts';
import type { SignedDocument } from './open.ts';
import { underEmergency } from './overlay.ts';
import { FLOORS_MAX, type PushRecord } from './record.ts';
import { isRefused, type RefusalCode, type Refused, refuse } from './refusal.ts';
import {
  ANSWERS_MAX,
  type Purpose,
  type PushEffect,
  type PushEvent,
  type PushState,
  type PushStep,
  type ReportDetail,
} from './state.ts';

/** What is to be written, and for what. */
interface Taken {
  readonly record: PushRecord;
  readonly purpose: Purpose;
}

/**
 * Takes a document or refuses it. Taken, nothing holds yet but the `write`; refused, the state is as it was. A command that comes again
 * is answered as the first time, once that is over.
 */
export function onArrived(state: PushState, event: PushEvent & { kind: 'arrived' }): PushStep {
  const { document } = event;
  const taken = take(state, event);
  if (!isRefused(taken)) return begin(state, taken);
  const known = taken.refused === 'document_replayed' ? answerOf(state, document) : null;
  if (known !== null) return { state, effects: known };
  const { kind, version } = document;
  const detail = { kind, version, why: taken.detail };
  const answer = taken.refused === 'wrong_topic' ? [] : refusalAnswer(document, taken.refused);
  return { state, effects: [reportOf(taken.refused, detail), ...answer] };
}

/** Refusals whose reason may pass while the device runs. */
const PASSING: readonly RefusalCode[] = [
  'push_busy',
  'document_early',
  'document_expired', // a clock that was ahead
];

/** What would become of a document that arrived at this moment: null, it is taken; `passes`: it may be taken later. */
export function outlookOf(
  state: PushState,
  event: PushEvent & { kind: 'arrived' },
): { readonly refused: RefusalCode; readonly passes: boolean } | null {
  const taken = take(state, event);
  if (!isRefused(taken)) return null;
  const { refused } = taken;
  const { document } = event;
  // Of what is right by itself the policy or the emergency beside it was in the way.
  const isBroken =
    refused !== 'document_invalid' ||
    isRefused(document.kind === 'policy' ? policyOf(document) : overridesOf(document));
  return { refused, passes: !isBroken || PASSING.includes(refused) };
}

/** Whoever sent a command waits; of one that says no id nobody can be told. */
export function refusalAnswer(document: SignedDocument, outcome: RefusalCode): PushEffect[] {
  if (document.kind !== 'command') return [];
  const asked = commandOf(document);
  if (isRefused(asked)) return [];
  const { id, name } = asked.command;
  return [{ kind: 'answer', id, name, outcome }];
}

function take(state: PushState, event: PushEvent & { kind: 'arrived' }): Taken | Refused {
  const { setup, record, confirmed } = state;
  const { document, clock, isRetained, place = null } = event;
  const { identity } = setup;
  const policyVersionMin = Math.max(setup.policyVersionMin, confirmed.version);
  // It may have been retired since the signature was judged.
  if (isRetired(record.rotated, document.signer)) {
    return refuse('signer_unknown', `key id ${document.signer}`);
  }
  const asked = { identity, clock, isRetained, place, record, policyVersionMin };
  const refused = refusalOf(document, asked);
  if (refused !== null) return refused;
  const purpose = purposeOf(state, document);
  if (isRefused(purpose)) return purpose;
  if (state.writing !== null) return refuse('push_busy', 'another one is being written');
  if (purpose.kind === 'stage' && state.trial !== null) {
    return refuse('push_busy', `version ${state.trial.document.version} is on trial`);
  }
  const floored = withRoom(withFloor(record, document, clock), identity, FLOORS_MAX);
  const next = recordOf(floored, purpose, document, setup.signers);
  if (isRefused(next)) return next;
  return next.floors.length > FLOORS_MAX
    ? refuse('push_full', `${FLOORS_MAX} kinds and targets`)
    : { record: next, purpose };
}

/** What the document says, judged by its kind and beside what holds now. */
function purposeOf(state: PushState, document: SignedDocument): Purpose | Refused {
  switch (document.kind) {
    case 'policy': {
      const loaded = policyOf(document);
      if (isRefused(loaded)) return loaded;
      const { policy } = loaded;
      const { emergency } = state;
      const broken = emergency === null ? null : brokenBy(policy, emergency.overrides);
      return broken ?? { kind: 'stage', document, policy };
    }
    case 'emergency': {
      const checked = overridesOf(document);
      if (isRefused(checked)) return checked;
      const { overrides } = checked;
      if (isEmpty(overrides)) return { kind: 'emergency', document, overrides: null };
      // A policy on trial that does not fit has to go: nobody confirmed it, and an emergency cannot wait.
      return brokenBy(state.confirmed, overrides) ?? { kind: 'emergency', document, overrides };
    }
    case 'rotation': {
      const named = successorOf(document);
      return isRefused(named) ? named : { kind: 'rotation', document };
    }
    case 'command': {
      const asked = commandOf(document);
      if (isRefused(asked)) return asked;
      const { command } = asked;
      // An id stands for one command, whatever its document's version.
      const isKnown = state.answers.some(({ id }) => id === command.id);
      if (isKnown) return refuse('document_replayed', 'a command of that id was taken');
      const waiting = state.answers.filter(({ outcome }) => outcome === null).length;
      // The oldest would be forgotten, and nobody told what came of it.
      return waiting >= ANSWERS_MAX
        ? refuse('push_busy', `${waiting} commands wait`)
        : { kind: 'command', document, command };
    }
  }
}

/** What `policy` and the values of an emergency break together, the first of it as `document_invalid`; null: nothing. */
export function brokenBy(policy: PushState['confirmed'], overrides: Overrides): Refused | null {
  const together = underEmergency(policy, overrides);
  if ('policy' in together) return null;
  const [first] = together.problems;
  return refuse('document_invalid', `${first?.path}: ${first?.wrong}`);
}

/** `record` behind this document; whoever signed it has shown itself. */
function recordOf(
  record: PushRecord,
  purpose: Purpose,
  document: SignedDocument,
  signers: readonly Uint8Array[],
): PushRecord | Refused {
  const { bytes, signer } = document;
  const rotated = withSigner(record.rotated, signer);
  switch (purpose.kind) {
    case 'stage':
      return { ...record, rotated, pending: bytes };
    case 'emergency':
      return {
        ...{ ...record, rotated, isEmergencyOver: false },
        emergency: purpose.overrides === null ? null : bytes,
      };
    case 'rotation': {
      const named = successorOf(document);
      if (isRefused(named)) return named;
      const next = withSuccessor(rotated, signers, signer, named.publicKey);
      return next === null
        ? refuse('push_full', 'no room for that key, or it was retired or named before')
        : { ...record, rotated: next };
    }
    default:
      return { ...record, rotated };
  }
}

function begin(state: PushState, { record, purpose }: Taken): PushStep {
  const answers =
    purpose.kind === 'command'
      ? [...state.answers, begun(purpose.command)].slice(-ANSWERS_MAX)
      : state.answers;
  return {
    state: { ...state, answers, writing: { record, purpose } },
    effects: [{ kind: 'write', record }],
  };
}

const begun = ({ id, name }: Command) => ({ id, name, outcome: null });

/** A command that came twice is answered twice and carried out once; null if this is none of those. */
function answerOf(state: PushState, document: SignedDocument): PushEffect[] | null {
  if (document.kind !== 'command') return null;
  const asked = commandOf(document);
  if (isRefused(asked)) return null;
  const { command } = asked;
  const known = state.answers.find((one) => one.id === command.id && one.name === command.name);
  if (known === undefined) return null;
  const { id, name, outcome } = known;
  return outcome === null ? [] : [{ kind: 'answer', id, name, outcome }];
}

const isEmpty = (overrides: Overrides) =>
  Object.values(overrides).every((section) =>
    Object.values(section).every((value) => value === null),
  );

/** The effect that audits, counts and publishes `code`. */
export const reportOf = (
  code: (PushEffect & { kind: 'report' })['code'],
  detail: ReportDetail,
): PushEffect => ({ kind: 'report', code, detail });
