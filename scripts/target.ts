/**
 * The kinds of machine jvpn is built for, and how a binary of each can be run on this one, if at all.
 *
 * @module
 */
import { existsSync } from 'node:fs';

export const TARGETS = ['linux-x64', 'linux-arm64', 'linux-x64-musl', 'linux-arm64-musl'] as const;
export type Target = (typeof TARGETS)[number];

export type Runner =
  | { readonly kind: 'command'; readonly prefix: readonly string[]; readonly how: string }
  | { readonly kind: 'obstacle'; readonly why: string };

/** What this machine has; a parameter so that every machine can be tested on one. */
export interface Machine {
  readonly arch: string;
  readonly has: (path: string) => boolean;
  readonly find: (command: string) => string | null;
}

export const THIS_MACHINE: Machine = {
  arch: process.arch,
  has: existsSync,
  find: (command) => Bun.which(command),
};

/** The loader each target names in its ELF header. */
const LOADER: Readonly<Record<Target, string>> = {
  'linux-x64': '/lib64/ld-linux-x86-64.so.2',
  'linux-arm64': '/lib/ld-linux-aarch64.so.1',
  'linux-x64-musl': '/lib/ld-musl-x86_64.so.1',
  'linux-arm64-musl': '/lib/ld-musl-aarch64.so.1',
};

/** Where musl looks; Debian's musl package has no libstdc++ there, Alpine has. */
const MUSL_STDCXX = [
  '/usr/lib/libstdc++.so.6',
  '/lib/libstdc++.so.6',
  '/usr/local/lib/libstdc++.so.6',
];

const SYSROOT = '/usr/aarch64-linux-gnu';

export function runnerOf(target: Target, machine: Machine): Runner {
  const arch = target.includes('arm64') ? 'arm64' : 'x64';
  if (arch === machine.arch) return native(target, machine);
  if (target === 'linux-arm64') return emulated(machine);
  return { kind: 'obstacle', why: `this machine is ${machine.arch} and has no emulator for it` };
}

function native(target: Target, machine: Machine): Runner {
  if (!machine.has(LOADER[target])) return { kind: 'obstacle', why: `no ${LOADER[target]} here` };
  if (target.endsWith('-musl') && !MUSL_STDCXX.some(machine.has)) {
    return { kind: 'obstacle', why: 'no libstdc++ for musl here (Alpine: apk add libstdc++)' };
  }
  return { kind: 'command', prefix: [], how: 'natively' };
}

/** A Cortex-A53, the oldest core we promise: older Bun releases died on it with illegal instructions. */
function emulated(machine: Machine): Runner {
  const qemu = machine.find('qemu-aarch64-static');
  if (qemu === null) return { kind: 'obstacle', why: 'no qemu-aarch64-static (qemu-user-static)' };
  if (!machine.has(`${SYSROOT}/lib/libstdc++.so.6`)) {
    return { kind: 'obstacle', why: `no ${SYSROOT} (libc6-, libgcc-s1-, libstdc++6-arm64-cross)` };
  }
  const prefix = [qemu, '-cpu', 'cortex-a53', '-L', SYSROOT];
  return { kind: 'command', prefix, how: 'under qemu as cortex-a53' };
}
