import { expect, test } from 'bun:test';
import { MemoryClock } from '../../../../hal/memory/clock.ts';
import { MemoryLinkMonitor } from '../../../../hal/memory/links.ts';
import { MemoryTun } from '../../../../hal/memory/tun.ts';
import { TUN_GONE, TUN_READ_BYTES } from '../../../../hal/tun.ts';
import { plainMemory } from '../../../../session/memory.ts';
import { VIRTIO_BYTES } from '../../../../session/packet/virtio.ts';

test('virtual time moves when told, and the wall clock can be set apart', () => {
  const clock = new MemoryClock(5, 12_000);
  clock.advance(1_000);
  clock.setWall(1_763_900_000_000);
  clock.advance(1);
  expect([clock.monotonicMs(), clock.wallMs()]).toEqual([1_006, 1_763_900_000_001]);
  expect(() => clock.advance(-1)).toThrow('backwards');
});

test('a tun hands packets over in order, both ways', () => {
  const tun = new MemoryTun();
  const target = plainMemory(TUN_READ_BYTES);
  const header = VIRTIO_BYTES;
  tun.sendFromApplication(Uint8Array.of(1));
  tun.sendFromApplication(Uint8Array.of(2, 3));
  const read = [1, 2, 3].map(() => tun.read(target, 0));
  expect(read).toEqual([header + 1, header + 2, 0]);
  expect(tun.write(target, 0, header + 2)).toBe(true);
  target.bytes[header] = 9; // the tun kept a copy
  expect(tun.takeDelivered()).toEqual([Uint8Array.of(2, 3)]);
});

test('a tun that is down, full or gone refuses and counts', () => {
  const tun = new MemoryTun();
  const packet = plainMemory(64);
  tun.isUp = false;
  expect(tun.write(packet, 0, VIRTIO_BYTES + 4)).toBe(false);
  tun.isUp = true;
  for (let count = 0; count < 501; count++) {
    tun.write(packet, 0, VIRTIO_BYTES + 4);
    tun.sendFromApplication(packet.bytes);
  }
  expect([tun.refusedCount, tun.droppedCount]).toEqual([2, 1]);
  tun.close();
  expect(tun.read(packet, 0)).toBe(TUN_GONE);
});

test('link changes become visible in drain, and only real ones count', () => {
  const monitor = new MemoryLinkMonitor();
  monitor.set('wlan0', { addresses: ['192.0.2.3'] });
  monitor.set('eth0');
  expect(monitor.snapshot()).toEqual([]);
  expect([monitor.drain(), monitor.drain()]).toEqual([true, false]);
  expect(monitor.snapshot().map(({ name, index }) => [name, index])).toEqual([
    ['eth0', 2],
    ['wlan0', 1],
  ]);
  const before = monitor.snapshot();
  monitor.set('wlan0', { carrier: true });
  expect(monitor.drain()).toBe(false);
  expect(monitor.snapshot()).toBe(before);
  monitor.remove('wlan0');
  monitor.set('wlan0', { carrier: false });
  expect(monitor.drain()).toBe(true);
  expect(monitor.snapshot()[1]).toMatchObject({ name: 'wlan0', index: 3, carrier: false });
});
