/**
 * The files that a connection to the broker needs: its password, and what TLS checks and shows.
 *
 * Read for each connection, so that a changed password or certificate counts without a restart.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import type { IClientOptions } from 'mqtt';

export type Secrets = Pick<IClientOptions, 'password'> & {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
};

export interface SecretFiles {
  readonly passwordFile: string | null;
  readonly caFile: string | null;
  /** Both or none. */
  readonly certificateFile: string | null;
  readonly keyFile: string | null;
}

/** As in a configuration. */
const NAMES = {
  passwordFile: 'password_file',
  caFile: 'ca_file',
  certificateFile: 'certificate_file',
  keyFile: 'key_file',
} as const satisfies Record<keyof SecretFiles, string>;

type Which = keyof SecretFiles;

/** As on a command line. */
export const flagOfFile = (which: Which) => `--${NAMES[which].replace('_', '-')}`;

/**
 * What is in the files, or why they are of no use. TLS has tried its files then: no connection is begun for nothing.
 *
 * @param nameOf what whoever named a file calls it.
 */
export async function readSecrets(
  files: SecretFiles,
  nameOf: (which: Which) => string = (which) => NAMES[which],
): Promise<Secrets | string> {
  const told = (which: readonly Which[], why: string) =>
    `${which.map(nameOf).join(', ')} cannot be used: ${why} (${which.map((one) => files[one]).join(', ')})`;
  const texts: Partial<Record<Which, string>> = {};
  for (const which of Object.keys(NAMES) as Which[]) {
    const file = files[which];
    if (file === null) continue;
    try {
      texts[which] = readFileSync(file, 'utf8');
    } catch (error) {
      return told([which], whyOf(error).replace(/, \w+ '.*'$/s, ''));
    }
  }
  const { passwordFile, caFile: ca, certificateFile: cert, keyFile: key } = texts;
  const secrets = {
    ...(passwordFile === undefined ? {} : { password: firstLine(passwordFile) }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
  const unusable = await whyUnusable(secrets);
  return unusable === null ? secrets : told(unusable.which, unusable.why);
}

interface Unusable {
  readonly which: readonly Which[];
  readonly why: string;
}

/** No PEM, or the key of another certificate. Found by the connection itself, it would not say which file. */
async function whyUnusable({ ca, cert, key }: Secrets): Promise<Unusable | null> {
  // Loaded only where there are such files: with its sockets it takes a megabyte.
  if (ca === undefined && cert === undefined) return null;
  const { createSecureContext } = await import('node:tls');
  const tried = [
    [['caFile'], { ca }],
    [['certificateFile', 'keyFile'], { cert, key }],
  ] as const;
  for (const [which, options] of tried) {
    try {
      createSecureContext(options);
    } catch (error) {
      return { which, why: whyOf(error) };
    }
  }
  return null;
}

const whyOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
const firstLine = (text: string) => text.split(/\r?\n/, 1)[0] ?? '';
