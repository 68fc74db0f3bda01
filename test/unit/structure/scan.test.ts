import { expect, test } from 'bun:test';
import { scan } from '../../structure/scan.ts';

const words = (source: string) =>
  scan(source)
    .filter((token) => token.kind === 'word')
    .map((token) => token.text);

test('comments hold no words', () => {
  expect(words('a // Date\n/* process\n * console */ b')).toEqual(['a', 'b']);
});

test('strings hold no words, whatever they quote', () => {
  expect(words(`a('Date', "it's // Date", 'don\\'t Date') + b`)).toEqual(['a', 'b']);
});

test('a template holds no words, but what it interpolates does', () => {
  expect(words('a = `Date ${b} process ${`${c} Date`} \\${Date} $Date` + d')).toEqual([
    'a',
    'b',
    'c',
    'd',
  ]);
});

test('what is interpolated stands in marks of its own, apart from the text around it', () => {
  const tokens = scan('`a ${from} to ${b}`').map(({ kind, text }) => `${kind} ${text}`);
  expect(tokens).toEqual([
    'string a ',
    'mark ${',
    'word from',
    'mark }',
    'string  to ',
    'mark ${',
    'word b',
    'mark }',
    'string ',
  ]);
});

test('braces inside an interpolation do not end it', () => {
  expect(words('`${f({ a: { b } })} Date` + c')).toEqual(['f', 'a', 'b', 'c']);
});

test('a regular expression holds no words, a division is none', () => {
  expect(words('a = /Date[/"]process/g; b = c / d / e; f(/`Date/); return /Date/')).toEqual([
    'a',
    'b',
    'c',
    'd',
    'e',
    'f',
    'return',
  ]);
});

test('lines are counted through comments, strings and templates', () => {
  const source = '/*\n\n*/ a\n`\n\n${b}\n`\nc // x\nd';
  const lines = scan(source)
    .filter((token) => token.kind === 'word')
    .map((token) => [token.text, token.line]);
  expect(lines).toEqual([
    ['a', 3],
    ['b', 6],
    ['c', 8],
    ['d', 9],
  ]);
});

test('an unclosed string or template ends with the file', () => {
  for (const source of ["a = 'never", 'a = `never', 'a = `${never', 'a = /* never', '/']) {
    expect(Array.isArray(scan(source))).toBe(true);
  }
});
