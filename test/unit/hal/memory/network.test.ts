import { expect, test } from 'bun:test';
import { SEND } from '../../../../hal/datagram.ts';
import {
  type Datagram,
  MemoryDatagramSocket,
  MemoryNetwork,
} from '../../../../hal/memory/network.ts';
import { plainMemory } from '../../../../session/memory.ts';
import { formatAddress, parseAddress } from '../../../../session/wire/address.ts';

const OPTIONS = {
  link: null,
  address: null,
  port: 0,
  mark: null,
  bufferBytes: 65_536,
  offload: 'auto' as const,
};
const packet = plainMemory(64);
packet.bytes.set([1, 2, 3]);

function address(text: string) {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(text);
  return parsed.value;
}

function opened<T>(result: { ok: true; value: T } | { ok: false; code: string }): T {
  if (!result.ok) throw new Error(result.code);
  return result.value;
}

function world() {
  const network = new MemoryNetwork();
  const device = network.newHost({ eth0: ['192.0.2.2', '2001:db8::2'], wwan0: ['198.51.100.2'] });
  const hub = network.newHost({ wan: ['203.0.113.1', '2001:db8::1'] });
  const hubSocket = opened(hub.openDatagramSocket({ ...OPTIONS, port: 51_820 }));
  return { network, device, hub, hubSocket };
}

test('a datagram arrives with the address of the link it left on', () => {
  const { device, hubSocket } = world();
  const target = plainMemory(64);
  const socket = opened(device.openDatagramSocket({ ...OPTIONS, link: 'wwan0' }));
  expect(socket.send(packet, 0, 2, 2, 0, address('203.0.113.1:51820'))).toBe(SEND.sent);
  expect(hubSocket.receive(target, 0)).toBe(2);
  expect(formatAddress(hubSocket.source)).toBe(`198.51.100.2:${socket.localPort}`);
  expect(hubSocket.send(packet, 0, 3, 3, 0, hubSocket.source)).toBe(SEND.sent);
  expect([socket.receive(target, 0), socket.receive(target, 0)]).toEqual([3, 0]);
});

test('both families through one socket', () => {
  const { device, hubSocket } = world();
  const target = plainMemory(64);
  const socket = opened(device.openDatagramSocket({ ...OPTIONS, link: 'eth0' }));
  socket.send(packet, 0, 3, 3, 0, address('[2001:db8::1]:51820'));
  expect(hubSocket.receive(target, 0)).toBe(3);
  expect(formatAddress(hubSocket.source)).toBe(`[2001:db8::2]:${socket.localPort}`);
  const narrow = opened(device.openDatagramSocket({ ...OPTIONS, link: 'wwan0' }));
  expect(narrow.send(packet, 0, 3, 3, 0, address('[2001:db8::1]:51820'))).toBe(SEND.unreachable);
});

test('the way can lose, keep and rewrite', () => {
  const { network, device, hubSocket } = world();
  const target = plainMemory(64);
  const held: Datagram[] = [];
  network.onSend((datagram) => held.push(datagram));
  const socket = opened(device.openDatagramSocket({ ...OPTIONS, link: 'wwan0' }));
  socket.send(packet, 0, 3, 3, 0, address('203.0.113.1:51820'));
  expect(hubSocket.receive(target, 0)).toBe(0);
  network.deliver({ ...held[0]!, from: address('198.51.100.99:7') });
  expect(hubSocket.receive(target, 0)).toBe(3);
  expect(formatAddress(hubSocket.source)).toBe('198.51.100.99:7');
});

test('what the system would refuse is refused', () => {
  const { device, hub } = world();
  const code = (result: { ok: true } | { ok: false; code: string }) =>
    result.ok ? 'ok' : result.code;
  expect(code(device.openDatagramSocket({ ...OPTIONS, link: 'wlan0' }))).toBe('deviceMissing');
  expect(code(hub.openDatagramSocket({ ...OPTIONS, port: 51_820 }))).toBe('addressInUse');
  const socket = opened(device.openDatagramSocket({ ...OPTIONS, link: 'wwan0' }));
  device.setAddresses('wwan0', []);
  expect(socket.send(packet, 0, 3, 3, 0, address('203.0.113.1:51820'))).toBe(SEND.deviceGone);
});

test('too long, empty, and too many datagrams are counted, never delivered in part', () => {
  const { device, hubSocket } = world();
  const socket = opened(device.openDatagramSocket({ ...OPTIONS, link: 'eth0' }));
  const to = address('203.0.113.1:51820');
  for (const bytes of [0, 64, 3]) socket.send(packet, 0, bytes, bytes, 0, to);
  expect(hubSocket.receive(plainMemory(8), 0)).toBe(3);
  expect(hubSocket.skippedCount).toBe(1);
  for (let count = 0; count < 1_030; count++) socket.send(packet, 0, 3, 3, 0, to);
  expect(hubSocket).toMatchObject({ droppedCount: 6 });
});

test('a run goes out as datagrams of one length, the last one shorter', () => {
  const { device, hubSocket } = world();
  const socket = opened(device.openDatagramSocket({ ...OPTIONS, link: 'eth0' }));
  const target = plainMemory(64);
  socket.send(packet, 0, 25, 10, 0, address('203.0.113.1:51820'));
  const got = [1, 2, 3, 4].map(() => hubSocket.receive(target, 0));
  expect(got).toEqual([10, 10, 5, 0]);
  expect(socket.unsentCount).toBe(0);
  if (!(socket instanceof MemoryDatagramSocket)) throw new Error('another socket');
  socket.sendResult = SEND.wouldBlock;
  socket.send(packet, 0, 25, 10, 0, address('203.0.113.1:51820'));
  expect(socket.unsentCount).toBe(3);
});
