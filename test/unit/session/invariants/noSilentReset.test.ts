import { expect, test } from 'bun:test';
import { SessionWatch, silentReset } from '../../../../session/invariants/noSilentReset.ts';
import { event, move, restarted } from './events.ts';

const created = (sessionId: string, named: string | null) =>
  event({ sessionId, reasonCode: 'session_created', detail: { previousSessionId: named } });

test('the same session, or the first, or one that names the ended one before it', () => {
  const change = { beforeId: 's1', afterId: 's2', hasEnded: true, namedId: 's1' };
  expect(silentReset(change)).toBeNull();
  expect(silentReset({ ...change, beforeId: null, namedId: null })).toBeNull();
  expect(silentReset({ ...change, afterId: 's1', hasEnded: false })).toBeNull();
  expect(silentReset({ ...change, hasEnded: false })).toContain('had not ended');
  expect(silentReset({ ...change, namedId: null })).toContain('names none');
  expect(silentReset({ ...change, namedId: 's0' })).toContain('names s0');
  expect(silentReset({ ...change, afterId: null })).toContain('I2');
});

function attached(): SessionWatch {
  const watch = new SessionWatch();
  expect(watch.see(created('s1', null))).toBeNull();
  expect(watch.see(move('BIRTH', 'ATTACHED', 1))).toBeNull();
  return watch;
}

test('a session that was attached ends before another begins, and is named by it', () => {
  const watch = attached();
  expect(watch.see(move('ATTACHED', 'TERMINATED', 2))).toBeNull();
  expect(watch.see(created('s2', 's1'))).toBeNull();
  expect(attached().see(created('s2', 's1'))).toContain('had not ended');
  const nameless = attached();
  nameless.see(move('ATTACHED', 'TERMINATED', 2));
  expect(nameless.see(created('s2', null))).toContain('names none');
});

test('an attempt that nobody answered is followed by another', () => {
  const watch = new SessionWatch();
  watch.see(created('s1', null));
  watch.see(event({ event: 'claim' }));
  expect(watch.see(created('s2', 's1'))).toBeNull();
});

test('a log that begins in the middle of a session is no attempt', () => {
  const watch = new SessionWatch();
  watch.see(event({ sessionId: 's1' }));
  expect(watch.see(created('s2', 's1'))).toContain('had not ended');
});

test('lost flash explains one change, a restart none', () => {
  const lost = attached();
  lost.see(event({ event: 'alarm', reasonCode: 'flash_lost', sessionId: null }));
  expect(lost.see(created('s2', null))).toBeNull();
  lost.see(move('BIRTH', 'ATTACHED', 2, { sessionId: 's2' }));
  expect(lost.see(created('s3', null))).toContain('I2');
  const again = attached();
  again.see(restarted(2));
  expect(again.see(created('s2', null))).toContain('I2');
});

test('a hub that restarts goes on with the session of the store, and with no other', () => {
  const hub = attached();
  const back = (sessionId: string) => event({ sessionId, reasonCode: 'hub_restarted' });
  expect(hub.see(back('s2'))).toBeNull();
  expect(hub.see(back('s2'))).toBeNull();
  expect(hub.see(move('BIRTH', 'ATTACHED', 3, { sessionId: 's3' }))).toContain('I2');
});
