/** Goal: every rule about places, names, length and leftovers notices its own breach, and nothing else. */
import { expect, test } from 'bun:test';
import {
  foldersMadeOnLoading,
  leftovers,
  lengths,
  names,
  silencedTests,
  testHomes,
  topLevel,
} from '../../structure/layout.ts';
import { planted } from './planted.ts';

test('no other folder or file at the top', () => {
  const files = {
    'src/a.ts': '',
    'agent/a.ts': '',
    'README.md': '',
    'notes.txt': '',
    '.ci/run': '',
  };
  const found = planted(files, topLevel).map((text) => text.split(' ')[0]!);
  expect(found.sort()).toEqual(['notes.txt', 'src']);
});

test('what is installed or built is nobody’s source', () => {
  const files = {
    ...{ 'node_modules/x/index.js': '', 'dist/x': '', '.tools/x/utils.ts': '' },
    '.d740c3169bdf19de-00000000.bun-build': '',
  };
  expect(planted(files, (tree) => [...topLevel(tree), ...names(tree)])).toEqual([]);
});

test('utils, common, types and index name nothing, as file or folder', () => {
  for (const path of [
    'agent/utils.ts',
    'hal/common/a.ts',
    'hub/types.ts',
    'session/index.ts',
    'test/lab/helpers.ts',
  ]) {
    expect(planted({ [path]: '' }, names)).toHaveLength(1);
  }
  expect(planted({ 'agent/prototypes.ts': '', 'hal/reindex.ts': '' }, names)).toEqual([]);
});

test('399 lines pass, 400 do not', () => {
  expect(planted({ 'agent/a.ts': 'x\n'.repeat(399) }, lengths)).toEqual([]);
  expect(planted({ 'agent/a.ts': 'x\n'.repeat(400) }, lengths)).toEqual([
    'agent/a.ts: 400 lines, at most 399',
  ]);
  expect(planted({ 'scripts/long': '#!/bin/sh\n'.repeat(400) }, lengths)).toHaveLength(1);
  expect(planted({ 'test/vectors/long.json': '\n'.repeat(4_000) }, lengths)).toEqual([]);
});

test('work left for later is found in code, comments and documents', () => {
  const [later, broken] = ['TO' + 'DO', 'FIX' + 'ME'];
  const files = {
    'agent/a.ts': `// ${later}: x`,
    'docs/a.md': `\n${broken}`,
    'scripts/x': `# ${later}`,
  };
  expect(planted(files, leftovers).sort()).toEqual([
    `agent/a.ts:1 leaves a ${later}`,
    `docs/a.md:2 leaves a ${broken}`,
    `scripts/x:1 leaves a ${later}`,
  ]);
  expect(planted({ 'agent/a.ts': 'todoList' }, leftovers)).toEqual([]);
});

test('a test outside the folders that are run is found', () => {
  const files = {
    'agent/a.test.ts': '',
    'test/lab/b.test.ts': '',
    'test/unit/c.spec.ts': '',
    'test/unit/d.test.ts': '',
  };
  expect(
    planted(files, testHomes)
      .map((text) => text.split(' ')[0]!)
      .sort(),
  ).toEqual(['agent/a.test.ts', 'test/lab/b.test.ts', 'test/unit/c.spec.ts']);
});

test('no test is silenced but through testUnless', () => {
  const silenced = [
    'test.skip(x)',
    'test.only(x)',
    'describe.skip(x)',
    'it.todo(x)',
    'test.skipIf(y)(x)',
    'test\n.if(y)(x)',
  ];
  expect(
    silenced.filter((text) => planted({ 'test/unit/a.test.ts': text }, silencedTests).length === 0),
  ).toEqual([]);
  const heard =
    "test('x', f); test.each([1])('y', f); // test.skip\ntestUnless('no tun', 'z', f); pattern.test(x)";
  expect(
    planted({ 'test/unit/a.test.ts': heard, 'test/obstacle.ts': 'test.skip(x)' }, silencedTests),
  ).toEqual([]);
});

test('no folder is made while a test file is loaded', () => {
  const of = (text: string) => planted({ 'test/unit/a.test.ts': text }, foldersMadeOnLoading);
  expect(of("const folder = mkdtempSync(join(tmpdir(), 'a-'));\n").length).toBe(1);
  expect(of("let folder = await mkdtemp(join(tmpdir(), 'a-'));\n").length).toBe(1);
  const later =
    "const folder = folderForTests('a-');\nbeforeAll(() => {\n  one = mkdtempSync('b-');\n});\n";
  expect(of(later)).toEqual([]);
});
