/**
 * A history that no `jvpn fleet` has open, read and left as it is.
 *
 * @module
 */
import { Database } from 'bun:sqlite';
import { statSync } from 'node:fs';
import { laterRelease, tablesVersion } from './schema.ts';

export type ReadHistory<T> =
  | { readonly ok: true; readonly value: T }
  /** In words for a person. */
  | { readonly ok: false; readonly message: string };

/** What `read` makes of the database in `file`, of this release or an older one; what it throws is a file that is none. */
export function readHistory<T>(file: string, read: (database: Database) => T): ReadHistory<T> {
  let database: Database | null = null;
  try {
    if (!statSync(file).isFile()) return { ok: false, message: `${file} is no file` };
    database = new Database(file, { readonly: true, strict: true });
    database.run('PRAGMA busy_timeout = 200');
    const version = tablesVersion(database);
    const later = laterRelease(version);
    if (later !== null) return { ok: false, message: `${file} cannot be read: ${later}` };
    if (version < 1) throw new Error('its tables have no version');
    return { ok: true, value: read(database) };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    const running = `${file} is open in a jvpn fleet that runs; end it, or copy what it wrote`;
    const foreign = `${file} is no history of a fleet: ${detail}`;
    return { ok: false, message: /locked|busy/i.test(detail) ? running : foreign };
  } finally {
    database?.close();
  }
}
