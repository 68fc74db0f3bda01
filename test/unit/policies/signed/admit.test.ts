/**
 * Goal: whether a document may be taken, in the order in which a device asks, at both sides of each limit.
 */
import { describe, expect, test } from 'bun:test';
import {
  type Asked,
  type Clock,
  floorOf,
  refusalOf,
  withFloor,
} from '../../../../policies/signed/admit.ts';
import { type Claims, type Kind, targetOfText } from '../../../../policies/signed/claims.ts';
import { NOTHING_PUSHED } from '../../../../policies/signed/record.ts';
import { claimsOf, IDENTITY, NOW, NOW_S, UNKNOWN } from './documents.ts';

const ASKED: Asked = {
  identity: IDENTITY,
  clock: NOW,
  isRetained: false,
  record: NOTHING_PUSHED,
  policyVersionMin: 1,
};

const verdict = (claims: Partial<Claims>, asked: Partial<Asked> = {}) =>
  refusalOf(claimsOf(claims), { ...ASKED, ...asked })?.refused ?? 'taken';

const at = (wallS: number): Clock => ({ wallMs: wallS * 1_000, isKnown: true });

test('a device takes what is for it, its groups and its fleet', () => {
  const targets: [string, string][] = [
    ['device:acme/kiosk-7', 'taken'],
    ['device:acme/kiosk-8', 'wrong_target'],
    ['device:acme/acme', 'wrong_target'],
    ['group:acme/south', 'taken'],
    ['group:acme/north', 'wrong_target'],
    ['group:acme/kiosk-7', 'wrong_target'],
    ['fleet:acme', 'taken'],
    ['fleet:south', 'wrong_target'],
    ['fleet:ACME', 'wrong_target'],
    // Of the same name in another fleet that the same key signs for.
    ['device:other/kiosk-7', 'wrong_target'],
    ['group:other/south', 'wrong_target'],
    ['group:south/south', 'wrong_target'],
  ];
  for (const [text, code] of targets) {
    expect([text, verdict({ target: targetOfText(text)! })]).toEqual([text, code]);
  }
});

test('the first that fails is the reason', () => {
  const wrong = {
    kind: 'command',
    target: { level: 'fleet', name: 'other' },
    expiresS: NOW_S,
    version: 1,
  } as const;
  const record = withFloor(NOTHING_PUSHED, claimsOf({ kind: 'command', version: 5 }), NOW);
  const asked = { isRetained: true, record };
  expect(verdict(wrong, asked)).toBe('wrong_target');
  const target = { level: 'fleet', name: 'acme' } as const;
  expect(verdict({ ...wrong, target }, asked)).toBe('command_retained');
  expect(verdict({ ...wrong, target }, { record })).toBe('document_expired');
  expect(verdict({ ...wrong, target, expiresS: NOW_S + 1 }, { record })).toBe('document_replayed');
  expect(verdict({ ...wrong, target, expiresS: NOW_S + 1, version: 6 }, { record })).toBe('taken');
});

test('only a command may not be retained', () => {
  const kinds: Kind[] = ['policy', 'emergency', 'rotation', 'command'];
  const codes = kinds.map((kind) => verdict({ kind }, { isRetained: true }));
  expect(codes).toEqual(['taken', 'taken', 'taken', 'command_retained']);
});

describe('with a clock', () => {
  test('from not before on, until just before it expires', () => {
    const times = [NOW_S - 301, NOW_S - 300, NOW_S + 86_399, NOW_S + 86_400];
    const codes = times.map((time) => verdict({}, { clock: at(time) }));
    expect(codes).toEqual(['document_early', 'taken', 'taken', 'document_expired']);
  });
});

describe('without a clock', () => {
  const asked = { clock: UNKNOWN };

  test('policies and emergencies are taken, commands and rotations wait', () => {
    const kinds: Kind[] = ['policy', 'emergency', 'rotation', 'command'];
    const codes = kinds.map((kind) => verdict({ kind }, asked));
    expect(codes).toEqual(['taken', 'taken', 'clock_unknown', 'clock_unknown']);
  });

  test('what expired before a document that was taken began is refused', () => {
    const later = claimsOf({ notBeforeS: NOW_S + 86_400, expiresS: NOW_S + 90_000 });
    const record = { ...withFloor(NOTHING_PUSHED, later, UNKNOWN), floors: [] };
    expect(verdict({}, { ...asked, record })).toBe('document_expired');
    expect(verdict({ expiresS: NOW_S + 86_401 }, { ...asked, record })).toBe('taken');
  });

  test('a clock that is behind that is none, one that is not behind it is one', () => {
    const expired = { notBeforeS: NOW_S - 900_000, expiresS: NOW_S - 300_000 };
    const record = { ...NOTHING_PUSHED, sinceS: NOW_S };
    const clocks = [NOW_S - 600_000, NOW_S - 1, NOW_S].map(at);
    const codes = (claims: Partial<Claims>) =>
      clocks.map((clock) => verdict(claims, { clock, record }));
    expect(codes({ kind: 'rotation', ...expired })).toEqual(Array(3).fill('document_expired'));
    expect(codes({ kind: 'rotation' })).toEqual(['clock_unknown', 'clock_unknown', 'taken']);
    expect(codes({})).toEqual(['taken', 'taken', 'taken']);
  });

  const YEAR_S = 366 * 86_400;
  const since = (notBeforeS: number, clock = UNKNOWN, sinceS = 0) =>
    withFloor({ ...NOTHING_PUSHED, sinceS }, claimsOf({ notBeforeS }), clock).sinceS;

  test('one document teaches a device no more than a year', () => {
    const format = Date.UTC(2026, 10, 1) / 1_000;
    expect(since(format + YEAR_S)).toBe(format + YEAR_S);
    expect(since(format + 100 * YEAR_S)).toBe(format + YEAR_S);
    expect(since(NOW_S + 100 * YEAR_S, UNKNOWN, NOW_S)).toBe(NOW_S + YEAR_S);
    expect(since(NOW_S - 1, UNKNOWN, NOW_S)).toBe(NOW_S);
    // One that knows the time refuses what is early, and is told nothing wrong by what is not.
    expect(since(NOW_S + 100 * YEAR_S, at(NOW_S + 100 * YEAR_S))).toBe(NOW_S + 100 * YEAR_S);
    // A clock that is behind is none.
    expect(since(NOW_S + 100 * YEAR_S, at(NOW_S - 1), NOW_S)).toBe(NOW_S + YEAR_S);
  });

  test('after a wrong year a policy that expires later than that is taken', () => {
    const record = withFloor(
      { ...NOTHING_PUSHED, sinceS: NOW_S },
      claimsOf({ kind: 'emergency', notBeforeS: NOW_S + 100 * YEAR_S }),
      UNKNOWN,
    );
    expect([record.sinceS, record.emergencySinceS]).toEqual(Array(2).fill(NOW_S + YEAR_S));
    for (const clock of [UNKNOWN, NOW]) {
      expect(verdict({}, { clock, record })).toBe('document_expired');
      const later = { notBeforeS: NOW_S + 86_400, expiresS: NOW_S + 86_400 + YEAR_S };
      expect(verdict(later, { clock, record })).toBe('taken');
    }
    expect(verdict({}, { clock: at(NOW_S + YEAR_S - 1), record })).toBe('document_expired');
    const next = { notBeforeS: NOW_S + YEAR_S, expiresS: NOW_S + YEAR_S + 60 };
    expect(verdict({ kind: 'rotation', ...next }, { clock: at(NOW_S + YEAR_S), record })).toBe(
      'taken',
    );
  });
});

describe('versions', () => {
  const taken = withFloor(NOTHING_PUSHED, claimsOf({ version: 7 }), NOW);

  test('only grow, for each kind and target by itself', () => {
    const record = taken;
    const codes = [6, 7, 8].map((version) => verdict({ version }, { record }));
    expect(codes).toEqual(['document_replayed', 'document_replayed', 'taken']);
    const target = { level: 'group', fleet: 'acme', name: 'south' } as const;
    expect(verdict({ version: 2, target }, { record })).toBe('taken');
    expect(verdict({ version: 1, kind: 'emergency' }, { record })).toBe('taken');
  });

  test('a floor is kept once for each kind and target', () => {
    const higher = withFloor(taken, claimsOf({ version: 9 }), NOW);
    expect(higher.floors).toHaveLength(1);
    expect(floorOf(higher, 'policy', claimsOf().target)).toBe(9);
    expect(floorOf(higher, 'command', claimsOf().target)).toBe(0);
  });

  test('of policies are above what was in force; the others have their own', () => {
    const asked = { policyVersionMin: 7 };
    expect([7, 8].map((version) => verdict({ version }, asked))).toEqual([
      'document_older',
      'taken',
    ]);
    expect(verdict({ version: 1, kind: 'emergency' }, asked)).toBe('taken');
  });

  test('of emergencies are of one target each: none of another one begins before the newest', () => {
    const of = (target: string, version: number, notBeforeS: number) =>
      ({ kind: 'emergency', target: targetOfText(target)!, version, notBeforeS }) as const;
    const record = withFloor(NOTHING_PUSHED, claimsOf(of('group:acme/south', 8, NOW_S - 60)), NOW);
    expect(record.emergencySinceS).toBe(NOW_S - 60);
    const codes = [NOW_S - 61, NOW_S - 60].map((notBeforeS) =>
      verdict(of('fleet:acme', 2, notBeforeS), { record }),
    );
    expect(codes).toEqual(['document_older', 'taken']);
    // Other kinds have no part in that, on either side.
    expect(verdict({ notBeforeS: NOW_S - 61 }, { record })).toBe('taken');
    const policy = withFloor(NOTHING_PUSHED, claimsOf({ notBeforeS: NOW_S - 60 }), NOW);
    expect(verdict(of('fleet:acme', 2, NOW_S - 61), { record: policy })).toBe('taken');
  });
});
