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
import { formatProblems } from '../../policies/problem.ts';
import { bodyOfTable, COMMANDS, commandBody, rotationBody } from '../../policies/signed/body.ts';
import type { CborMap } from '../../policies/signed/cbor.ts';
import {
  type Claims,
  type Kind,
  NOT_BEFORE_AHEAD_MAX_S,
  type Target,
  targetOfText,
  targetText,
} from '../../policies/signed/claims.ts';
import { documentOfToml } from '../../policies/toml.ts';
import { decodeKey } from '../../session/channel/identity.ts';
import { EXIT, parseArguments, TERMINAL, type Terminal } from './arguments.ts';
import { problemsOf } from './policyProblems.ts';
import { BEHIND_S, LASTS_S, readText, signClaims, timeOf, Unusable } from './signing.ts';

const TARGETS = 'device:FLEET/NAME, group:FLEET/NAME or fleet:FLEET';
const HELP = `Usage: jvpn policy sign FILE --signing-key-file KEY --target TARGET --output OUT
       jvpn policy sign FILE --emergency --version N --expires TIME --signing-key-file KEY --target TARGET --output OUT
       jvpn policy sign --rotate-to PUBLIC_KEY --version N --signing-key-file KEY --target TARGET --output OUT
       jvpn policy sign --command NAME --signing-key-file KEY --target TARGET --output OUT

Signs a document for devices (docs/push.md). An existing OUT is never overwritten. \`jvpn command\` signs and sends a command
in one go, and sends one that was signed here.

  FILE                     a policy; with --emergency the tables of [emergency.overrides]
  --signing-key-file KEY   as \`jvpn keygen --signing\` writes it
  --target TARGET          ${TARGETS}
  --version N              higher than of every document of this kind for this target; a policy has its own, and of a
                           command it is the time in milliseconds where it is left out
  --not-before TIME        UTC like 2026-12-24T18:00:00Z (default: five minutes ago, for clocks that are behind; at most 31 days ahead)
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
    terminal.out(sign(parsed.flags, parsed.operands[0], wallMs));
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    if (error.exitCode === EXIT.usage) return usage(terminal, error.message);
    terminal.err(`jvpn policy sign: ${error.message}`);
    return EXIT.failure;
  }
}

type Flags = { readonly [Name in keyof typeof FLAGS]?: string | boolean };

function sign(flags: Flags, file: string | undefined, wallMs: number): string {
  const kind = kindOf(flags, file);
  const target = targetOf(textOf(flags, 'target'));
  const output = textOf(flags, 'output');
  const nowS = Math.floor(wallMs / 1_000);
  const notBeforeS = timeOf(flags['not-before'], 'not-before') ?? nowS - BEHIND_S;
  if (notBeforeS > nowS + NOT_BEFORE_AHEAD_MAX_S) {
    throw new Unusable(`--not-before: at most ${NOT_BEFORE_AHEAD_MAX_S / 86_400} days ahead`, 2);
  }
  const asked = timeOf(flags.expires, 'expires');
  if (kind === 'emergency' && asked === null) throw new Unusable('--expires is missing', 2);
  const expiresS = asked ?? notBeforeS + LASTS_S[kind];
  const version = versionFor(kind, flags, wallMs);
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
  return `${output}: ${kind} version ${claims.version} for ${targetText(target)}, signed by ${keyId}, ${document.length} bytes`;
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
  return tableBody(file ?? '', kind);
}

/** A TOML file as the body of a document. @throws Unusable with all that is wrong with it, as `jvpn policy lint` says it. */
export function tableBody(file: string, kind: 'policy' | 'emergency'): CborMap {
  const document = documentOfToml(readText(file), Bun.TOML.parse);
  if (!document.ok) throw new Unusable(formatProblems(file, document.problems), 1);
  const problems = problemsOf(kind, document.value);
  if (problems.length > 0) {
    throw new Unusable(`document_invalid\n${formatProblems(file, problems)}`, 1);
  }
  const body = bodyOfTable(document.value as Readonly<Record<string, unknown>>);
  if (body === null) throw new Unusable(`${file}: a value that no policy has`, 1);
  return body;
}

function targetOf(text: string): Target {
  const target = targetOfText(text);
  if (target === null) throw new Unusable(`--target: ${TARGETS}`, 2);
  return target;
}

/** Null: a policy has its own. Of commands nobody keeps count: the time grows by itself. */
function versionFor(kind: Kind, flags: Flags, wallMs: number): number | null {
  if (kind === 'policy') return null;
  const isLeftOut = kind === 'command' && flags.version === undefined;
  return isLeftOut ? Math.floor(wallMs) : versionOf(textOf(flags, 'version'));
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
