/**
 * What the part of a configuration that names a broker must keep besides the formats of its fields.
 *
 * @module
 */
import { type Problem, problem } from '../../policies/problem.ts';
import { placeOf } from './place.ts';
import type { SecretFiles } from './secrets.ts';

export interface WrittenBroker extends SecretFiles {
  readonly url: string | null;
  readonly username: string | null;
}

/** @param table in which the fields stand, for example `telemetry`. */
export function lintBroker(table: string, broker: WrittenBroker): Problem[] {
  const { url, username, passwordFile, certificateFile, keyFile } = broker;
  const place = url === null ? null : placeOf(url);
  if (url !== null && place === null) {
    // Not repeated: there may be a password in it.
    return [problem(`${table}.url`, 'is no address', 'one like mqtt://host:1883')];
  }
  if (place?.protocol === 'mqtt' || place?.protocol === 'ws') {
    const problems = lintClearText(table, broker, place.protocol);
    if (problems.length > 0) return problems;
  }
  if ((certificateFile === null) !== (keyFile === null)) {
    const missing = keyFile === null ? 'key_file' : 'certificate_file';
    const there = keyFile === null ? 'certificate_file' : 'key_file';
    return [problem(`${table}.${missing}`, 'missing', `a file, because there is a ${there}`)];
  }
  if (passwordFile !== null && username === null) {
    const allowed = 'a user name, because there is a password_file';
    return [problem(`${table}.username`, 'missing', allowed)];
  }
  return [];
}

/** Who wrote one of these files means TLS: without it they would be for nothing, and the password in clear text. */
function lintClearText(
  table: string,
  { caFile, certificateFile, keyFile }: SecretFiles,
  protocol: 'mqtt' | 'ws',
): Problem[] {
  const files = { ca_file: caFile, certificate_file: certificateFile, key_file: keyFile };
  return Object.entries(files).flatMap(([key, file]) =>
    file === null
      ? []
      : [
          problem(
            `${table}.${key}`,
            `written, but ${table}.url is ${protocol}://, which has no TLS`,
            `only with ${protocol}s://: change the address (and its port), or leave the file out`,
          ),
        ],
  );
}
