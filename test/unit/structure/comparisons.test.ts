/** Goal: a secret that is compared byte by byte is noticed, however it is written, and innocent code is not. */
import { expect, test } from 'bun:test';
import { secretComparisons } from '../../structure/comparisons.ts';
import { planted } from './planted.ts';

const found = (text: string) => planted({ 'hub/a.ts': text }, secretComparisons);

test('equalities of secrets', () => {
  expect(found('if (a.secret === b.secret) x();')).toEqual([
    'hub/a.ts:1 compares secret other than by equalBytes',
  ]);
  for (const text of [
    'return given == password;',
    'return frame.token !== question.token;',
    'return record?.memoryKey === shown;',
    'return shown === record!.predecessorMemoryKey;',
    'return mac1[0] === other[0];',
    'return encodeKey(psk) === encodeKey(own.psk) || proof(x) === y;',
  ]) {
    expect([text, found(text)]).toEqual([text, [expect.stringContaining('hub/a.ts:1')]]);
  }
});

test('calls that stop at the first difference', () => {
  for (const text of [
    'return record.secret.every((byte, at) => byte === other[at]);',
    'return cookie?.equals(other);',
    'return Buffer.compare(proof, other) === 0;',
    'return Bun.deepEquals(a.psk, b.psk);',
    'return sent.includes(1) || header.password.startsWith(given);',
  ]) {
    expect([text, found(text)]).toEqual([text, [expect.stringContaining('hub/a.ts:1')]]);
  }
});

test('what says nothing about a secret', () => {
  for (const text of [
    'if (a.secret === null || b.psk !== undefined) x();',
    "if (cookie.length !== 16 || typeof password === 'string') x();",
    'return equalBytes(a.secret, b.secret);',
    'return a.publicKey === b.publicKey;',
    'const secret = a === b ? c : d;',
    '// a.secret === b.secret',
    "x('secret === secret');",
  ]) {
    expect([text, found(text)]).toEqual([text, []]);
  }
  const outside = planted({ 'test/unit/a.ts': 'x = a.secret === b.secret;' }, secretComparisons);
  expect(outside).toEqual([]);
});
