/** Goal: ATTACHED proves a policy only with an answer of the hub behind it, on the binding. */
import { expect, test } from 'bun:test';
import { isProven } from '../../../agent/proven.ts';
import type { Device, Transport } from '../../../session/device/state.ts';
import { newDevice } from '../../../session/device/state.ts';
import { newLiveness } from '../../../session/liveness/liveness.ts';

const heard = (transportId: number, heardAtMs: number | null) =>
  ({ transportId, liveness: { ...newLiveness, heardAtMs } }) as Transport;
const device = (more: Partial<Device>): Device => ({
  ...newDevice(),
  ...{ state: 'ATTACHED', activeId: 1, transports: [heard(1, 101)], ...more },
});

test('what was heard before, elsewhere, or in another state proves nothing', () => {
  expect(isProven(device({}), 100)).toBe(true);
  expect(isProven(device({}), 101)).toBe(false);
  expect(isProven(device({ state: 'VOLATILE' }), 100)).toBe(false);
  expect(isProven(device({ activeId: 2 }), 100)).toBe(false);
  expect(isProven(device({ transports: [heard(1, null), heard(2, 101)] }), 100)).toBe(false);
});
