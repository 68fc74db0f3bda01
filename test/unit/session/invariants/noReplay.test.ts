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
    event({ event: 'refusal' }),
    restarted(0),
  ];
  for (const close of closing) {
    const watch = new AnswerWatch();
    watch.see(claim(1));
    watch.see(close);
    expect(watch.see(answered())).toContain('I5');
  }
});

test('moves that nobody answered are not looked at', () => {
  const watch = new AnswerWatch();
  const down = move('ATTACHED', 'VOLATILE', 0, { detail: { trigger: 'quality_below_floor' } });
  expect(watch.see(down)).toBeNull();
  expect(watch.judged).toBe(0);
});

test('a datagram, a claim, a command takes effect once', () => {
  const watch = new EffectWatch();
  const data = { keyId: 'k', type: 'data', lane: 1, counter: 7 } as const;
  const control = { ...data, type: 'control' } as const;
  expect(watch.datagram(data)).toBeNull();
  expect(watch.datagram({ ...data, counter: 8 })).toBeNull();
  expect(watch.datagram({ ...data, keyId: 'l' })).toBeNull();
  expect(watch.datagram(control)).toBeNull();
  expect(watch.datagram({ ...control, lane: 2 })).toBeNull();
  expect(watch.datagram({ ...data, lane: 2 })).toContain('took effect twice'); // one counter for all lanes
  expect(watch.datagram(control)).toContain('took effect twice');
  expect(watch.claim(claimOf(3))).toBeNull();
  expect(watch.claim(claimOf(3))).toContain('I5');
  expect(watch.command('policy 2', 0, null)).toBeNull();
  expect(watch.command('policy 2', 0, null)).toContain('twice');
  expect(watch.command('policy 3', 9, 10)).toBeNull();
  expect(watch.command('policy 4', 10, 10)).toContain('after its freshness ended');
});
