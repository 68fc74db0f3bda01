/**
 * Under which name the broker keeps what comes while this fleet is away: one for each history, whoever opens it.
 *
 * @module
 */
import type { Database } from 'bun:sqlite';
import { bytesToHex } from '../session/bytes.ts';

/** A client id at the broker that nobody else has. */
export const newBrokerName = () =>
  `jvpn-fleet-${bytesToHex(crypto.getRandomValues(new Uint8Array(6)))}`;

/** As an earlier process had it. Where it cannot be written down, one of this process. */
export function brokerNameOf(database: Database): string {
  const made = newBrokerName();
  try {
    database.run(
      'CREATE TABLE IF NOT EXISTS broker_name (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT',
    );
    database.run('INSERT OR IGNORE INTO broker_name VALUES (1, ?)', [made]);
    const row = database.query('SELECT name FROM broker_name').get() as { name: string } | null;
    return row?.name ?? made;
  } catch {
    // A full disk keeps no fleet from looking.
    return made;
  }
}
