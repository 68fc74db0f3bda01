/**
 * `jvpn keygen`: makes the private key of a device or hub, or one that signs documents, and prints the public one.
 *
 * Never overwrites a key: a lost private key means enrolling the device again. The private key is
 * written to its file only, never printed. Format: base64 as `wg genkey` writes it (RFC 7748 §5);
 * of a signing key the seed (RFC 8032 §5.1.5), in the same form.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import { x25519 } from '@noble/curves/ed25519.js';
import { PRIVATE_KEY_FILE } from '../../policies/daemonFields.ts';
import { EXIT, parseArguments, TERMINAL, type Terminal } from './arguments.ts';

const HELP = `Usage: jvpn keygen [--private-key-file FILE] [--json]
       jvpn keygen --signing --private-key-file FILE [--json]

Writes a new private key to FILE (mode 0600) and prints its public key.
An existing file is never overwritten.

  --private-key-file FILE   where to write it (default ${PRIVATE_KEY_FILE.default})
  --signing                 a key that signs documents (jvpn policy sign); FILE has no default
  --json                    print {"private_key_file", "public_key"}, of a signing key also "key_id"
  --help                    this text

Exit status: 0 done, 1 the file exists or cannot be written, 2 wrong usage.`;

const FLAGS = {
  'private-key-file': { type: 'string' },
  signing: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

export async function runKeygen(
  argv: readonly string[],
  terminal: Terminal = TERMINAL,
): Promise<number> {
  const parsed = parseArguments(argv, FLAGS, 0);
  if (!parsed.ok) {
    terminal.err(`jvpn keygen: ${parsed.message}\n\n${HELP}`);
    return EXIT.usage;
  }
  if (parsed.flags.help === true) {
    terminal.out(HELP);
    return EXIT.ok;
  }

  const isSigning = parsed.flags.signing === true;
  const named = parsed.flags['private-key-file'];
  if (isSigning && named === undefined) {
    terminal.err(`jvpn keygen: --signing needs --private-key-file\n\n${HELP}`);
    return EXIT.usage;
  }
  const file = named ?? PRIVATE_KEY_FILE.default;
  const { privateKey, publicKey, ...more } = isSigning ? await newSigningPair() : newKeyPair();
  try {
    await writeNew(file, `${privateKey}\n`);
  } catch (error) {
    terminal.err(`jvpn keygen: ${sentenceOf(error, file)}`);
    return EXIT.failure;
  }
  terminal.out(
    parsed.flags.json === true
      ? JSON.stringify({ private_key_file: file, public_key: publicKey, ...more })
      : publicKey,
  );
  return EXIT.ok;
}

/** Both keys as base64 of 32 bytes. */
export function newKeyPair(): { readonly privateKey: string; readonly publicKey: string } {
  const secret = new Uint8Array(randomBytes(32));
  // RFC 7748 §5: clamped here as `wg genkey` does, so that any tool reads the same scalar.
  secret[0]! &= 248;
  secret[31]! &= 127;
  secret[31]! |= 64;
  const publicKey = Buffer.from(x25519.getPublicKey(secret)).toString('base64');
  return { privateKey: Buffer.from(secret).toString('base64'), publicKey };
}

/** Ed25519: the seed and the public key as base64 of 32 bytes, and the id by which documents name it. */
async function newSigningPair() {
  const { signingPublicKey } = await import('../cose.ts');
  const { keyIdText } = await import('../../policies/signed/anchors.ts');
  const seed = new Uint8Array(randomBytes(32));
  const publicKey = signingPublicKey(seed);
  return {
    privateKey: Buffer.from(seed).toString('base64'),
    publicKey: Buffer.from(publicKey).toString('base64'),
    key_id: keyIdText(publicKey),
  };
}

/** Exclusive, and on disk before the public key is shown to anybody. */
async function writeNew(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } catch (error) {
    await unlink(file); // half a key must not look like a key
    throw error;
  } finally {
    await handle.close();
  }
}

function sentenceOf(error: unknown, file: string): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'EEXIST') return `${file} exists and is not overwritten; move it away first`;
  if (code === 'ENOENT') return `the folder of ${file} does not exist; create it first (mode 0700)`;
  return `${file}: ${error instanceof Error ? error.message : error}`;
}
