/** Goal: what comes out of a tunnel that should not, or a second time, is noticed for what it is. */
import { expect, test } from 'bun:test';
import { TUN_READ_BYTES } from '../../../hal/tun.ts';
import { plainMemory } from '../../../session/memory.ts';
import { VIRTIO_BYTES } from '../../../session/packet/virtio.ts';
import { Fuse } from '../../sim/machine/powerCut.ts';
import { EndToEnd } from '../../sim/traffic/endToEnd.ts';
import { SimTun } from '../../sim/traffic/simTun.ts';

class World {
  readonly found: string[] = [];
  readonly tun = new SimTun('tun', new Fuse());
  readonly applications = new EndToEnd(
    ({ invariant, checker }) => this.found.push(`${invariant} ${checker}`),
    () => 0,
  );

  /** The packet that an application sent last. */
  take(): Uint8Array {
    const memory = plainMemory(TUN_READ_BYTES);
    const bytes = this.tun.read(memory, 0);
    return memory.bytes.slice(VIRTIO_BYTES, bytes);
  }

  fromDevice(device: number): Uint8Array {
    this.applications.fromDevice(device, 1, this.tun, 100);
    return this.take();
  }

  fromHub(device: number): Uint8Array {
    this.applications.fromHub(device, 100, this.tun, 100);
    return this.take();
  }
}

test('what was sent arrives once, where it was meant to, and is told by its device', () => {
  const world = new World();
  const { applications, found } = world;
  expect(applications.onDelivered('hub-0', null, world.fromDevice(1))).toBe(1);
  expect(applications.onDelivered('device-2', 2, world.fromHub(2))).toBe(2);
  expect(applications.delivered).toBe(2);
  expect(found).toEqual([]);
});

test('I5: a packet that comes out twice', () => {
  const world = new World();
  const packet = world.fromDevice(1);
  world.applications.onDelivered('hub-0', null, packet);
  world.applications.onDelivered('hub-0', null, packet);
  expect(world.found).toEqual(['I5 deliveredTwice']);
});

test('a packet that was changed, that is somebody else’s, that nobody sent, that lies about its source', () => {
  const world = new World();
  const { applications, found } = world;
  const changed = world.fromDevice(1);
  changed[99] = changed[99]! ^ 1;
  applications.onDelivered('hub-0', null, changed);
  expect(applications.onDelivered('device-2', 2, world.fromHub(1))).toBeNull();
  expect(applications.onDelivered('device-1', 1, world.fromDevice(1))).toBeNull();
  expect(applications.onDelivered('hub-0', null, new Uint8Array(60))).toBeNull();
  applications.spoofed(1, 1, world.tun);
  expect(applications.onDelivered('hub-0', null, world.take())).toBeNull();
  expect(found).toEqual([
    'data changedPacket',
    'data strayPacket',
    'data strayPacket',
    'data foreignPacket',
    'data spoofedSource',
  ]);
});

test('what never came out is counted for its direction, also when it is not remembered any more', () => {
  const world = new World();
  const { applications } = world;
  world.fromHub(1);
  world.fromDevice(1);
  applications.onDelivered('hub-0', null, world.fromDevice(1));
  expect([applications.lostEver('up', 1), applications.lostEver('down', 1)]).toEqual([1, 1]);
  expect(applications.lostEver('up', 0)).toBe(0);
  for (let count = 0; count < 50_000; count++) world.fromHub(1);
  expect([applications.lostEver('up', 1), applications.lostEver('down', 1)]).toEqual([1, 50_001]);
  expect(applications.lost(0, 1)).toHaveLength(50_000);
});
