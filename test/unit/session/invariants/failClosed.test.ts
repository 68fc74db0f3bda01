import { expect, test } from 'bun:test';
import { DeliveryWatch, exposed, openDoor } from '../../../../session/invariants/failClosed.ts';

test('data moves in a session, on a channel that proved to be its own', () => {
  const open = { isOpen: true, hasSession: true, isChannelProven: true };
  expect(openDoor(open)).toBeNull();
  expect(openDoor({ isOpen: false, hasSession: false, isChannelProven: false })).toBeNull();
  expect(openDoor({ ...open, hasSession: false })).toContain('without a session');
  expect(openDoor({ ...open, isChannelProven: false })).toContain('proved nothing');
});

test('an inner packet is found in a datagram wherever it begins', () => {
  const inner = Uint8Array.of(7, 7, 8);
  expect(exposed(Uint8Array.of(7, 7, 9, 7, 8), inner)).toBeNull();
  expect(exposed(Uint8Array.of(7, 7), inner)).toBeNull();
  expect(exposed(Uint8Array.of(1), new Uint8Array())).toBeNull();
  expect(exposed(Uint8Array.of(7, 7, 7, 8), inner)).toContain('at byte 1');
  expect(exposed(Uint8Array.of(7, 7, 8, 0), inner)).toContain('at byte 0');
  expect(exposed(Uint8Array.of(0, 7, 7, 8), inner)).toContain('3 bytes');
});

test('a packet belongs to the device whose session it came out of', () => {
  const watch = new DeliveryWatch();
  expect(watch.belongs('s1', 'a')).toBeNull();
  expect(watch.belongs('s1', 'a')).toBeNull();
  expect(watch.delivered({ sessionId: 's1', device: 'a' })).toBeNull();
  expect(watch.delivered({ sessionId: 's1', device: 'b' })).toContain('a packet of b');
  expect(watch.delivered({ sessionId: 's2', device: 'a' })).toContain('of nobody');
  expect(watch.delivered({ sessionId: null, device: 'a' })).toContain('without a session');
  expect(watch.belongs('s1', 'b')).toContain("became b's");
});
