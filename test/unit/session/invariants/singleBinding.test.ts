import { expect, test } from 'bun:test';
import {
  BindingWatch,
  manyBindings,
  strayBinding,
  straySending,
} from '../../../../session/invariants/singleBinding.ts';

const bind = (stateVersion: number, transportId: number) => ({ stateVersion, transportId });

test('data goes to the recorded transport or nowhere', () => {
  expect(strayBinding({ sendingTransportId: null, recordedTransportId: 1 })).toBeNull();
  expect(strayBinding({ sendingTransportId: 1, recordedTransportId: 1 })).toBeNull();
  expect(strayBinding({ sendingTransportId: 2, recordedTransportId: 1 })).toContain('I1');
  expect(strayBinding({ sendingTransportId: 2, recordedTransportId: null })).toContain('I1');
});

test('a device sends on its binding exactly while it carries', () => {
  expect(straySending({ isCarrying: true, activeId: 1 })).toBeNull();
  expect(straySending({ isCarrying: false, activeId: null, routeTransportId: null })).toBeNull();
  expect(straySending({ isCarrying: true, activeId: 1, routeTransportId: 1 })).toBeNull();
  expect(straySending({ isCarrying: true, activeId: null })).toContain('without a binding');
  expect(straySending({ isCarrying: false, activeId: 1 })).toContain('is bound to 1');
  expect(straySending({ isCarrying: true, activeId: 1, routeTransportId: 2 })).toContain('I1');
  expect(straySending({ isCarrying: false, activeId: null, routeTransportId: 2 })).toContain('I1');
});

test('one hub at most has a route to a device', () => {
  const at = (hubId: string, device: string, transportId: number | null) => ({
    ...{ hubId, device, transportId },
  });
  expect(manyBindings([at('a', 'd', 1), at('b', 'd', null), at('c', 'e', 1)])).toBeNull();
  expect(manyBindings([at('a', 'd', 1), at('b', 'd', 1)])).toContain('a and b both send data to d');
  expect(manyBindings([at('a', 'd', 1), at('b', 'd', 2)])).toContain('I1');
});

test('claimed, committed, moved to: in this order nothing is wrong', () => {
  const watch = new BindingWatch();
  expect(watch.hasBinding).toBe(false);
  watch.claimed(bind(1, 1));
  expect(watch.committed(bind(1, 1))).toBeNull();
  expect(watch.moved(1)).toBeNull();
  expect(watch.hasBinding).toBe(true);
  watch.claimed(bind(3, 2));
  expect(watch.committed(bind(3, 2))).toBeNull();
  expect(watch.end()).toBeNull(); // its answer is still under way
  expect(watch.moved(2)).toBeNull();
  expect(watch.end()).toBeNull();
});

test('what was not claimed is not committed, what was not committed is not moved to', () => {
  const watch = new BindingWatch();
  expect(watch.moved(1)).toContain('without a claim');
  watch.claimed(bind(1, 1));
  expect(watch.committed(bind(1, 2))).toContain('never claimed');
  expect(watch.moved(1)).toContain('which no hub committed');
  expect(watch.moved(2)).toContain('its newest claim was transport 1');
  expect(watch.end()).toContain('in the end the hub holds transport 2');
});
