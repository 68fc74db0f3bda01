import { expect, test } from 'bun:test';
import { IFA_F, IFF } from '../../../../../hal/linux/netlink/constants.ts';
import type {
  AddressMessage,
  LinkMessage,
  RouteMessage,
} from '../../../../../hal/linux/netlink/parse.ts';
import { LinkTable } from '../../../../../hal/linux/netlink/table.ts';

const UP = IFF.up | IFF.running | IFF.lowerUp;
const link = (change: Partial<LinkMessage> = {}): LinkMessage => ({
  kind: 'link',
  isRemoval: false,
  family: 0,
  index: 3,
  flags: UP,
  name: 'eth0',
  mtu: 1_500,
  ...change,
});
const address = (change: Partial<AddressMessage> = {}): AddressMessage => ({
  kind: 'address',
  isRemoval: false,
  index: 3,
  family: 2,
  prefixBits: 24,
  scope: 0,
  flags: 0,
  address: '192.0.2.2',
  ...change,
});
const route = (change: Partial<RouteMessage> = {}): RouteMessage => ({
  kind: 'route',
  isRemoval: false,
  family: 2,
  table: 254,
  scope: 0,
  type: 1,
  destination: null,
  prefixBits: 0,
  priority: 0,
  hasGateway: true,
  outInterfaces: [3],
  ...change,
});

function tableWith(...messages: Parameters<LinkTable['apply']>[0][]): LinkTable {
  const table = new LinkTable();
  for (const message of messages) table.apply(message);
  return table;
}

test('a link with address and route, whole', () => {
  const table = tableWith(
    link(),
    address(),
    address({ family: 10, address: 'fd00::2', prefixBits: 64 }),
  );
  table.applyRoutes([route()]);
  expect(table.snapshot()).toEqual([
    {
      name: 'eth0',
      index: 3,
      carrier: true,
      adminUp: true,
      addresses: ['192.0.2.2', 'fd00::2'],
      networks: ['192.0.2.0/24', 'fd00::/64'],
      hasRoute: true,
      hasRoute4: true,
      hasRoute6: false,
      mtu: 1_500,
    },
  ]);
});

test('carrier needs the lower layer and the end of authentication', () => {
  const carrier = (flags: number) => tableWith(link({ flags })).snapshot()[0]?.carrier;
  expect(carrier(UP)).toBe(true);
  expect(carrier(IFF.up)).toBe(false);
  expect(carrier(IFF.up | IFF.lowerUp)).toBe(false); // Wi-Fi before the keys: dormant
});

test('news that leave out name and MTU keep what is known', () => {
  const table = tableWith(link(), link({ name: null, mtu: null, flags: IFF.up }));
  expect(table.snapshot()[0]).toMatchObject({ name: 'eth0', mtu: 1_500, carrier: false });
});

test('leaving a bridge is not going away', () => {
  const table = tableWith(link(), link({ family: 7, isRemoval: true }));
  expect(table.snapshot()).toHaveLength(1);
});

test('addresses count once they can be used', () => {
  const table = tableWith(link(), address({ flags: IFA_F.tentative }));
  expect(table.snapshot()[0]?.addresses).toEqual([]);
  table.apply(address());
  expect(table.snapshot()[0]?.addresses).toEqual(['192.0.2.2']);
  table.apply(address({ flags: IFA_F.dadFailed }));
  expect(table.snapshot()[0]?.addresses).toEqual([]);
  expect(tableWith(link(), address({ scope: 253 })).snapshot()[0]?.addresses).toEqual([]);
});

test('what may have changed routes asks for them anew', () => {
  const table = tableWith(link(), address());
  expect(table.apply(link())).toBe(false);
  expect(table.apply(link({ flags: 0 }))).toBe(true);
  expect(table.apply(address({ isRemoval: true }))).toBe(true);
  expect(table.apply(route())).toBe(true);
  expect(table.apply(route({ table: 255 }))).toBe(false);
});

test('which routes lead away', () => {
  const leads = (change: Partial<RouteMessage>) => {
    const table = tableWith(link());
    table.applyRoutes([route({ hasGateway: false, ...change })]);
    return table.snapshot()[0]?.hasRoute;
  };
  expect(leads({})).toBe(true); // a default route without gateway: a modem
  expect(leads({ prefixBits: 24, scope: 253 })).toBe(false); // the link's own network
  expect(leads({ prefixBits: 8, scope: 0 })).toBe(true);
  expect(leads({ prefixBits: 64, scope: 0, family: 10 })).toBe(false);
  expect(leads({ prefixBits: 64, scope: 0, family: 10, hasGateway: true })).toBe(true);
  expect(leads({ type: 7 })).toBe(false); // unreachable
  expect(leads({ table: 255 })).toBe(false);
  expect(leads({ outInterfaces: [4, 3] })).toBe(true); // multipath
});

test('the table is bounded and says what it left out', () => {
  const table = new LinkTable();
  for (let index = 1; index <= 1_030; index++) table.apply(link({ index, name: `v${index}` }));
  for (let at = 0; at < 70; at++) table.apply(address({ index: 1, address: `10.0.0.${at}` }));
  expect(table.snapshot()).toHaveLength(1_024);
  expect(table.snapshot()[0]?.addresses).toHaveLength(64);
  expect(table.surplusCount).toBe(6 + 6);
});
