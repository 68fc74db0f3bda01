import { expect, test } from 'bun:test';
import { EndedSessions } from '../../../agent/endedSessions.ts';

test('each end of a session counts once by its reason, and nothing else does', () => {
  const ended = new EndedSessions();
  expect(ended.snapshot()).toEqual({});
  const end = { event: 'transition', from: 'ATTACHED', to: 'TERMINATED' } as const;
  ended.note({ ...end, reasonCode: 'session_ttl_expired' });
  ended.note({ ...end, from: 'RECOVERING', reasonCode: 'session_ttl_expired' });
  ended.note({ ...end, from: 'BIRTH', reasonCode: 'birth_deadline_exceeded' });
  const said = ended.snapshot();
  ended.note({ ...end, to: 'RECOVERING', reasonCode: 'carrier_lost' });
  ended.note({ ...end, event: 'refusal', reasonCode: 'session_ttl_expired' });
  ended.note({ ...end, from: 'TERMINATED', reasonCode: 'shutdown' });
  expect(said).toEqual({ session_ttl_expired: 2, birth_deadline_exceeded: 1 });
  expect(ended.snapshot()).toEqual(said);
});
