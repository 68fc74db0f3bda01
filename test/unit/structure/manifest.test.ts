/** Goal: every rule about package.json, lockfiles and scripts notices its own breach, and nothing else. */
import { expect, test } from 'bun:test';
import { exactVersions, lockfiles, reasons, scriptsExplain } from '../../structure/manifest.ts';
import { planted } from './planted.ts';

const manifest = (dependencies: object, devDependencies: object = {}) =>
  JSON.stringify({ dependencies, devDependencies });

test('any other lockfile is refused, anywhere, and ours must be there', () => {
  expect(planted({ 'bun.lock': '' }, lockfiles)).toEqual([]);
  expect(planted({}, lockfiles)).toEqual(['bun.lock is missing']);
  const files = { 'bun.lock': '', 'package-lock.json': '', 'test/lab/yarn.lock': '' };
  expect(planted(files, lockfiles)).toHaveLength(2);
});

test('ranges, tags and addresses are no exact version', () => {
  const loose = { a: '^1.0.0', b: '~1.0.0', c: 'latest', d: '1.x', e: 'github:a/b', f: '>=1.0.0' };
  expect(planted({ 'package.json': manifest(loose) }, exactVersions)).toHaveLength(6);
  expect(planted({ 'package.json': manifest({}, { a: '*' }) }, exactVersions)).toHaveLength(1);
  expect(planted({ 'package.json': manifest({ a: '1.22.3' }) }, exactVersions)).toEqual([]);
});

test('a dependency without a reason, or a reason without a dependency, is found', () => {
  const look = (architecture: string) =>
    planted(
      {
        'package.json': manifest({ a: '1.0.0' }, { '@b/c': '1.0.0' }),
        'docs/architecture.md': architecture,
      },
      reasons,
    );
  const table = '# X\n\n## Dependencies\n\n| package | why |\n| --- | --- |\n';
  expect(look(`${table}| \`a\` | one |\n| \`@b/c\` | two |\n\n## Y\n`)).toEqual([]);
  expect(look(`${table}| \`a\`    | one   |\n| \`@b/c\` | two |\n`)).toEqual([]);
  expect(look(`${table}| \`a\` | one |\n`)).toEqual(['@b/c: no reason in docs/architecture.md']);
  expect(look(`${table}| \`a\` | |\n| \`@b/c\` | two |\n| \`d\` | gone |\n`)).toEqual([
    'a: no reason in docs/architecture.md',
    'd: in docs/architecture.md only',
  ]);
  expect(look('# X\n\n## Other\n\n| `a` | one |\n| `@b/c` | two |\n')).toHaveLength(2);
  expect(planted({ 'package.json': manifest({}) }, reasons)).toEqual([
    'docs/architecture.md is missing',
  ]);
});

test('a script that does not explain itself is found', () => {
  const look = (text: string) => planted({ 'scripts/x': text, 'scripts/x.ts': '' }, scriptsExplain);
  expect(look('#!/bin/sh\necho "Usage: scripts/x"\n')).toEqual([]);
  expect(look('#!/bin/sh\necho "Usage: scripts/x"; exit 1\n')).toEqual([
    'scripts/x --help exits with 1',
  ]);
  expect(look('#!/bin/sh\n')).toEqual(['scripts/x --help shows no usage']);
  expect(look('not a program')).toEqual(['scripts/x is not executable']);
});
