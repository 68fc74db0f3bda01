import { expect, test } from 'bun:test';
import {
  ExplicitWatch,
  seqFault,
  silentMove,
  strayTransition,
  unexplainedEnd,
  unknownReason,
} from '../../../../session/invariants/explicit.ts';
import { event, move, restarted } from './events.ts';

test('transitions are rows of the table, in the order in which they chain', () => {
  expect(strayTransition(null, move('BIRTH', 'ATTACHED', 0))).toBeNull();
  expect(strayTransition('TERMINATED', move('BIRTH', 'ATTACHED', 0))).toBeNull();
  expect(strayTransition('ATTACHED', move('ATTACHED', 'RECOVERING', 0))).toBeNull();
  expect(strayTransition('RECOVERING', move('ATTACHED', 'RECOVERING', 0))).toContain('last seen');
  expect(strayTransition('TERMINATED', move('TERMINATED', 'ATTACHED', 0))).toContain('no row');
  const half = { ...move('ATTACHED', 'VOLATILE', 0), to: null };
  expect(strayTransition('ATTACHED', half)).toContain('both');
  expect(strayTransition('ATTACHED', event({ event: 'claim' }))).toBeNull();
  const hidden = { ...move('ATTACHED', 'VOLATILE', 0), event: 'notice' } as const;
  expect(strayTransition('ATTACHED', hidden)).toContain('without a transition event');
});

test('a reason is one of the table, an end has one', () => {
  expect(unknownReason('carrier_lost')).toBeNull();
  expect(unknownReason('because')).toContain('because is no reason');
  expect(unknownReason('toString')).toContain('I8');
  expect(unexplainedEnd('TERMINATED', 'shutdown')).toBeNull();
  expect(unexplainedEnd('ATTACHED', null)).toBeNull();
  expect(unexplainedEnd('TERMINATED', null)).toContain('without a reason');
});

test('a state changes by its events and by nothing else', () => {
  const lost = move('ATTACHED', 'RECOVERING', 0);
  expect(silentMove('ATTACHED', 'RECOVERING', [event(), lost])).toBeNull();
  expect(silentMove('ATTACHED', 'ATTACHED', [])).toBeNull();
  expect(silentMove(null, 'RECOVERING', [])).toBeNull();
  expect(silentMove('ATTACHED', 'RECOVERING', [])).toContain('became RECOVERING without an event');
  expect(silentMove('ATTACHED', 'ATTACHED', [lost])).toContain('RECOVERING became ATTACHED');
  expect(silentMove('ATTACHED', 'RECOVERING', [{ ...lost, reasonCode: 'because' }])).toContain(
    'no reason',
  );
});

test('numbers follow each other', () => {
  expect(seqFault(null, 7)).toBeNull();
  expect(seqFault(7, 8)).toBeNull();
  for (const seq of [7, 9, 1]) expect(seqFault(7, seq)).toContain(`seq ${seq} follows 7`);
});

test('over time: a device goes on in RECOVERING, a hub shows where', () => {
  const watch = new ExplicitWatch();
  expect(watch.see(move('BIRTH', 'ATTACHED', 0))).toBeNull();
  expect(watch.see(move('BIRTH', 'ATTACHED', 0))).toContain('last seen in ATTACHED');
  expect(watch.see(restarted(1))).toBeNull();
  expect(watch.see(move('RECOVERING', 'ATTACHED', 2))).toBeNull();
  expect(watch.see(event({ reasonCode: 'hub_restarted' }))).toBeNull();
  expect(watch.see(move('DEGRADED', 'ATTACHED', 2))).toBeNull();
  expect(watch.see(event({ reasonCode: 'because' }))).toContain('no reason');
});
