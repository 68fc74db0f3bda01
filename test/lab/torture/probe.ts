/**
 * Whom a device trusts, asked from outside: of a document for somebody else it says whose it is not, if it believes who signed it, and
 * else that it does not know the signer. Nothing is written for either.
 *
 * @module
 */
import type { Device } from './device.ts';
import { STRANGER } from './keys.ts';
import { BEGAN_S, claimsOf, sign, THEIRS } from './operator.ts';
import { type Trust, trustedOf } from './trust.ts';

/** Of the keys that have gone the newest are asked about: one that counts again would be one of them. */
const GONE_MAX = 3;

const questions = new Map<number, Uint8Array>();

function questionOf(key: number): Uint8Array {
  const known = questions.get(key);
  if (known !== undefined) return known;
  const order = { kind: 'policy', version: 1, target: THEIRS[0]!, table: {} } as const;
  const question = sign(claimsOf(order, BEGAN_S), key);
  questions.set(key, question);
  return question;
}

/** Null: it says nothing at all. */
async function isTrusted(device: Device, key: number): Promise<boolean | null> {
  const count = () =>
    (['wrong_target', 'signer_unknown'] as const).map(
      (code) => device.push.reported().counters[code] ?? 0,
    );
  const before = count();
  await device.take({ bytes: questionOf(key), isRetained: true, place: null, rotatedBy: null });
  const [target, signer] = count().map((now, at) => now > before[at]!);
  return target === signer ? null : target === true;
}

/** Which one of `may` it is, or what is wrong with whom it trusts, as a sentence. */
export async function trustOf(device: Device, may: readonly Trust[]): Promise<Trust | string> {
  const gone = may.flatMap((trust) => trust.gone.slice(-GONE_MAX));
  const asked = new Set([...may.flatMap(trustedOf), ...gone, STRANGER]);
  const found: number[] = [];
  for (const key of asked) {
    const answer = await isTrusted(device, key);
    if (answer === null) return 'says nothing of a document for somebody else';
    if (answer) found.push(key);
  }
  const isFound = (trust: Trust) =>
    trustedOf(trust).length === found.length &&
    trustedOf(trust).every((key) => found.includes(key));
  const words = (keys: readonly number[]) =>
    keys.length === 0 ? 'nobody' : keys.toSorted((a, b) => a - b).join(', ');
  const should = new Set(may.map((trust) => words(trustedOf(trust))));
  return (
    may.find(isFound) ?? `trusts ${words(found)}, and should trust ${[...should].join(' or ')}`
  );
}
