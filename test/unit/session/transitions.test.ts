import { describe, expect, test } from 'bun:test';
import {
  carriesData,
  nextState,
  STATES,
  TRANSITIONS,
  TRIGGERS,
} from '../../../session/transitions.ts';

/** One row a trigger, one column a state; a dot is a forbidden cell. */
function grid(): string {
  const width = Math.max(...TRIGGERS.map((trigger) => trigger.length));
  const row = (name: string, cells: readonly string[]) =>
    [name.padEnd(width), ...cells.map((cell) => cell.padEnd(10))].join(' ').trimEnd();
  return [
    row('', STATES),
    ...TRIGGERS.map((trigger) =>
      row(
        trigger,
        STATES.map((state) => nextState(state, trigger) ?? '.'),
      ),
    ),
  ].join('\n');
}

describe('transitions', () => {
  test('the whole grid of states and triggers, forbidden cells included', () => {
    expect(`\n${grid()}\n`).toMatchInlineSnapshot(`
      "
                                BIRTH      ATTACHED   VOLATILE   DEGRADED   RECOVERING TERMINATED
      attach_accepted           ATTACHED   .          .          .          .          .
      attach_rejected           TERMINATED .          .          .          .          .
      birth_deadline_exceeded   TERMINATED .          .          .          .          .
      quality_below_floor       .          VOLATILE   .          .          .          .
      switch_planned            .          VOLATILE   .          .          .          .
      transport_dead            .          RECOVERING RECOVERING RECOVERING .          .
      quality_restored          .          .          ATTACHED   ATTACHED   .          .
      reattach_accepted         .          .          ATTACHED   ATTACHED   ATTACHED   .
      switch_abandoned          .          .          ATTACHED   .          .          .
      switch_abandoned_degraded .          .          DEGRADED   .          .          .
      volatility_persisted      .          .          DEGRADED   .          .          .
      policy_exceeded           .          .          .          TERMINATED .          .
      recovery_window_exceeded  .          .          .          .          TERMINATED .
      reattach_rejected         .          TERMINATED TERMINATED TERMINATED TERMINATED .
      session_ttl_expired       TERMINATED TERMINATED TERMINATED TERMINATED TERMINATED .
      transport_ttl_expired     TERMINATED TERMINATED TERMINATED TERMINATED TERMINATED .
      operator_terminated       TERMINATED TERMINATED TERMINATED TERMINATED TERMINATED .
      security_failure          TERMINATED TERMINATED TERMINATED TERMINATED TERMINATED .
      ownership_ambiguous       TERMINATED TERMINATED TERMINATED TERMINATED TERMINATED .
      "
    `);
  });

  test('TERMINATED is the only dead end', () => {
    const deadEnds = STATES.filter((state) =>
      TRIGGERS.every((trigger) => nextState(state, trigger) === null),
    );
    expect(deadEnds).toEqual(['TERMINATED']);
  });

  test('every state but the first is entered by some transition', () => {
    const entered = new Set<string>(TRANSITIONS.map(({ to }) => to));
    expect(STATES.filter((state) => !entered.has(state))).toEqual(['BIRTH']);
  });

  test('every trigger moves some state', () => {
    const idle = TRIGGERS.filter((trigger) =>
      STATES.every((state) => nextState(state, trigger) === null),
    );
    expect(idle).toEqual([]);
  });

  test('no transition leads back to where it came from', () => {
    const loops = STATES.filter((state) =>
      TRIGGERS.some((trigger) => nextState(state, trigger) === state),
    );
    expect(loops).toEqual([]);
  });

  test('a binding is lost by nothing but death or the end', () => {
    for (const state of STATES.filter(carriesData)) {
      for (const trigger of TRIGGERS) {
        const to = nextState(state, trigger);
        if (to === null || carriesData(to)) continue;
        expect([trigger, to]).toEqual([
          trigger,
          trigger === 'transport_dead' ? 'RECOVERING' : 'TERMINATED',
        ]);
      }
    }
  });

  test('data is carried in ATTACHED, VOLATILE and DEGRADED, and nowhere else', () => {
    expect(STATES.filter(carriesData)).toEqual(['ATTACHED', 'VOLATILE', 'DEGRADED']);
  });
});
