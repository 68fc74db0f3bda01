/**
 * Goal: what the daemon says itself never makes the session's own events a rollback (I4).
 * Method: a session whose flash holds a ceiling above what it uses, the daemon speaking between two of its events, and the rule that
 * the audit is judged by.
 */
import { expect, test } from 'bun:test';
import { daemonEvent } from '../../../agent/daemonEvent.ts';
import type { AuditEvent } from '../../../session/audit.ts';
import { VersionWatch } from '../../../session/invariants/noRollback.ts';

const SAID = {
  event: 'notice',
  atMs: 5,
  reasonCode: 'policy_on_trial',
  device: 'gw1',
  detail: { version: 2 },
} as const;
const REMEMBERED = { sessionId: 'aa', versionCeiling: 64 };

/** What the rule says of each line: of the session's, with these versions, and of the daemon's between them. */
function judged(versions: readonly (number | 'daemon')[]) {
  const watch = new VersionWatch();
  let newest: number | undefined;
  return versions.map((version) => {
    const own = daemonEvent(SAID, REMEMBERED, newest);
    const line: AuditEvent =
      version === 'daemon' ? own : { ...own, event: 'transition', stateVersion: version };
    newest = line.stateVersion;
    return watch.see(line);
  });
}

test('while the session lives it has the version of the newest event, not the ceiling above it', () => {
  expect(daemonEvent(SAID, REMEMBERED, 7)).toMatchObject({ sessionId: 'aa', stateVersion: 7 });
  expect(judged([7, 'daemon', 8, 'daemon', 'daemon', 9])).toEqual(Array(6).fill(null));
});

test('before the first event it has the ceiling, which everything was below that an earlier process used', () => {
  expect(daemonEvent(SAID, REMEMBERED).stateVersion).toBe(64);
  expect(judged([63, 64, 'daemon'])).toEqual([null, null, null]);
  expect(judged(['daemon', 65])).toEqual([null, null]);
});

test('without anything on flash it has none', () => {
  expect(daemonEvent(SAID, null)).toMatchObject({ sessionId: null, stateVersion: 0 });
});
