/**
 * Certificates of an authority of our own, made by openssl, good for two days.
 *
 * @module
 */
import { join } from 'node:path';
import { run } from './process.ts';

export interface Issued {
  /** The common name; it stands for a host as well. */
  readonly name: string;
  readonly certificate: string;
  readonly key: string;
}

export interface Authority {
  /** What others have to trust. */
  readonly file: string;
  issue(name: string): Promise<Issued>;
}

const KIND = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];

export async function newAuthority(folder: string): Promise<Authority> {
  const made = async (name: string, more: readonly string[]): Promise<Issued> => {
    const certificate = join(folder, `${name}.crt`);
    const key = join(folder, `${name}.key`);
    const files = ['-keyout', key, '-out', certificate];
    await run(['openssl', 'req', '-x509', ...KIND, '-subj', `/CN=${name}`, ...more, ...files]);
    return { name, certificate, key };
  };
  const root = await made('authority', []);
  const signed = ['-CA', root.certificate, '-CAkey', root.key];
  const leaf = (name: string) => [
    ...['-addext', `subjectAltName=DNS:${name}`, '-addext', 'basicConstraints=critical,CA:FALSE'],
  ];
  return {
    file: root.certificate,
    issue: (name) => made(name, [...signed, ...leaf(name)]),
  };
}
