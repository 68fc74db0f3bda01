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

/** What is in the files, or why they are of no use. TLS has tried its files then: no connection is begun for nothing. */
export async function readSecrets(files: SecretFiles): Promise<Secrets | string> {
  try {
    const { passwordFile, caFile, certificateFile, keyFile } = files;
    const secrets = {
      ...(passwordFile === null ? {} : { password: firstLine(passwordFile) }),
      ...(caFile === null ? {} : { ca: text(caFile) }),
      ...(certificateFile === null ? {} : { cert: text(certificateFile) }),
      ...(keyFile === null ? {} : { key: text(keyFile) }),
    };
    return (await whyUnusable(secrets)) ?? secrets;
  } catch (error) {
    return String(error);
  }
}

/** No PEM, or the key of another certificate. Found by the connection itself, it would not say which file. */
async function whyUnusable({ ca, cert, key }: Secrets): Promise<string | null> {
  // Loaded only where there are such files: with its sockets it takes a megabyte.
  if (ca === undefined && cert === undefined) return null;
  const { createSecureContext } = await import('node:tls');
  const tried = [
    ['ca_file', { ca }],
    ['certificate_file, key_file', { cert, key }],
  ] as const;
  for (const [names, options] of tried) {
    try {
      createSecureContext(options);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return `${names} cannot be used: ${why}`;
    }
  }
  return null;
}

const text = (file: string) => readFileSync(file, 'utf8');
const firstLine = (file: string) => text(file).split(/\r?\n/, 1)[0] ?? '';
