import { expect, test } from 'bun:test';
import type { AuditEvent } from '../../../../session/audit.ts';
import { excessSwitching } from '../../../../session/invariants/boundedSwitching.ts';
import { strayTransition } from '../../../../session/invariants/explicit.ts';
import { rollbackBetween } from '../../../../session/invariants/noRollback.ts';
import { strayOwner } from '../../../../session/invariants/oneOwner.ts';
import { strayBinding } from '../../../../session/invariants/singleBinding.ts';

const clocks = { stateVersion: 5, ownerEpoch: 2, hubSeq: 9 };

test('I4: each clock may stay or grow, and none may go back', () => {
  expect(rollbackBetween(clocks, clocks)).toBeNull();
  expect(rollbackBetween(clocks, { stateVersion: 6, ownerEpoch: 3, hubSeq: 10 })).toBeNull();
  for (const clock of ['stateVersion', 'ownerEpoch', 'hubSeq'] as const) {
    expect(rollbackBetween(clocks, { ...clocks, [clock]: clocks[clock] - 1 })).toContain(clock);
  }
});

test('I1: data goes to the recorded transport or nowhere', () => {
  expect(strayBinding({ sendingTransportId: null, recordedTransportId: 1 })).toBeNull();
  expect(strayBinding({ sendingTransportId: 1, recordedTransportId: 1 })).toBeNull();
  expect(strayBinding({ sendingTransportId: 2, recordedTransportId: 1 })).toContain('I1');
  expect(strayBinding({ sendingTransportId: 2, recordedTransportId: null })).toContain('I1');
});

test('I6: who serves owns and has the lease', () => {
  expect(strayOwner({ isServing: true, isOwner: true, isLeaseValid: true })).toBeNull();
  expect(strayOwner({ isServing: false, isOwner: false, isLeaseValid: false })).toBeNull();
  expect(strayOwner({ isServing: true, isOwner: false, isLeaseValid: true })).toContain('owning');
  expect(strayOwner({ isServing: true, isOwner: true, isLeaseValid: false })).toContain('lease');
});

test('I7: the cap passes, one more in the same minute does not', () => {
  expect(excessSwitching([0, 10, 20], 3)).toBeNull();
  expect(excessSwitching([0, 10, 20, 59_999], 3)).toContain('I7');
  expect(excessSwitching([0, 10, 20, 60_000], 3)).toBeNull();
  expect(excessSwitching([0, 50_000, 70_000, 80_000, 90_000], 3)).toContain('I7');
});

test('I8: transitions are rows of the table, in the order in which they chain', () => {
  const move = (from: AuditEvent['from'], to: AuditEvent['to']): AuditEvent => ({
    event: 'transition',
    atMs: 0,
    reasonCode: 'attach_accepted',
    device: '',
    sessionId: null,
    from,
    to,
    stateVersion: 1,
    hubSeq: 1,
    ownerEpoch: 1,
    transport: null,
    detail: {},
  });
  expect(strayTransition(null, move('BIRTH', 'ATTACHED'))).toBeNull();
  expect(strayTransition('TERMINATED', move('BIRTH', 'ATTACHED'))).toBeNull();
  expect(strayTransition('ATTACHED', move('ATTACHED', 'RECOVERING'))).toBeNull();
  expect(strayTransition('RECOVERING', move('ATTACHED', 'RECOVERING'))).toContain('last seen');
  expect(strayTransition('TERMINATED', move('TERMINATED', 'ATTACHED'))).toContain('no row');
  expect(strayTransition('ATTACHED', move('ATTACHED', null))).toContain('both');
  expect(strayTransition('ATTACHED', { ...move(null, null), event: 'claim' })).toBeNull();
  expect(
    strayTransition('ATTACHED', { ...move('ATTACHED', 'VOLATILE'), event: 'notice' }),
  ).toContain('I8');
});
