import { expect, test } from 'bun:test';
import {
  AnswerWatch,
  EffectWatch,
  repeatedClaim,
  strayAnswer,
} from '../../../../session/invariants/noReplay.ts';
import { claimOf, event, move, restarted } from './events.ts';

test('an answer is to the claim that is open', () => {
  expect(strayAnswer(claimOf(3), claimOf(3))).toBeNull();
  expect(strayAnswer(null, claimOf(3))).toContain('no claim is open');
  expect(strayAnswer(claimOf(3), claimOf(2))).toContain('version 3 is open');
  expect(strayAnswer(claimOf(3), claimOf(3, 'other'))).toContain('I5');
});

test('a claim is committed once', () => {
  expect(repeatedClaim(null, claimOf(3))).toBeNull();
  expect(repeatedClaim(claimOf(2), claimOf(3))).toBeNull();
  expect(repeatedClaim(claimOf(3), claimOf(3))).toContain('committed twice');
});

const claim = (stateVersion: number) =>
  event({ event: 'claim', stateVersion, reasonCode: 'agent_restarted' });
const answered = (trigger = 'reattach_accepted') =>
  move('RECOVERING', 'ATTACHED', 0, { detail: { trigger } });

test('an answer counts once', () => {
  const watch = new AnswerWatch();
  watch.see(claim(1));
  expect(watch.see(answered('attach_accepted'))).toBeNull();
  expect(watch.see(answered())).toContain('no claim was open');
  watch.see(claim(4));
  expect(watch.see(answered('switch_abandoned'))).toBeNull();
  expect(watch.see(answered('switch_abandoned_degraded'))).toContain('I5');
  expect(watch.judged).toBe(4);
});

test('what closes a claim: death of the binding, the end, a refusal, a restart', () => {
  const closing = [
    move('ATTACHED', 'RECOVERING', 0, { detail: { trigger: 'transport_dead' } }),
    move('ATTACHED', 'TERMINATED', 0),
    event({ event: 'refusal', reasonCode: 'session_live', detail: { fatal: false } }),
    restarted(0),
  ];
  for (const close of closing) {
    const watch = new AnswerWatch();
    watch.see(claim(1));
    watch.see(close);
    expect(watch.see(answered())).toContain('I5');
  }
});

test('what a device refuses itself, a document or a policy, closes no claim', () => {
  for (const reasonCode of ['push_busy', 'document_expired', 'policy_refused'] as const) {
    const watch = new AnswerWatch();
    watch.see(claim(1));
    watch.see(event({ event: 'refusal', reasonCode, detail: { kind: 'policy', version: 3 } }));
    expect(watch.see(answered())).toBeNull();
  }
});

test('moves that nobody answered are not looked at', () => {
  const watch = new AnswerWatch();
  const down = move('ATTACHED', 'VOLATILE', 0, { detail: { trigger: 'quality_below_floor' } });
  expect(watch.see(down)).toBeNull();
  expect(watch.judged).toBe(0);
});

test('a packet, an initiation, a claim takes effect once', () => {
  const watch = new EffectWatch();
  expect(watch.packet('7')).toBeNull();
  expect(watch.packet('8')).toBeNull();
  expect(watch.packet('7')).toBe('I5: packet 7 took effect twice');
  expect(watch.initiation('a', 7)).toBeNull();
  expect(watch.initiation('b', 7)).toBeNull();
  expect(watch.initiation('a', 8)).toBeNull();
  expect(watch.initiation('a', 7)).toBe('I5: initiation 7 of a took effect twice');
  expect(watch.claim(claimOf(3))).toBeNull();
  expect(watch.claim(claimOf(3, 'other'))).toBeNull();
  expect(watch.claim(claimOf(3))).toContain('I5');
});
