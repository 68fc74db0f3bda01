/**
 * `jvpn policy sign`: a policy, an emergency, a rotation or a command as a signed document.
 *
 * Reads what it wrote by the very rules of a device before it is in a file: what no device would take is not written. The signing
 * key is read from its file and never shown.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { COMMANDS, commandBody, rotationBody } from '../../policies/signed/body.ts';
import type { CborMap } from '../../policies/signed/cbor.ts';
import {
  type Claims,
  type Kind,
  LEVELS,
  type Level,
  type Target,
} from '../../policies/signed/claims.ts';
import { decodeKey } from '../../session/channel/identity.ts';
import { EXIT, parseArguments, TERMINAL, type Terminal } from './arguments.ts';
import { BEHIND_S, LASTS_S, signClaims, tableBody, timeOf, Unusable } from './signing.ts';

const HELP = `Usage: jvpn policy sign FILE --signing-key-file KEY --target TARGET --output OUT
       jvpn policy sign FILE --emergency --version N --expires TIME --signing-key-file KEY --target TARGET --output OUT
       jvpn policy sign --rotate-to PUBLIC_KEY --version N --signing-key-file KEY --target TARGET --output OUT
       jvpn policy sign --command NAME --version N --signing-key-file KEY --target TARGET --output OUT

Signs a document for devices (docs/push.md). Agents take policies, emergencies and rotations. An existing OUT is never overwritten.

  FILE                     a policy; with --emergency the tables of [emergency.overrides]
  --signing-key-file KEY   as \`jvpn keygen --signing\` writes it
  --target TARGET          device:NAME, group:NAME or fleet:NAME
  --version N              higher than of every document of this kind for this target; a policy has its own
  --not-before TIME        UTC like 2026-12-24T18:00:00Z (default: five minutes ago, for clocks that are behind)
  --expires TIME           until when a device may take it, and an emergency lasts (default: a week, ten minutes for a command)
  --command NAME           ${COMMANDS.join(', ')}
  --link LINK              the link of rebind
  --help                   this text

Exit status: 0 done, 1 no device would take it, or a file cannot be read or written, 2 wrong usage.`;

const FLAGS = {
  'signing-key-file': { type: 'string' },
  target: { type: 'string' },
  output: { type: 'string' },
  version: { type: 'string' },
  'not-before': { type: 'string' },
  expires: { type: 'string' },
  emergency: { type: 'boolean' },
  'rotate-to': { type: 'string' },
  command: { type: 'string' },
  link: { type: 'string' },
  help: { type: 'boolean' },
} as const;

export async function runPolicySign(
  argv: readonly string[],
  terminal: Terminal = TERMINAL,
  wallMs = Date.now(),
): Promise<number> {
  const parsed = parseArguments(argv, FLAGS, 1);
  if (!parsed.ok) return usage(terminal, parsed.message);
  if (parsed.flags.help === true) {
    terminal.out(HELP);
    return EXIT.ok;
  }
  try {
    terminal.out(sign(parsed.flags, parsed.operands[0], Math.floor(wallMs / 1_000)));
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    if (error.exitCode === EXIT.usage) return usage(terminal, error.message);
    terminal.err(`jvpn policy sign: ${error.message}`);
    return EXIT.failure;
  }
}

type Flags = { readonly [Name in keyof typeof FLAGS]?: string | boolean };

function sign(flags: Flags, file: string | undefined, nowS: number): string {
  const kind = kindOf(flags, file);
  const target = targetOf(textOf(flags, 'target'));
  const output = textOf(flags, 'output');
  const notBeforeS = timeOf(flags['not-before'], 'not-before') ?? nowS - BEHIND_S;
  const asked = timeOf(flags.expires, 'expires');
  if (kind === 'emergency' && asked === null) throw new Unusable('--expires is missing', 2);
  const expiresS = asked ?? notBeforeS + LASTS_S[kind];
  const version = kind === 'policy' ? null : versionOf(textOf(flags, 'version'));
  if (kind === 'policy' && flags.version !== undefined) {
    throw new Unusable('--version: a policy has its own', 2);
  }
  const body = bodyOf(kind, flags, file);
  const written = body.get('version');
  const claims: Claims = {
    kind,
    target,
    // What is left out is 1, as in a file.
    version: version ?? (typeof written === 'number' ? written : 1),
    notBeforeS,
    expiresS,
    body,
  };
  const { document, keyId } = signClaims(claims, textOf(flags, 'signing-key-file'));
  writeOnce(output, document);
  return `${output}: ${kind} version ${claims.version} for ${target.level} ${target.name}, signed by ${keyId}, ${document.length} bytes`;
}

function kindOf(flags: Flags, file: string | undefined): Kind {
  const isOther = flags['rotate-to'] !== undefined || flags.command !== undefined;
  if (flags['rotate-to'] !== undefined && flags.command !== undefined) {
    throw new Unusable('--rotate-to or --command, one of them', 2);
  }
  if (isOther === (file !== undefined) || (isOther && flags.emergency === true)) {
    throw new Unusable('FILE, --rotate-to or --command, one of them', 2);
  }
  if (flags['rotate-to'] !== undefined) return 'rotation';
  if (flags.command !== undefined) return 'command';
  return flags.emergency === true ? 'emergency' : 'policy';
}

function bodyOf(kind: Kind, flags: Flags, file: string | undefined): CborMap {
  if (kind === 'rotation') {
    const key = decodeKey(textOf(flags, 'rotate-to'));
    if (!key.ok) throw new Unusable('--rotate-to: 44 characters of base64 are expected', 2);
    return rotationBody(key.value);
  }
  if (kind === 'command') {
    const name = COMMANDS.find((known) => known === flags.command);
    if (name === undefined) throw new Unusable(`--command: one of ${COMMANDS.join(', ')}`, 2);
    const link = typeof flags.link === 'string' ? flags.link : null;
    return commandBody({ name, link }, new Uint8Array(randomBytes(16)));
  }
  return tableBody(file ?? '');
}

function targetOf(text: string): Target {
  const [, level, name] = /^(device|group|fleet):([A-Za-z0-9_.-]{1,64})$/.exec(text) ?? [];
  if (level === undefined || name === undefined) {
    const levels = (Object.keys(LEVELS) as Level[]).map((known) => `${known}:NAME`);
    throw new Unusable(`--target: one of ${levels.join(', ')}`, 2);
  }
  return { level: level as Level, name };
}

function versionOf(text: string): number {
  const version = /^[1-9][0-9]{0,15}$/.test(text) ? Number(text) : 0;
  if (version < 1 || !Number.isSafeInteger(version)) {
    throw new Unusable('--version: an integer from 1', 2);
  }
  return version;
}

function textOf(flags: Flags, name: keyof Flags): string {
  const text = flags[name];
  if (typeof text !== 'string') throw new Unusable(`--${name} is missing`, 2);
  return text;
}

function writeOnce(file: string, bytes: Uint8Array): void {
  try {
    writeFileSync(file, bytes, { flag: 'wx' });
  } catch (error) {
    throw new Unusable(`${file}: ${error instanceof Error ? error.message : error}`, 1);
  }
}

function usage(terminal: Terminal, message: string): number {
  terminal.err(`jvpn policy sign: ${message}\n\n${HELP}`);
  return EXIT.usage;
}
