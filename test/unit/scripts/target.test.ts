import { expect, test } from 'bun:test';
import { type Machine, runnerOf, TARGETS } from '../../../scripts/target.ts';

const machine = (
  arch: string,
  paths: readonly string[],
  commands: readonly string[] = [],
): Machine => ({
  arch,
  has: (path) => paths.includes(path),
  find: (command) => (commands.includes(command) ? `/usr/bin/${command}` : null),
});
const how = (on: Machine) =>
  TARGETS.map((target) => {
    const runner = runnerOf(target, on);
    return runner.kind === 'command' ? [...runner.prefix, target].join(' ') : `not ${target}`;
  });

const GLIBC = '/lib64/ld-linux-x86-64.so.2';
const MUSL = '/lib/ld-musl-x86_64.so.1';
const SYSROOT = '/usr/aarch64-linux-gnu/lib/libstdc++.so.6';

test('Debian on x64 runs its own, and arm64 as the oldest core where qemu and its libraries are there', () => {
  expect(how(machine('x64', [GLIBC, SYSROOT], ['qemu-aarch64-static']))).toEqual([
    'linux-x64',
    '/usr/bin/qemu-aarch64-static -cpu cortex-a53 -L /usr/aarch64-linux-gnu linux-arm64',
    'not linux-x64-musl',
    'not linux-arm64-musl',
  ]);
  expect(how(machine('x64', [GLIBC], ['qemu-aarch64-static']))[1]).toBe('not linux-arm64');
  expect(how(machine('x64', [GLIBC, SYSROOT]))[1]).toBe('not linux-arm64');
});

test('musl alone runs nothing: the binary wants libstdc++ beside it', () => {
  expect(how(machine('x64', [GLIBC, MUSL]))[2]).toBe('not linux-x64-musl');
  expect(how(machine('x64', [MUSL, '/usr/lib/libstdc++.so.6']))).toEqual([
    'not linux-x64',
    'not linux-arm64',
    'linux-x64-musl',
    'not linux-arm64-musl',
  ]);
});

test('an arm64 gateway runs its own without emulation, and nothing else', () => {
  expect(how(machine('arm64', ['/lib/ld-linux-aarch64.so.1']))).toEqual([
    'not linux-x64',
    'linux-arm64',
    'not linux-x64-musl',
    'not linux-arm64-musl',
  ]);
});
