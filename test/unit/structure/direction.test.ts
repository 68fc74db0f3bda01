/** Goal: every rule about imports and purity notices its own breach, and nothing else. */
import { expect, test } from 'bun:test';
import { importDirection, oneLibc, packagesUsed, purity } from '../../structure/direction.ts';
import { planted } from './planted.ts';

const direction = (path: string, text: string) => planted({ [path]: text }, importDirection);
const pure = (text: string) => planted({ 'session/a.ts': text }, purity);

test('hal imports nothing of agent, hub and fleet, not even a type', () => {
  expect(direction('hal/a.ts', "import { x } from '../agent/b.ts';")).toEqual([
    'hal/a.ts:1 imports agent/b.ts',
  ]);
  expect(direction('hal/linux/a.ts', "import type { X } from '../../hub/b.ts';")).toHaveLength(1);
  expect(direction('hal/a.ts', "export * from '../fleet/b.ts';")).toHaveLength(1);
  expect(direction('hal/a.ts', "import { x } from '../session/b.ts'; import './c.ts';")).toEqual(
    [],
  );
});

test('agent and hub never import each other', () => {
  expect(direction('agent/a.ts', "import '../hub/b.ts';")).toEqual([
    'agent/a.ts:1 imports hub/b.ts',
  ]);
  expect(direction('hub/a.ts', "import { x } from '../agent/b.ts';")).toEqual([
    'hub/a.ts:1 imports agent/b.ts',
  ]);
  expect(direction('agent/a.ts', "const x = await import('../hub/b.ts');")).toHaveLength(1);
  expect(
    direction('hub/a.ts', "new Worker(new URL('../agent/b.ts', import.meta.url));"),
  ).toHaveLength(1);
  expect(direction('hub/a.ts', 'await import(`../agent/${name}.ts`);')).toHaveLength(1);
});

test('the command line may load the other commands, and only load them', () => {
  expect(direction('agent/jvpn.ts', "await import('../hub/main.ts');")).toEqual([]);
  expect(direction('agent/cli/hub.ts', "await import('../../hub/main.ts');")).toEqual([]);
  expect(direction('agent/jvpn.ts', "import { main } from '../hub/main.ts';")).toHaveLength(1);
  expect(
    direction('agent/cli/hub.ts', "import type { Config } from '../../hub/config.ts';"),
  ).toHaveLength(1);
});

test('the core imports no daemon and no hardware', () => {
  expect(direction('session/a.ts', "import '../hal/b.ts';")).toHaveLength(1);
  expect(direction('policies/a.ts', "import '../agent/b.ts';")).toHaveLength(1);
});

test('nothing of the product imports tests or scripts', () => {
  expect(direction('agent/a.ts', "import '../test/lab/b.ts';")).toHaveLength(1);
  expect(direction('session/a.ts', "import '../scripts/b.ts';")).toHaveLength(1);
});

test('an import in a comment or a string is none', () => {
  const text =
    "// import '../hub/a.ts'\nconst x = `import '../hub/a.ts'`; const y = \"from '../hub/a.ts'\";";
  expect(direction('agent/a.ts', text)).toEqual([]);
});

test('a variable named from, interpolated before more text, is no import', () => {
  expect(pure('const text = (from: string, to: string) => `${from} to ${to}`;')).toEqual([]);
  expect(direction('session/a.ts', 'const text = `${from}../hub/a.ts`;')).toEqual([]);
});

test('the core uses no module of the runtime and no package but the pure ones', () => {
  expect(pure("import { readFileSync } from 'node:fs';")).toEqual([
    'session/a.ts:1 imports node:fs',
  ]);
  expect(pure("import { ptr } from 'bun:ffi';")).toHaveLength(1);
  expect(pure("import mqtt from 'mqtt';")).toHaveLength(1);
  expect(pure("const x = import('./b.ts');")).toHaveLength(1);
  expect(
    pure("import { x25519 } from '@noble/curves/ed25519.js'; import { Encoder } from 'cbor-x';"),
  ).toEqual([]);
});

test('the core names no clock, timer, randomness, output, environment or waiting', () => {
  const impure = [
    'new Date()',
    'performance.now()',
    'setTimeout(f, 1)',
    'setInterval(f, 1)',
    'Math.random()',
    'crypto.getRandomValues(x)',
    'console.log(1)',
    'process.env',
    'await x',
    'globalThis.x',
    'fetch(x)',
    'import.meta.url',
    'Bun.nanoseconds()',
    'x25519.utils.randomSecretKey()',
    'queueMicrotask(f)',
    '`${Date.now()}`',
    'x = cond ? process : 0',
    'f({ process })',
  ];
  expect(impure.filter((text) => pure(text).length === 0)).toEqual([]);
});

test('a comment, a string, a member or a key of such a name is harmless', () => {
  const harmless = [
    '// Date, await',
    "'process'",
    'frame.process',
    'x?.console',
    'interface X { readonly process: string }',
    '({ console: 1, process: 2 })',
    'const processed = 1',
    'x = /Date/',
  ];
  expect(harmless.flatMap(pure)).toEqual([]);
});

test('policies are as pure, the hal need not be', () => {
  expect(planted({ 'policies/a.ts': 'Date.now()' }, purity)).toHaveLength(1);
  expect(planted({ 'hal/a.ts': "import 'node:fs'; Date.now()" }, purity)).toEqual([]);
});

test('a library is opened behind its door only', () => {
  const text = "import { dlopen } from 'bun:ffi';\ndlopen('libc.so.6', {});";
  expect(planted({ 'hal/linux/tun.ts': text }, oneLibc)).toHaveLength(2);
  expect(planted({ 'agent/a.ts': 'ffi.dlopen(x, y)' }, oneLibc)).toHaveLength(1);
  expect(
    planted({ 'hal/linux/libc.ts': text, 'agent/a.ts': "// dlopen\nf('dlopen')" }, oneLibc),
  ).toEqual([]);
  expect(planted({ 'hal/linux/libcrypto.ts': text }, oneLibc)).toEqual([]);
  expect(planted({ 'hal/linux/libcryptoKey.ts': text }, oneLibc)).toHaveLength(2);
  expect(planted({ 'hub/libcrypto.ts': text }, oneLibc)).toHaveLength(2);
});

test('product code uses no undeclared and no development package', () => {
  const files = {
    'agent/a.ts': "import 'aedes'; import '@noble/hashes/blake2.js'; import 'bun:ffi';",
  };
  const unknown = planted(files, (tree) => packagesUsed(tree, ['@noble/hashes']));
  expect(unknown).toEqual(['agent/a.ts:1 imports aedes']);
});
