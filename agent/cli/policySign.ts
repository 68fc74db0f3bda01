/**
 * `jvpn policy sign`: a policy, an emergency, a rotation or a command as a signed document.
 *
 * Reads what it wrote by the very rules of a device before it is in a file: what no device would take is not written. The signing
 * key is read from its file and never shown.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { instantMs } from '../../policies/instant.ts';
import { keyIdOf, keyIdText } from '../../policies/signed/anchors.ts';
import {
  bodyOfTable,
  COMMANDS,
  commandBody,
  commandOf,
  overridesOf,
  policyOf,
  rotationBody,
  successorOf,
} from '../../policies/signed/body.ts';
import type { CborMap } from '../../policies/signed/cbor.ts';
import {
  type Claims,
  encodeClaims,
  type Kind,
  NOT_BEFORE_AHEAD_MAX_S,
  type Target,
  targetOfText,
  targetText,
} from '../../policies/signed/claims.ts';
import { openDocument, type SignedDocument } from '../../policies/signed/open.ts';
import { isRefused, type Refused } from '../../policies/signed/refusal.ts';
import { documentOfToml } from '../../policies/toml.ts';
import { decodeKey } from '../../session/channel/identity.ts';
import { COSE, signingPublicKey } from '../cose.ts';
import { EXIT, parseArguments, TERMINAL, type Terminal } from './arguments.ts';

const TARGETS = 'device:FLEET/NAME, group:FLEET/NAME or fleet:FLEET';
const HELP = `Usage: jvpn policy sign FILE --signing-key-file KEY --target TARGET --output OUT
       jvpn policy sign FILE --emergency --version N --expires TIME --signing-key-file KEY --target TARGET --output OUT
       jvpn policy sign --rotate-to PUBLIC_KEY --version N --signing-key-file KEY --target TARGET --output OUT
       jvpn policy sign --command NAME --version N --signing-key-file KEY --target TARGET --output OUT

Signs a document for devices (docs/push.md). Agents take policies, emergencies and rotations. An existing OUT is never overwritten.

  FILE                     a policy; with --emergency the tables of [emergency.overrides]
  --signing-key-file KEY   as \`jvpn keygen --signing\` writes it
  --target TARGET          ${TARGETS}
  --version N              higher than of every document of this kind for this target; a policy has its own
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

const BEHIND_S = 300;
const LASTS_S: Readonly<Record<Kind, number>> = {
  policy: 7 * 86_400,
  emergency: 7 * 86_400,
  rotation: 7 * 86_400,
  command: 600,
};

/** What is wrong with the command line (2), or with what it names (1). */
class Unusable extends Error {
  readonly exitCode: 1 | 2;
  constructor(message: string, exitCode: 1 | 2) {
    super(message);
    this.exitCode = exitCode;
  }
}

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
  const notBeforeS = timeOf(flags, 'not-before') ?? nowS - BEHIND_S;
  if (notBeforeS > nowS + NOT_BEFORE_AHEAD_MAX_S) {
    throw new Unusable(`--not-before: at most ${NOT_BEFORE_AHEAD_MAX_S / 86_400} days ahead`, 2);
  }
  const asked = timeOf(flags, 'expires');
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
  const privateKey = readSigningKey(textOf(flags, 'signing-key-file'));
  const publicKey = signingPublicKey(privateKey);
  const document = COSE.sign(encodeClaims(claims), keyIdOf(publicKey), privateKey);
  const keyId = keyIdText(publicKey);
  const opened = openDocument(document, new Map([[keyId, publicKey]]), COSE);
  const refused = isRefused(opened) ? opened : bodyRefusal(opened);
  if (refused !== null) throw new Unusable(`${refused.refused}: ${refused.detail}`, 1);
  writeOnce(output, document);
  return `${output}: ${kind} version ${claims.version} for ${targetText(target)}, signed by ${keyId}, ${document.length} bytes`;
}

/** What is wrong with what a document says, by its kind; null: nothing. */
export function bodyRefusal(document: SignedDocument): Refused | null {
  const judge = {
    policy: policyOf,
    emergency: overridesOf,
    rotation: successorOf,
    command: commandOf,
  }[document.kind];
  const judged: object = judge(document);
  return isRefused(judged) ? judged : null;
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
  const document = documentOfToml(readText(file ?? ''), Bun.TOML.parse);
  if (!document.ok) {
    const [first] = document.problems;
    throw new Unusable(`${file}: ${first?.path} ${first?.wrong}`, 1);
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

function versionOf(text: string): number {
  const version = /^[1-9][0-9]{0,15}$/.test(text) ? Number(text) : 0;
  if (version < 1 || !Number.isSafeInteger(version)) {
    throw new Unusable('--version: an integer from 1', 2);
  }
  return version;
}

/** Seconds since 1970; null where the flag is not given. */
function timeOf(flags: Flags, name: 'not-before' | 'expires'): number | null {
  const text = flags[name];
  if (typeof text !== 'string') return null;
  const atMs = instantMs(text);
  if (atMs === null) throw new Unusable(`--${name}: a time in UTC like 2026-12-24T18:00:00Z`, 2);
  return Math.floor(atMs / 1_000);
}

function textOf(flags: Flags, name: keyof Flags): string {
  const text = flags[name];
  if (typeof text !== 'string') throw new Unusable(`--${name} is missing`, 2);
  return text;
}

function readSigningKey(file: string): Uint8Array {
  const text = readText(file);
  if ((statSync(file).mode & 0o077) !== 0) {
    throw new Unusable(`${file}: others may read this key. Run: chmod 600 ${file}`, 1);
  }
  const key = decodeKey(text.trim());
  if (!key.ok) throw new Unusable(`${file}: not a key: 44 characters of base64 are expected`, 1);
  return key.value;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Unusable(`${file}: ${error instanceof Error ? error.message : error}`, 1);
  }
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
