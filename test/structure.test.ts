/**
 * Goal: the shape of this project stays what docs/architecture.md says.
 *
 * Method: each rule reads the tree and returns what breaks it; here every rule is held against the real tree. That
 * each rule notices its own breach is tested in `test/unit/structure/`.
 */
import { expect, test } from 'bun:test';
import { resolve } from 'node:path';
import { secretComparisons } from './structure/comparisons.ts';
import { importDirection, oneLibc, packagesUsed, purity } from './structure/direction.ts';
import {
  foldersMadeOnLoading,
  leftovers,
  lengths,
  names,
  silencedTests,
  testHomes,
  topLevel,
} from './structure/layout.ts';
import { loadedBy } from './structure/loaded.ts';
import {
  exactVersions,
  lockfiles,
  manifestOf,
  reasons,
  scriptsExplain,
} from './structure/manifest.ts';
import { readTree } from './structure/tree.ts';

const tree = readTree(resolve(import.meta.dir, '..'));

test('there is a tree to look at', () => {
  const paths = tree.files.map((file) => file.path);
  expect(paths).toContain('session/transitions.ts');
  expect(paths).toContain('test/structure.test.ts');
});

test('hal knows no process, agent and hub do not know each other, nobody imports tests', () => {
  expect(importDirection(tree)).toEqual([]);
});

test('session and policies are pure', () => {
  expect(purity(tree)).toEqual([]);
});

test('native libraries are opened in one place each', () => {
  expect(oneLibc(tree)).toEqual([]);
});

/** An idle agent has 24 MB: docs/decisions/0020-what-a-thread-loads.md says what each of others would take of them. */
test('the agent’s threads load what they work with, and nothing else', () => {
  const ciphers = ['@noble/ciphers/chacha.js', '@noble/hashes/blake2.js'];
  expect(loadedBy(tree, 'agent/tunnel.ts')).toEqual([
    ...ciphers,
    '@noble/hashes/hmac.js',
    '@noble/hashes/utils.js',
    'bun:ffi',
    'cbor-x/encode',
    'node:fs',
    'node:worker_threads',
  ]);
  expect(loadedBy(tree, 'agent/main.ts')).toEqual([
    ...ciphers,
    '@noble/hashes/hkdf.js',
    '@noble/hashes/utils.js',
    'bun:ffi',
    'cbor-x/encode',
    'node:dns/promises',
    'node:fs',
    'node:path',
    'node:stream',
    'node:util',
    'tiny-typed-emitter',
  ]);
});

test('secrets are compared in constant time', () => {
  expect(secretComparisons(tree)).toEqual([]);
});

test('product code uses runtime dependencies only', () => {
  const runtime = Object.keys(manifestOf(tree).dependencies ?? {});
  expect(runtime.length).toBeGreaterThan(0);
  expect(packagesUsed(tree, runtime)).toEqual([]);
});

test('the top level holds what the layout names', () => {
  expect(topLevel(tree)).toEqual([]);
});

test('no file or folder has a name that says nothing', () => {
  expect(names(tree)).toEqual([]);
});

test('every file of code is under 400 lines', () => {
  expect(lengths(tree)).toEqual([]);
});

test('nothing unfinished is left behind', () => {
  expect(leftovers(tree)).toEqual([]);
});

test('every test file is run by a step', () => {
  expect(testHomes(tree)).toEqual([]);
});

test('no test is silenced without a reason', () => {
  expect(silencedTests(tree)).toEqual([]);
});

test('a test file makes no folder before one of its tests runs', () => {
  expect(foldersMadeOnLoading(tree)).toEqual([]);
});

test('bun.lock is the only lockfile', () => {
  expect(lockfiles(tree)).toEqual([]);
});

test('every dependency has one exact version', () => {
  expect(exactVersions(tree)).toEqual([]);
});

test('every dependency has its reason in docs/architecture.md', () => {
  expect(reasons(tree)).toEqual([]);
});

test('every script answers --help', () => {
  expect(scriptsExplain(tree)).toEqual([]);
});
