import { describe, expect, test } from 'bun:test';
import { checkDocument } from '../../../policies/document.ts';
import { camelCase, type Fields } from '../../../policies/field.ts';
import { NAME } from '../../../policies/format.ts';
import { formatProblems } from '../../../policies/problem.ts';
import { Seeded } from '../session/channel/seeded.ts';

const FIELDS = {
  count: { kind: 'integer', meaning: 'c', unit: 'ms', default: 5, min: 1, max: 10 },
  share: { kind: 'number', meaning: 's', unit: 'percent', default: null, min: 0, max: 100 },
  word: { kind: 'text', meaning: 'w', default: 'red', words: ['red', 'green'] },
  label_text: { kind: 'text', meaning: 'l', format: NAME },
  list: { kind: 'texts', meaning: 'l', default: [], countMin: 0, countMax: 2, format: NAME },
  flag: { kind: 'boolean', meaning: 'f', default: false },
  until: { kind: 'instant', meaning: 'u', default: null },
  inner: {
    kind: 'table',
    meaning: 'i',
    fields: { deep_ms: { kind: 'integer', meaning: 'd', unit: 'ms', default: 1, min: 0, max: 9 } },
  },
  per: {
    kind: 'tables',
    meaning: 'p',
    key: 'name',
    keyFormat: NAME,
    countMin: 0,
    countMax: 2,
    default: { base: { rank: 7 } },
    entry: { rank: { kind: 'integer', meaning: 'r', unit: '', default: null, min: 0, max: 9 } },
  },
} as const satisfies Fields;

const LABEL = { label_text: 'x' };

function problemsOf(document: unknown) {
  const checked = checkDocument(document, FIELDS);
  return checked.ok ? [] : checked.problems;
}

test('what is left out gets its default, in camel case', () => {
  expect(checkDocument(LABEL, FIELDS)).toEqual({
    ok: true,
    value: {
      count: 5,
      share: null,
      word: 'red',
      labelText: 'x',
      list: [],
      flag: false,
      until: null,
      inner: { deepMs: 1 },
      per: { base: { rank: 7 } },
    },
  });
  expect(camelCase('max_age_ms')).toBe('maxAgeMs');
});

test('what is written wins, and entries with defaults are overlaid field by field', () => {
  const checked = checkDocument(
    { ...LABEL, count: 10, per: { base: {}, own: { rank: 1 } } },
    FIELDS,
  );
  expect(checked).toMatchObject({
    value: { count: 10, per: { base: { rank: 7 }, own: { rank: 1 } } },
  });
});

test('all problems are found in one pass, each with path, reason and what is allowed', () => {
  const document = { count: 11, wird: 'red', word: 'gren', inner: { deep_ms: '1' }, per: { a: 3 } };
  expect(formatProblems('x.toml', problemsOf(document))).toMatchInlineSnapshot(`
    "x.toml: wird: unknown key; did you mean "word"?
        allowed: only count, share, word, label_text, list, flag, until, inner, per
    x.toml: count: 11 is above 10
        allowed: an integer from 1 to 10 ms
    x.toml: word: "gren"; did you mean "green"?
        allowed: one of "red", "green"
    x.toml: label_text: missing
        allowed: a name of at most 64 letters, digits, "_", "." and "-"
    x.toml: inner.deep_ms: text is of the wrong type
        allowed: an integer from 0 to 9 ms
    x.toml: per.a: the number 3 instead of a table
        allowed: a table with rank
    6 problems in x.toml"
  `);
});

describe('each kind refuses', () => {
  const cases: [string, unknown, string][] = [
    ['below the minimum', { count: 0 }, '0 is below 1'],
    ['above the maximum', { count: 11 }, '11 is above 10'],
    ['a fraction of an integer', { count: 1.5 }, '1.5 is not an integer'],
    ['NaN', { count: Number.NaN }, 'not a number'],
    ['NaN as a number', { share: Number.NaN }, 'not a number'],
    ['infinity', { share: Number.POSITIVE_INFINITY }, 'Infinity is above 100'],
    ['minus infinity', { count: Number.NEGATIVE_INFINITY }, '-Infinity is below 1'],
    ['an integer of 64 bits', { count: 5n }, 'an integer of 64 bits is of the wrong type'],
    ['text for a number', { count: '5' }, 'text is of the wrong type'],
    ['null without a null default', { count: null }, 'nothing (null) is of the wrong type'],
    ['a list for a word', { word: ['red'] }, 'a list is of the wrong type'],
    ['another word', { word: 'blue' }, '"blue"'],
    ['a text out of shape', { label_text: 'a b' }, '"a b"'],
    ['a number for a flag', { flag: 1 }, 'the number 1 is of the wrong type'],
    ['a text for a list', { list: 'a' }, 'text is of the wrong type'],
    ['a list that is too long', { list: ['a', 'b', 'c'] }, 'a list of 3'],
    ['an entry twice', { list: ['a', 'a'] }, '"a" is there twice'],
    ['an entry out of shape', { list: ['a', 'b c'] }, '"b c"'],
    ['an entry of another type', { list: [1] }, 'the number 1'],
    ['no point in time', { until: 'tomorrow' }, '"tomorrow"'],
    ['a number for a time', { until: 5 }, 'the number 5 is of the wrong type'],
    ['a value for a table', { inner: 5 }, 'the number 5 instead of a table'],
    ['a list for tables', { per: [] }, 'a list is of the wrong type'],
    ['too many tables', { per: { a: {}, b: {}, c: {} } }, '3 of them'],
    ['a key out of shape', { per: { 'a b': {} } }, '"a b" is no name'],
    ['a Map for a table', { inner: new Map() }, 'a value of another kind instead of a table'],
  ];
  test.each(cases)('%s', (_, document, wrong) => {
    const problems = problemsOf({ ...LABEL, ...(document as object) });
    expect(problems.map((found) => found.wrong)).toEqual([wrong]);
    expect(problems[0]?.path).not.toBe('');
  });
});

test('both ends of a range are inside it', () => {
  for (const count of [1, 10]) expect(problemsOf({ ...LABEL, count })).toEqual([]);
});

test('a field without a default must be written', () => {
  expect(problemsOf({})).toMatchObject([{ path: 'label_text', wrong: 'missing' }]);
});

test('an unknown key gets the nearest known one, wherever in the tree its name belongs', () => {
  expect(problemsOf({ ...LABEL, cuont: 1 })).toMatchObject([{ path: 'cuont', nearest: 'count' }]);
  expect(problemsOf({ ...LABEL, deep_ms: 1 })).toMatchObject([{ nearest: 'inner.deep_ms' }]);
  expect(problemsOf({ ...LABEL, inner: { flag: true } })).toMatchObject([
    { path: 'inner.flag', wrong: 'unknown key', nearest: 'flag' },
  ]);
});

test('a TOML date-time is a point in time', () => {
  const document = Bun.TOML.parse('label_text = "x"\nuntil = 2026-12-24T18:00:00Z');
  expect(checkDocument(document, FIELDS)).toMatchObject({
    value: { until: '2026-12-24T18:00:00Z' },
  });
});

test('names that objects inherit are unknown keys like any other, and set nothing', () => {
  const document = Bun.TOML.parse('label_text = "x"\n__proto__ = 1\nconstructor = 2\ntoString = 3');
  expect(problemsOf(document).map(({ path }) => path)).toEqual([
    '__proto__',
    'constructor',
    'toString',
  ]);
  const nested = Bun.TOML.parse(
    'label_text = "x"\n[per.constructor]\nrank = 1\n[per.__proto__]\nrank = 2',
  );
  expect(problemsOf(nested)).toMatchObject([{ path: 'per.__proto__' }]);
  expect(({} as Record<string, unknown>)['rank']).toBe(undefined);
});

test('a document with ten thousand unknown keys yields a bounded list', () => {
  const document = Object.fromEntries(
    Array.from({ length: 10_000 }, (_, index) => [`k${index}`, 1]),
  );
  expect(problemsOf(document).length).toBe(200);
});

/**
 * Goal: nothing that a parser can produce makes the check throw, and what it accepts is in range.
 * Method: seeded trees of plain and odd values under known and unknown keys.
 */
test('any document is answered, never thrown at', () => {
  const random = new Seeded(7);
  const keys = [
    ...Object.keys(FIELDS),
    'deep_ms',
    'rank',
    'base',
    '',
    '__proto__',
    'ключ',
    'x'.repeat(5_000),
  ];
  let acceptedCount = 0;
  for (let round = 0; round < 5_000; round++) {
    const document = anything(random, keys, 4);
    const checked = checkDocument(document, FIELDS);
    if (checked.ok) {
      acceptedCount++;
      expect(checked.value.count).toBeWithin(1, 11);
    } else {
      expect(checked.problems.length).toBeGreaterThan(0);
      expect(formatProblems('f', checked.problems).length).toBeLessThan(100_000);
    }
  }
  for (const odd of [
    undefined,
    null,
    0,
    '',
    [],
    new Date(0),
    new Map(),
    new Uint8Array(2),
    Symbol('s'),
    () => 1,
  ]) {
    expect(checkDocument(odd, FIELDS).ok).toBe(false);
  }
  expect(acceptedCount).toBeGreaterThan(0);
});

test('a cyclic document ends', () => {
  const document: Record<string, unknown> = { ...LABEL };
  document['inner'] = document;
  document['per'] = { a: document };
  expect(problemsOf(document).length).toBeGreaterThan(0);
});

function anything(random: Seeded, keys: readonly string[], depth: number): unknown {
  const values = [
    0,
    1,
    5,
    -1,
    1.5,
    1e300,
    Number.NaN,
    5n,
    '',
    'red',
    'x',
    'a b',
    '\u0000',
    true,
    null,
    undefined,
    new Date(Number.NaN),
    new Map(),
    new Set(),
    new Uint8Array(3),
    Symbol('s'),
  ];
  const shape = depth === 4 ? 9 : random.below(12);
  if (depth === 0 || shape < 7) return values[random.below(values.length)];
  if (shape < 9)
    return Array.from({ length: random.below(4) }, () => anything(random, keys, depth - 1));
  const table: Record<string, unknown> = random.below(2) === 0 ? {} : Object.create(null);
  if (random.below(2) === 0) table['label_text'] = 'x';
  for (let count = random.below(4); count > 0; count--) {
    const key = keys[random.below(keys.length)]!;
    Object.defineProperty(table, key, {
      value: anything(random, keys, depth - 1),
      enumerable: true,
      configurable: true,
    });
  }
  return table;
}
