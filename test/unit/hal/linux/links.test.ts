/**
 * What the monitor does when the kernel does not answer. The sockets are made up, because no kernel can be made to refuse
 * a dump; what it says when it answers is in `namespace.test.ts`, with real ones.
 */
import { expect, test } from 'bun:test';
import { NetlinkMonitor } from '../../../../hal/linux/links.ts';
import { AF_INET, IFF, MESSAGE, ROUTE_UNICAST } from '../../../../hal/linux/netlink/constants.ts';
import type { NetlinkBody } from '../../../../hal/linux/netlink/parse.ts';
import type { Request } from '../../../../hal/linux/netlink/request.ts';
import type { Events, NetlinkSocket } from '../../../../hal/linux/netlink/socket.ts';
import { type HalResult, halFail, halOk } from '../../../../hal/result.ts';

const flags = IFF.up | IFF.lowerUp | IFF.running;
const eth0 = { ...{ family: 0, index: 2, name: 'eth0', mtu: 1_500 }, isRemoval: false };
const DUMPS: Readonly<Record<number, readonly NetlinkBody[]>> = {
  [MESSAGE.getLink]: [{ kind: 'link', ...eth0, flags }],
  [MESSAGE.getAddress]: [],
  [MESSAGE.getRoute]: [
    {
      ...{ kind: 'route', isRemoval: false, family: AF_INET, prefixBits: 0, table: 254, scope: 0 },
      ...{ type: ROUTE_UNICAST, destination: null, priority: 0, hasGateway: true },
      outInterfaces: [2],
    },
  ],
};

function monitored() {
  const happened: Events[] = [];
  const state = { failing: null as number | null };
  const events = { fd: 1, receive: () => happened.shift() ?? 'nothing', close: () => {} };
  const exchange = (request: Request): HalResult<readonly NetlinkBody[]> => {
    const type = new DataView(request.buffer, request.byteOffset).getUint16(4, true);
    return type === state.failing
      ? halFail('netlinkRefused', 'kept changing')
      : halOk(DUMPS[type] ?? []);
  };
  const monitor = new NetlinkMonitor(
    events as unknown as NetlinkSocket,
    { exchange, close: () => {} } as unknown as NetlinkSocket,
  );
  expect(monitor.load().ok).toBe(true);
  return { monitor, happened, state };
}

for (const [name, failing] of Object.entries({
  links: MESSAGE.getLink,
  addresses: MESSAGE.getAddress,
  routes: MESSAGE.getRoute,
})) {
  test(`events are lost and the dump of ${name} fails: nothing is told, and the next time it is read again`, () => {
    const { monitor, happened, state } = monitored();
    const before = monitor.snapshot();
    expect(before).toMatchObject([{ name: 'eth0', carrier: true, hasRoute: true }]);
    happened.push('lost');
    state.failing = failing;
    expect([monitor.drain(), monitor.snapshot() === before]).toEqual([false, true]);
    // Nothing is readable: who does not look by himself would wait for the next event.
    expect(monitor.isBehind).toBe(true);
    state.failing = null;
    expect([monitor.drain(), monitor.resyncCount]).toEqual([false, 2]);
    expect(monitor.isBehind).toBe(false);
    expect(monitor.snapshot()).toEqual(before);
  });
}

test('a lost carrier is told although the routes cannot be read, and they are read when they can be', () => {
  const { monitor, happened, state } = monitored();
  // The dumps know it as it is later.
  happened.push([
    { sequence: 0, isInterrupted: false, body: { kind: 'link', ...eth0, flags: IFF.up } },
  ]);
  state.failing = MESSAGE.getRoute;
  expect(monitor.drain()).toBe(true);
  expect(monitor.snapshot()).toMatchObject([{ carrier: false, hasRoute: true }]);
  expect([monitor.drain(), monitor.resyncCount]).toEqual([false, 0]);
  expect([monitor.drain(), monitor.resyncCount]).toEqual([false, 1]);
  state.failing = null;
  expect([monitor.drain(), monitor.resyncCount]).toEqual([true, 2]);
  expect(monitor.snapshot()).toMatchObject([{ carrier: true, hasRoute: true }]);
  expect([monitor.drain(), monitor.resyncCount]).toEqual([false, 2]);
});
