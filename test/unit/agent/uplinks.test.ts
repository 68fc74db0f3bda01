import { expect, test } from 'bun:test';
import { linkNotices } from '../../../agent/status.ts';
import { Uplinks } from '../../../agent/uplinks.ts';
import type { LinkSnapshot } from '../../../hal/links.ts';
import { MemoryLinkMonitor } from '../../../hal/memory/links.ts';
import { MemoryNetwork } from '../../../hal/memory/network.ts';
import { halFail } from '../../../hal/result.ts';

const snapshot = (name: string, index: number): LinkSnapshot => ({
  ...{ name, index, adminUp: true, carrier: true, mtu: 1_500 },
  ...{
    addresses: ['192.0.2.7'],
    networks: ['192.0.2.0/24'],
    hasRoute: true,
    hasRoute4: true,
    hasRoute6: false,
  },
});

test('a link whose socket the system refuses has no carrier for us, and status says why, also when it is gone', () => {
  const links = [{ name: 'nosuch0', kind: 'ethernet' as const }];
  const uplinks = new Uplinks({
    links,
    endpoints: ['198.51.100.1:51820'],
    mark: 0,
    offload: 'auto',
  });
  expect(linkNotices(uplinks.all)).toEqual([]);

  const [view] = uplinks.refresh([snapshot('nosuch0', 90_000)]);
  expect(view).toMatchObject({ name: 'nosuch0', hasCarrier: false });
  expect(linkNotices(uplinks.all)).toEqual([
    {
      link: 'nosuch0',
      code: 'deviceMissing',
      detail: 'SO_BINDTODEVICE nosuch0: ENODEV',
      sentence: expect.any(String),
      hint: expect.stringContaining('ip link'),
    },
  ]);

  // As a name that nothing has, mistyped or not plugged in yet.
  uplinks.refresh([]);
  expect(linkNotices(uplinks.all)).toMatchObject([{ code: 'deviceMissing', detail: 'nosuch0' }]);
  uplinks.close();
});

test('a view has the MTU of its link as the system says it now, 0 while there is none', () => {
  const links = [{ name: 'nosuch0', kind: 'ethernet' as const }];
  const uplinks = new Uplinks({
    links,
    endpoints: ['198.51.100.1:51820'],
    mark: 0,
    offload: 'auto',
  });
  const mtuOf = (snapshots: readonly LinkSnapshot[]) => uplinks.refresh(snapshots)[0]?.mtuBytes;
  expect(uplinks.all[0]?.view.mtuBytes).toBe(0);
  expect(mtuOf([snapshot('nosuch0', 90_000)])).toBe(1_500);
  expect(mtuOf([{ ...snapshot('nosuch0', 90_000), mtu: 1_400 }])).toBe(1_400);
  expect(mtuOf([])).toBe(0);
  uplinks.close();
});

/** `wwan0` and `usb9` of a machine in memory, and hub endpoints of both families. */
function inMemory() {
  const host = new MemoryNetwork().newHost({ wwan0: ['192.0.2.7'], usb9: ['192.0.2.7'] });
  const uplinks = new Uplinks(
    {
      links: [{ name: 'wwan0', kind: 'lte' }],
      endpoints: ['198.51.100.1:51820', '[2001:db8::1]:51820'],
      mark: 0,
      offload: 'auto',
    },
    (options) => host.openDatagramSocket(options),
  );
  const monitor = new MemoryLinkMonitor();
  const refresh = () => {
    monitor.drain();
    return uplinks.refresh(monitor.snapshot());
  };
  return { monitor, refresh, uplinks };
}

test('a modem or station that says it is disconnected has no carrier, whatever its interface says', () => {
  const { monitor, refresh } = inMemory();
  monitor.set('wwan0', { addresses: ['192.0.2.7'] });
  expect(refresh()[0]?.hasCarrier).toBe(true);
  monitor.set('wwan0', { radio: 'disconnected' });
  expect(refresh()[0]?.hasCarrier).toBe(false);
  monitor.set('wwan0', { radio: 'connected' });
  expect(refresh()[0]?.hasCarrier).toBe(true);
  monitor.set('wwan0', { carrier: false });
  expect(refresh()[0]?.hasCarrier).toBe(false);
});

test('a link that is renamed is gone, and back with its name under a socket of its own', () => {
  const { monitor, refresh, uplinks } = inMemory();
  monitor.set('wwan0', { index: 7, addresses: ['192.0.2.7'] });
  refresh();
  const first = uplinks.all[0]?.socket;
  expect(first).not.toBeNull();
  monitor.remove('wwan0');
  monitor.set('usb9', { index: 7, addresses: ['192.0.2.7'] });
  expect(refresh()[0]?.hasCarrier).toBe(false);
  expect(uplinks.all[0]?.socket).toBeNull();
  monitor.remove('usb9');
  monitor.set('wwan0', { index: 7, addresses: ['192.0.2.7'] });
  expect(refresh()[0]?.hasCarrier).toBe(true);
  expect(uplinks.all[0]?.socket).not.toBe(first);
});

test('an endpoint can be used where the link has an address of its family, and says which', () => {
  const { monitor, refresh } = inMemory();
  const usable = () => refresh()[0]?.endpoints.map(({ hasAddress, local }) => [hasAddress, local]);
  monitor.set('wwan0', { addresses: ['192.0.2.7'] });
  expect(usable()).toEqual([
    [true, '192.0.2.7'],
    [false, ''],
  ]);
  monitor.set('wwan0', { addresses: ['2001:db8::7', '2001:db8::8'] });
  expect(usable()).toEqual([
    [false, ''],
    [true, '2001:db8::7 2001:db8::8'],
  ]);
});

test('what a name stands for changes under the same transport id; without an address there is no path', () => {
  const host = new MemoryNetwork().newHost({ eth0: ['192.0.2.7'] });
  const uplinks = new Uplinks(
    {
      links: [{ name: 'eth0', kind: 'ethernet' }],
      endpoints: ['198.51.100.1:51820', null, null],
      mark: 0,
      offload: 'auto',
    },
    (options) => host.openDatagramSocket(options),
  );
  const monitor = new MemoryLinkMonitor();
  monitor.set('eth0', { addresses: ['192.0.2.7'] });
  monitor.drain();
  const facts = () =>
    uplinks
      .refresh(monitor.snapshot())[0]
      ?.endpoints.map(({ transportId, endpoint, hasAddress }) => [
        transportId,
        endpoint,
        hasAddress,
      ]);
  expect(facts()).toEqual([
    [1, '198.51.100.1:51820', true],
    [2, '', false],
    [3, '', false],
  ]);
  expect(uplinks.path(2)).toBeNull();
  const first = uplinks.path(1);
  uplinks.setEndpoints(['198.51.100.1:51820', '203.0.113.9:7', null]);
  expect(facts()).toEqual([
    [1, '198.51.100.1:51820', true],
    [2, '203.0.113.9:7', true],
    [3, '', false],
  ]);
  expect([uplinks.path(1) === first, uplinks.path(2)?.endpoint]).toEqual([true, '203.0.113.9:7']);
  expect(() => uplinks.setEndpoints(['198.51.100.1:51820'])).toThrow('keep their places');
});

test('a path that was asked for is another one, or none, once its endpoint is', () => {
  const uplinks = new Uplinks({
    links: [{ name: 'nosuch0', kind: 'ethernet' as const }],
    endpoints: ['198.51.100.1:51820', '198.51.100.2:51820'],
    mark: 0,
    offload: 'auto',
  });
  expect(uplinks.path(3)).toBeNull();
  expect(uplinks.path(2)?.endpoint).toBe('198.51.100.2:51820');
  expect(uplinks.path(1)?.endpoint).toBe('198.51.100.1:51820');
  uplinks.setEndpoints(['203.0.113.9:7', '198.51.100.2:51820']);
  expect(uplinks.path(1)?.endpoint).toBe('203.0.113.9:7');
  uplinks.setEndpoints([null, '198.51.100.2:51820']);
  expect(uplinks.path(1)).toBeNull();
  expect(uplinks.path(2)?.endpoint).toBe('198.51.100.2:51820');
  uplinks.close();
});

test('◆ a socket that an answer of the resolver made us open is news for whoever watches sockets', () => {
  const host = new MemoryNetwork().newHost({ eth0: ['192.0.2.7'] });
  let isRefused = true;
  const uplinks = new Uplinks(
    {
      links: [{ name: 'eth0', kind: 'ethernet' }],
      endpoints: ['198.51.100.1:51820', null],
      mark: 0,
      offload: 'auto',
    },
    (options) =>
      isRefused ? halFail('deviceMissing', 'eth0: ENODEV') : host.openDatagramSocket(options),
  );
  uplinks.refresh([snapshot('eth0', 7)]);
  const before = uplinks.socketsRevision;
  uplinks.refresh(uplinks.snapshots);
  expect(uplinks.socketsRevision).toBe(before);
  isRefused = false;
  uplinks.setEndpoints(['198.51.100.1:51820', '198.51.100.2:51820']);
  uplinks.refresh(uplinks.snapshots);
  expect(uplinks.all[0]?.socket).not.toBeNull();
  expect(uplinks.socketsRevision).toBeGreaterThan(before);
});

test('a link that got no socket is missing one until another look gives it one', () => {
  const host = new MemoryNetwork().newHost({ eth0: ['192.0.2.7'] });
  let isRefusing = true;
  const uplinks = new Uplinks(
    {
      links: [{ name: 'eth0', kind: 'ethernet' }],
      endpoints: ['198.51.100.1:51820'],
      mark: 0,
      offload: 'off',
    },
    (options) =>
      isRefusing
        ? halFail('familyUnavailable', 'socket: ENOBUFS')
        : host.openDatagramSocket(options),
  );
  expect(uplinks.isMissingSocket).toBe(false);
  expect(uplinks.refresh([snapshot('eth0', 2)])[0]?.hasCarrier).toBe(false);
  expect(uplinks.isMissingSocket).toBe(true);
  isRefusing = false;
  expect(uplinks.refresh(uplinks.snapshots)[0]?.hasCarrier).toBe(true);
  expect(uplinks.isMissingSocket).toBe(false);
});
