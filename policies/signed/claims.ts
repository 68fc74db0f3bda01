/**
 * What a document says, as its payload: one CBOR map with integer keys, in the one encoding of `cbor.ts`.
 *
 * | key | claim | |
 * | --- | --- | --- |
 * | 1 | format | 1 |
 * | 2 | kind | 1 policy, 2 emergency, 3 rotation, 4 command |
 * | 3 | target | array: 1 device, 2 group or 3 fleet; the fleet’s name; of a device or group its own |
 * | 4 | version | 1…2^53 − 1; grows with each document of one kind for one target |
 * | 5 | not before | seconds since 1970, UTC |
 * | 6 | expires | seconds since 1970, UTC; behind `not before` by at most what the kind allows |
 * | 7 | body | map, by kind: `body.ts` |
 *
 * Keys below {@link IGNORABLE_FROM} are critical: one that is not known refuses the document. Others are what a newer release
 * added for those who know it.
 *
 * @module
 */
import { type Cbor, type CborMap, decodeCbor, encodeCbor } from './cbor.ts';
import { type Refused, refuse } from './refusal.ts';

const FORMAT = 1;
const KEY = {
  format: 1,
  kind: 2,
  target: 3,
  version: 4,
  notBefore: 5,
  expires: 6,
  body: 7,
} as const;
export const IGNORABLE_FROM = 64;

/** Written out: the order of this list means nothing. */
export const KINDS = { policy: 1, emergency: 2, rotation: 3, command: 4 } as const;
export type Kind = keyof typeof KINDS;
export const LEVELS = { device: 1, group: 2, fleet: 3 } as const;
export type Level = keyof typeof LEVELS;

const DAY_S = 86_400;
/** How long each kind may be on its way, or hold (chosen). */
export const LIFETIME_MAX_S: Readonly<Record<Kind, number>> = {
  policy: 366 * DAY_S,
  emergency: 7 * DAY_S,
  rotation: 366 * DAY_S,
  command: DAY_S,
};

/** How far ahead `not before` may be when a document is signed (chosen): a wrong year is noticed before any device sees it. */
export const NOT_BEFORE_AHEAD_MAX_S = 31 * DAY_S;

/**
 * Whom a document is for. Devices and groups have their names in a fleet: one signing key may serve several, in each of which there is
 * a `south`. Each name is one level of a topic: 1…64 letters, digits, `_`, `.` and `-`.
 */
export type Target =
  | { readonly level: 'fleet'; readonly name: string }
  | { readonly level: 'device' | 'group'; readonly fleet: string; readonly name: string };

export interface Claims {
  readonly kind: Kind;
  readonly target: Target;
  /** 1…2^53 − 1. */
  readonly version: number;
  /** Seconds since 1970; the document means nothing before and, but for a confirmed policy, nothing from `expiresS` on. */
  readonly notBeforeS: number;
  readonly expiresS: number;
  readonly body: CborMap;
}

/** A name as topics have them (`agent/topics.ts`). */
const NAME = /^[A-Za-z0-9_.-]{1,64}$/;

export function isTargetName(text: string): boolean {
  return NAME.test(text);
}

/** A target as a person writes it. */
export function targetText(target: Target): string {
  const { level, name } = target;
  return target.level === 'fleet' ? `fleet:${name}` : `${level}:${target.fleet}/${name}`;
}

/** Null for a text that {@link targetText} never gives. */
export function targetOfText(text: string): Target | null {
  const [, level = '', names = ''] = /^([a-z]+):(.*)$/.exec(text) ?? [];
  const levelNumber = Object.hasOwn(LEVELS, level) ? LEVELS[level as Level] : null;
  return readTarget([levelNumber, ...names.split('/')]);
}

export const encodeTarget = (target: Target): readonly Cbor[] =>
  target.level === 'fleet'
    ? [LEVELS.fleet, target.name]
    : [LEVELS[target.level], target.fleet, target.name];

/** Null for what {@link encodeTarget} never makes. */
export function readTarget(value: unknown): Target | null {
  if (!Array.isArray(value)) return null;
  const [levelNumber, ...names]: unknown[] = value;
  const [first, second] = names.filter((name) => typeof name === 'string' && isTargetName(name));
  const level = nameOf(LEVELS, levelNumber);
  if (level === null || typeof first !== 'string') return null;
  if (level === 'fleet') return names.length === 1 ? { level, name: first } : null;
  return names.length === 2 && typeof second === 'string'
    ? { level, fleet: first, name: second }
    : null;
}

export const isSameTarget = (one: Target, other: Target) => targetText(one) === targetText(other);

/** The payload. Its claims are the caller's to have right. */
export function encodeClaims(claims: Claims): Uint8Array {
  const { kind, target, version, notBeforeS, expiresS, body } = claims;
  return encodeCbor(
    new Map<number, Cbor>([
      [KEY.format, FORMAT],
      [KEY.kind, KINDS[kind]],
      [KEY.target, encodeTarget(target)],
      [KEY.version, version],
      [KEY.notBefore, notBeforeS],
      [KEY.expires, expiresS],
      [KEY.body, body],
    ]),
  );
}

/** Takes any bytes and never throws. The body is a map; what is in it is judged later. */
export function decodeClaims(payload: Uint8Array): Claims | Refused {
  const map = decodeCbor(payload);
  if (!(map instanceof Map)) return malformed('the payload is no map in canonical form');
  const claims: CborMap = map;
  const unknown = [...claims.keys()].find((key) => !isKnown(key));
  if (unknown !== undefined) return malformed('a claim that is not known and may not be ignored');
  if (claims.get(KEY.format) !== FORMAT) return malformed('a format that is not known');

  const kind = nameOf(KINDS, claims.get(KEY.kind));
  if (kind === null) return malformed('a kind that is not known');
  const target = readTarget(claims.get(KEY.target));
  if (target === null) return malformed('the target is none');
  const version = claims.get(KEY.version);
  const notBeforeS = claims.get(KEY.notBefore);
  const expiresS = claims.get(KEY.expires);
  const body = claims.get(KEY.body);
  if (!isCount(version) || version < 1) return malformed('the version is no positive integer');
  if (!isCount(notBeforeS) || !isCount(expiresS)) return malformed('a time is no positive integer');
  if (expiresS <= notBeforeS) return malformed('it expires before it begins');
  if (expiresS - notBeforeS > LIFETIME_MAX_S[kind]) {
    return malformed(`a document of this kind may last ${LIFETIME_MAX_S[kind]} s`);
  }
  if (!(body instanceof Map)) return malformed('the body is no map');
  return { kind, target, version, notBeforeS, expiresS, body };
}

const KNOWN: readonly unknown[] = Object.values(KEY);
const isKnown = (key: number | string) =>
  KNOWN.includes(key) || (typeof key === 'number' && key >= IGNORABLE_FROM);

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0;

function nameOf<Names extends Readonly<Record<string, number>>>(
  names: Names,
  value: unknown,
): (keyof Names & string) | null {
  return Object.keys(names).find((name) => names[name] === value) ?? null;
}

const malformed = (detail: string) => refuse('document_malformed', detail);
