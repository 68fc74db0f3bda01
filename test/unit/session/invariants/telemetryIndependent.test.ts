import { expect, test } from 'bun:test';
import { divergence, MoveTrace } from '../../../../session/invariants/telemetryIndependent.ts';
import { event, move } from './events.ts';

test('two runs move alike, or the first difference is told', () => {
  expect(divergence([], [])).toBeNull();
  expect(divergence(['a', 'b'], ['a', 'b'])).toBeNull();
  expect(divergence(['a', 'b'], ['a', 'c'])).toContain('move 2 is b in one run, c');
  expect(divergence(['a'], ['a', 'c'])).toContain('move 2 is none');
  expect(divergence(['a', 'b'], ['a'])).toContain('none in the other');
});

test('a trace holds moves and switches: who, what, why, when, with all facts', () => {
  const trace = new MoveTrace();
  trace.see('device', move('ATTACHED', 'VOLATILE', 5));
  trace.see('device', event({ event: 'switch', atMs: 6, detail: { transportId: 2 } }));
  trace.see('device', event({ event: 'notice' }));
  expect(trace.moves).toEqual([
    'device ATTACHED → VOLATILE (reattach_accepted) v1 at 5 {}',
    'device switch (link_changed) v1 at 6 {"transportId":2}',
  ]);
});
