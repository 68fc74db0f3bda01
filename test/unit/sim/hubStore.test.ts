/**
 * Goal: what the store answers reaches a hub through its machine: not while it sleeps, and not past its death; and only
 * from then on checkers hold the hub to it.
 */
import { expect, test } from 'bun:test';
import type { SessionRecord } from '../../../session/hub/record.ts';
import { Wire } from '../../sim/checkers/wire.ts';
import { Fuse } from '../../sim/machine/powerCut.ts';
import { Random } from '../../sim/random.ts';
import { HubStoreClient } from '../../sim/store/hubStore.ts';
import { SimStore } from '../../sim/store/simStore.ts';
import { World } from '../../sim/world.ts';
import { DATA, fromHub, nextOf, recordOf } from './checkers/observed.ts';

const DEVICE = `${'A'.repeat(43)}=`;
const FIRST = recordOf({ device: DEVICE, sessionId: 'aa'.repeat(16) });
const SECOND = nextOf({ device: DEVICE, sessionId: 'aa'.repeat(16), transportId: 2 });

/** A hub whose machine takes what came when it is told to, under the rules about who sends data where. */
function newHub() {
  const world = new World();
  const store = new SimStore(world, new Random(1), 5);
  const waiting: (() => void)[] = [];
  const client = new HubStoreClient('hub-0', store, new Fuse(), [], (work) => waiting.push(work));
  const faults: string[] = [];
  const wire = new Wire((checker, _, fault) => void (fault !== null && faults.push(checker)), {
    deviceOf: () => DEVICE,
    record: (device) => store.record(device),
  });
  store.onLearned = (hub, record) => wire.onLearned(hub, record);
  store.onDoubt = (hub, device, isInDoubt) => wire.onDoubt(hub, device, isInDoubt);
  const answers: string[] = [];
  const swap = (expectedRevision: number, record: SessionRecord) => {
    const swapId = expectedRevision + 1;
    const request = { kind: 'swap', device: DEVICE, life: 1, swapId, expectedRevision } as const;
    client.swap({ ...request, record }, ({ outcome }) => answers.push(outcome));
    world.runUntil(world.nowMs + 5_000);
  };
  const takeAll = () => {
    for (const work of waiting.splice(0)) work();
  };
  /** The rules that data to this transport breaks at this moment. */
  const faultsOf = (transportId: number) => {
    wire.onSent(fromHub(DATA, { transportId }));
    return faults.splice(0);
  };
  return { store, answers, waiting, swap, takeAll, faultsOf };
}

test('an answer waits until the machine takes it', () => {
  const { store, answers, waiting, swap, takeAll } = newHub();
  swap(0, FIRST);
  expect(store.record(DEVICE)?.revision).toBe(1);
  expect([waiting.length, answers]).toEqual([1, []]);
  takeAll();
  expect(answers).toEqual(['committed']);
});

test('a hub that sleeps has not learned: the binding before counts until it takes the answer, then only the new one', () => {
  const { swap, takeAll, faultsOf } = newHub();
  swap(0, FIRST);
  takeAll();
  swap(1, SECOND);
  expect([faultsOf(1), faultsOf(2)]).toEqual([[], ['hubBinding']]);
  takeAll();
  expect([faultsOf(1), faultsOf(2)]).toEqual([['hubBinding'], []]);
});

test('a hub that sleeps is in no doubt: it is once it takes the answer that says nothing', () => {
  const { store, swap, takeAll, faultsOf } = newHub();
  swap(0, FIRST);
  takeAll();
  store.change({ lostAnswerPercent: 100 });
  swap(1, SECOND);
  expect(faultsOf(1)).toEqual([]);
  takeAll();
  expect(faultsOf(1)).toEqual(['hubInDoubt']);
});

test('what a hub was to be told dies with it', () => {
  const { store, answers, swap, takeAll, faultsOf } = newHub();
  swap(0, FIRST);
  store.hubDied('hub-0');
  takeAll();
  expect([answers, faultsOf(1)]).toEqual([[], ['hubData', 'hubBinding']]);
});
