/** Goal: each session that ended counts once, by its reason, however soon another one followed; and no end is a refusal. */
import { expect, test } from 'bun:test';
import { encodePayload } from '../../../agent/payload.ts';
import { BOOT, Scene } from './sample.ts';

const NEXT = 'ffeeddccbbaa9988';

test('an ended session counts once, however often it is said', () => {
  const scene = new Scene();
  scene.health({ seq: 1 });
  const ended = { state: 'TERMINATED', terminated: 'session_ttl_expired' };
  scene.health({ seq: 2, status: ended });
  scene.health({ seq: 3, status: ended });
  expect(scene.told().slice(1)).toEqual([
    'state session_ttl_expired ATTACHED→TERMINATED',
    'terminated session_ttl_expired ATTACHED→null',
  ]);
  expect(scene.day.current.terminated).toEqual({ session_ttl_expired: 1 });
});

test('sessions that end and are followed by others between two reports count, each by its reason', () => {
  const scene = new Scene();
  const second = { session_id: 'b'.repeat(32), state: 'BIRTH' };
  scene.health({ seq: 1, ended: { session_ttl_expired: 4 } });
  scene.told();
  const counters = { carrier_lost: 2, heartbeat_timeout: 1, session_ttl_expired: 3 };
  scene.health({
    ...{ seq: 2, status: { ...second, counters } },
    ended: { session_ttl_expired: 6, operator_terminated: 1 },
  });
  // One of the three was a refusal.
  expect(scene.told()).toEqual([
    'state session_ttl_expired ATTACHED→BIRTH',
    'refused session_ttl_expired',
    'terminated session_ttl_expired ATTACHED→null ×2',
    'terminated operator_terminated ATTACHED→null',
  ]);
  scene.health({ seq: 1, boot: NEXT, ended: { shutdown: 1 } });
  expect(scene.day.current.terminated).toEqual({
    ...{ session_ttl_expired: 2, operator_terminated: 1, shutdown: 1 },
  });
});

test('the end of a session is no refusal, and a new process does not say the last one’s end again', () => {
  const scene = new Scene();
  scene.health({ seq: 1 });
  scene.told();
  const ended = { state: 'TERMINATED', terminated: 'session_ttl_expired' };
  const counters = { carrier_lost: 2, heartbeat_timeout: 1, session_ttl_expired: 1 };
  scene.health({ seq: 2, status: { ...ended, counters } });
  expect(scene.told()).toEqual([
    'state session_ttl_expired ATTACHED→TERMINATED',
    'terminated session_ttl_expired ATTACHED→null',
  ]);
  // As its flash remembers it, before its first session.
  scene.health({ seq: 1, boot: NEXT, status: { ...ended, counters: {} }, ended: {} });
  expect(scene.told()).toEqual([]);
});

test('an end without a reason, and one of a newer agent, are ends', () => {
  const older = { v: 1, boot: BOOT, state: 'ATTACHED', session_id: 'a', terminated: null };
  const scene = new Scene();
  const say = (more: object) =>
    scene.say('gw-7/health', encodePayload({ ...older, ...more }, 'cbor'));
  say({ seq: 1 });
  say({ seq: 2, state: 'TERMINATED' });
  say({ seq: 3, state: 'TERMINATED' });
  say({ seq: 4, session_id: 'b' });
  say({ seq: 5, session_id: 'b', state: 'TERMINATED', terminated: 'a_newer_code' });
  say({ seq: 6, boot: NEXT, ended: { another_newer_code: 2, 'Not A Code': 1, constructor: 3 } });
  expect(scene.day.current.terminated).toEqual({
    ...{ no_reason_given: 1, a_newer_code: 1, another_newer_code: 2 },
  });
  expect(scene.told()).toContain('terminated no_reason_given ATTACHED→null');
});
