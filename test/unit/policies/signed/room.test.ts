/**
 * Goal: what a device remembers of groups that it has left is never why it takes nothing any more.
 *
 * Method: as in staging.test.ts.
 */
import { expect, test } from 'bun:test';
import { NOTHING_PUSHED } from '../../../../policies/signed/record.ts';
import { CALM, Device, emergency, pushed } from './stagedDevice.ts';

test('◆ versions of groups that a device has left make room; its own are kept', () => {
  const floors = Array.from({ length: 31 }, (_, at) => ({
    ...({ kind: 'policy', version: 100 + at } as const),
    target: { level: 'group', fleet: 'acme', name: `left-${at}` } as const,
  }));
  const own = { kind: 'emergency', target: { level: 'fleet', name: 'acme' }, version: 4 } as const;
  const record = { ...NOTHING_PUSHED, floors: [own, ...floors] };
  const device = new Device({ record });
  device.take(pushed(2));
  expect(device.followed).toBe('pushed 2');
  device.tell({ kind: 'proven' });
  const kept = device.state.record.floors;
  expect([kept.length, kept[0], kept[1]?.version, kept.at(-1)?.version]).toEqual([32, own, 101, 2]);
  device.forget();
  device.take(emergency(4, CALM));
  expect(device.asked).toEqual(['document_replayed 4']);
  // Nothing but its own: there is no room.
  const names = Array.from({ length: 32 }, (_, at) => ({ ...own, version: at + 1 }));
  const full = new Device({ record: { ...NOTHING_PUSHED, floors: names } });
  full.take(pushed(2));
  expect(full.asked).toEqual(['push_full 2']);
});
