/**
 * `jvpn policy verify`: whether a device that trusts these keys would take a document, and what it says.
 *
 * Asks what a device asks, but for what only the device knows: its names, its clock, the versions that it took.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { anchorsOf, NOT_ROTATED } from '../../policies/signed/anchors.ts';
import { openDocument, type SignedDocument } from '../../policies/signed/open.ts';
import { isRefused, type Refused, refuse } from '../../policies/signed/refusal.ts';
import { decodeKey } from '../../session/channel/identity.ts';
import { reasonOf } from '../../session/reasons.ts';
import { COSE } from '../cose.ts';
import { EXIT, parseArguments, TERMINAL, type Terminal } from './arguments.ts';
import { bodyRefusal } from './signing.ts';

const HELP = `Usage: jvpn policy verify FILE --anchor PUBLIC_KEY [--anchor PUBLIC_KEY …] [--json]

Whether devices that trust these keys would take a signed document (docs/push.md), and what it says.

  --anchor PUBLIC_KEY   a key that they trust, as \`jvpn keygen --signing\` printed it
  --json                print {"file", "ok", "document", "refused", "detail"} on standard output
  --help                this text

Exit status: 0 they would, 1 they would not or the file is unreadable, 2 wrong usage.`;

const FLAGS = {
  anchor: { type: 'string', multiple: true },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

export async function runPolicyVerify(
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
  const [file] = parsed.operands;
  if (file === undefined) return usage(terminal, 'FILE is missing');
  const keys = (parsed.flags.anchor ?? []).map((text) => decodeKey(text));
  if (keys.length === 0) return usage(terminal, '--anchor is missing');
  const anchors = keys.flatMap((key) => (key.ok ? [key.value] : []));
  if (anchors.length < keys.length) {
    return usage(terminal, '--anchor: 44 characters of base64 are expected');
  }
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(readFileSync(file));
  } catch (error) {
    terminal.err(`${file}: ${error instanceof Error ? error.message : error}`);
    return EXIT.failure;
  }
  const opened = openDocument(bytes, anchorsOf(anchors, NOT_ROTATED), COSE);
  const refused = isRefused(opened) ? opened : refusalNow(opened, Math.floor(wallMs / 1_000));
  const document = isRefused(opened) ? null : shown(opened);
  if (parsed.flags.json === true) {
    const verdict = { refused: refused?.refused ?? null, detail: refused?.detail ?? null };
    terminal.out(JSON.stringify({ file, ok: refused === null, document, ...verdict }, null, 2));
  } else {
    if (document !== null) terminal.out(lines(file, document));
    if (refused !== null) {
      const { sentence } = reasonOf(refused.refused);
      terminal.err(`${file}: ${refused.refused}: ${refused.detail}\n    ${sentence}`);
    }
  }
  return refused === null ? EXIT.ok : EXIT.failure;
}

function refusalNow(document: SignedDocument, nowS: number): Refused | null {
  const { notBeforeS, expiresS } = document;
  if (nowS >= expiresS) return refuse('document_expired', `${nowS - expiresS} s ago`);
  if (nowS < notBeforeS) return refuse('document_early', `by ${notBeforeS - nowS} s`);
  return bodyRefusal(document);
}

interface Shown {
  readonly kind: string;
  readonly target: string;
  readonly version: number;
  readonly not_before: string;
  readonly expires: string;
  readonly signer: string;
}

function shown({ kind, target, version, notBeforeS, expiresS, signer }: SignedDocument): Shown {
  return {
    kind,
    target: `${target.level}:${target.name}`,
    version,
    not_before: timeText(notBeforeS),
    expires: timeText(expiresS),
    signer,
  };
}

/** What a calendar cannot show is shown as seconds. */
function timeText(atS: number): string {
  const at = new Date(atS * 1_000);
  return Number.isNaN(at.getTime()) ? `${atS} s` : at.toISOString().replace('.000Z', 'Z');
}

function lines(file: string, document: Shown): string {
  const { kind, target, version, not_before, expires, signer } = document;
  return [
    `${file}: ${kind} version ${version} for ${target}`,
    `    from ${not_before} until ${expires}, signed by ${signer}`,
  ].join('\n');
}

function usage(terminal: Terminal, message: string): number {
  terminal.err(`jvpn policy verify: ${message}\n\n${HELP}`);
  return EXIT.usage;
}
