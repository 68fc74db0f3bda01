/** Goal: what the store answers reaches a hub through its machine: not while it sleeps, and not past its death. */
import { expect, test } from 'bun:test';
import { Fuse } from '../../sim/machine/powerCut.ts';
import { Random } from '../../sim/random.ts';
import { HubStoreClient } from '../../sim/store/hubStore.ts';
import { SimStore } from '../../sim/store/simStore.ts';
import { World } from '../../sim/world.ts';
import { recordOf } from './checkers/observed.ts';

test('an answer waits until the machine takes it', () => {
  const world = new World();
  const store = new SimStore(world, new Random(1), 5);
  const waiting: (() => void)[] = [];
  const client = new HubStoreClient('hub-0', store, new Fuse(), [], (work) => waiting.push(work));
  const answers: string[] = [];
  const device = `${'A'.repeat(43)}=`;
  const record = recordOf({ device, sessionId: 'aa'.repeat(16) });
  const swap = { kind: 'swap', device, life: 1, swapId: 1, expectedRevision: 0 } as const;
  client.swap({ ...swap, record }, ({ outcome }) => answers.push(outcome));
  world.runUntil(world.nowMs + 1_000);
  expect(store.record(device)?.revision).toBe(1);
  expect([waiting.length, answers]).toEqual([1, []]);
  for (const work of waiting) work();
  expect(answers).toEqual(['committed']);
});
