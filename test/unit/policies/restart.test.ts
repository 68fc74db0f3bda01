/** Goal: whoever changes a policy under running daemons is told which of it waits for their next start, and of nothing else. */
import { expect, test } from 'bun:test';
import { loadPolicy } from '../../../policies/load.ts';
import { waitingForRestart } from '../../../policies/restart.ts';

function policyOf(document: object) {
  const loaded = loadPolicy(document);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.policy;
}

test('fields that say so wait, others do not, and what is the same never does', () => {
  const before = policyOf({});
  const other = {
    resend: { buffer_bytes: 65_536, max_age_ms: 500 },
    session: { ttl_ms: 60_000, recovery_window_ms: 1_000, transport_ttl_ms: 2_000 },
  };
  expect(waitingForRestart(before, policyOf(other))).toEqual(['resend.buffer_bytes']);
  expect(waitingForRestart(before, policyOf({ ...other, resend: {} }))).toEqual([]);
  expect(waitingForRestart(before, before)).toEqual([]);
});
