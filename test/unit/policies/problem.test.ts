/** Goal: what looks like a key or a password is in no message, and what a person needs to read still is. */
import { expect, test } from 'bun:test';
import { PATH } from '../../../policies/format.ts';
import { hidden, joinPath, problem, quoted } from '../../../policies/problem.ts';

const KEY = 'YAnKb1mJYx5Xg8p4cPq3ZkVw2oTq0dUeF7rL9sH+aE8=';

test('keys in every spelling are hidden, whole, cut and inside of something', () => {
  const raw = Buffer.from(KEY, 'base64');
  const spellings = [
    KEY,
    raw.toString('base64url'),
    raw.toString('hex'),
    `${KEY}A`,
    KEY.slice(0, 41),
  ];
  for (const spelling of spellings) {
    for (const text of [
      spelling,
      `key=${spelling}`,
      `0123456789 0123456789 ${spelling} ${spelling}`,
    ]) {
      for (const shown of [
        hidden(text),
        quoted(text),
        problem('a', text).wrong,
        problem(text, 'b').path,
      ]) {
        expect([text, shown.includes(spelling.slice(0, 10))]).toEqual([text, false]);
      }
    }
  }
  expect(quoted(KEY)).toBe('"(44 characters like a key)"');
  expect(problem(joinPath('links', raw.toString('hex')), 'x').path).toBe(
    'links.(64 characters like a key)',
  );
});

test('the password of a URL is hidden', () => {
  expect(hidden('mqtt://gw:horse@broker:1883 is no mqtts://')).toBe(
    'mqtt://…@broker:1883 is no mqtts://',
  );
  expect(quoted('ftp://gw@host/path@x')).toBe('"ftp://…@host/path@x"');
});

test('paths, words and session ids stay', () => {
  for (const text of [
    '/var/lib/jvpn/a-folder-with-quite-a-long-name/slot0',
    'max_switches_per_minute_and_something_else_behind_it',
    '00112233445566778899aabbccddeeff',
    'mqtts://broker.example:8883',
    '[2001:db8::1]:51820',
  ]) {
    expect(hidden(text)).toBe(text);
  }
});

test('a key is no path', () => {
  expect(PATH.accepts('/etc/jvpn/private.key')).toBe(true);
  expect(PATH.accepts(KEY)).toBe(false);
  expect(PATH.accepts(Buffer.from(KEY, 'base64').toString('hex'))).toBe(false);
  expect(PATH.accepts(`./${KEY}`)).toBe(true);
});

test('nothing that is quoted can be a command to a terminal or turn the line around', () => {
  const hostile = ['\u001b[2J', '\u009b2J', '\u007f', '\u202etxt', '\u2066', '\u2028', '\ufeff'];
  for (const text of hostile) {
    for (const shown of [quoted(text), joinPath('links', text)]) {
      expect([shown, /^[\x20-\x7e]*$/.test(shown)]).toEqual([shown, true]);
    }
  }
  expect(quoted('Zürich “7”')).toBe('"Zürich “7”"');
  expect(quoted('a\u009bb')).toBe('"a\\u009bb"');
});
