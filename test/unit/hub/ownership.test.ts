import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ownership } from '../../../hub/ownership.ts';
import { openStore, type Store } from '../../../hub/store.ts';
import { key, record } from './sample.ts';

function office() {
  const folder = mkdtempSync(join(tmpdir(), 'jvpn-owner-'));
  const opened = openStore(join(folder, 'hub.sqlite'));
  if (!opened.ok) throw new Error(opened.message);
  const store: Store = opened.value;
  return {
    store,
    ownership: new Ownership(store),
    [Symbol.dispose]() {
      store.close();
      rmSync(folder, { recursive: true });
    },
  };
}

const swap = (expectedRevision: number, more: Parameters<typeof record>[1] = {}) =>
  ({
    kind: 'swap',
    device: key(1),
    life: 3,
    swapId: 7,
    expectedRevision,
    record: record(1, { revision: expectedRevision + 1, ...more }),
  }) as const;

test('the answer names who asked and what the store holds', () => {
  using here = office();
  const answer = { kind: 'swapped', device: key(1), life: 3, swapId: 7 } as const;
  expect(here.ownership.swap(swap(0))).toEqual({
    ...answer,
    outcome: 'committed',
    current: record(1),
  });
  expect(here.ownership.swap(swap(4))).toEqual({
    ...answer,
    outcome: 'mismatch',
    current: record(1),
  });
});

test('◆ a store that fails is an unknown outcome, never a refusal', () => {
  using here = office();
  here.store.close();
  expect(here.ownership.swap(swap(0))).toMatchObject({ outcome: 'unknown', current: null });
  expect(here.ownership.failureCount).toBe(1);
});

test('a record that would go back stops the process instead of being answered', () => {
  using here = office();
  here.ownership.swap(swap(0));
  expect(() => here.ownership.swap(swap(1, { stateVersion: 1 }))).toThrow('state_version');
});

test('ending a session fences the swap that its seat had on the way', () => {
  using here = office();
  here.ownership.swap(swap(0));
  const ended = here.ownership.end(key(1), 'invariant_violated');
  expect(ended).toEqual(
    record(1, {
      revision: 2,
      terminated: 'invariant_violated',
      stateVersion: 11,
      ownerEpoch: 2,
      hubSeq: 5,
      recoveringSinceMs: null,
    }),
  );
  expect(here.ownership.swap(swap(1, { stateVersion: 12 }))).toMatchObject({ outcome: 'mismatch' });
  expect(here.ownership.end(key(1), 'operator_terminated')).toEqual(ended);
  expect(here.ownership.end(key(9), 'operator_terminated')).toBeNull();
});
