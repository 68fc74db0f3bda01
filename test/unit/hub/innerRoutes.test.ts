import { expect, test } from 'bun:test';
import { InnerRoutes } from '../../../hub/innerRoutes.ts';
import { parseIp } from '../../../session/wire/ip.ts';
import { Random } from '../../sim/random.ts';

/** An IP header with these two addresses and nothing else. */
function packet(source: string, destination: string): Uint8Array {
  const [from, to] = [parseIp(source), parseIp(destination)];
  if (!from.ok || !to.ok) throw new Error('bad address');
  const isFour = from.value.family === 4;
  const bytes = new Uint8Array(isFour ? 20 : 40);
  bytes[0] = isFour ? 0x45 : 0x60;
  bytes.set(from.value.bytes, isFour ? 12 : 8);
  bytes.set(to.value.bytes, isFour ? 16 : 24);
  return bytes;
}

function routes() {
  const table = new InnerRoutes<string>();
  table.set('10.77.0.2/32', 'a');
  table.set('10.77.0.3/32', 'b');
  table.set('192.168.0.0/16', 'a');
  table.set('192.168.7.0/24', 'b');
  table.set('fd77::2/128', 'a');
  table.set('fd88::/33', 'b');
  return table;
}

const destination = (table: InnerRoutes<string>, address: string) => {
  const source = address.includes(':') ? '::1' : '1.1.1.1';
  const bytes = packet(source, address);
  return table.destination(bytes, 0, bytes.length);
};

test('host routes are exact, networks go by the longest prefix', () => {
  const table = routes();
  const found = Object.fromEntries(
    [
      '10.77.0.2',
      '10.77.0.3',
      '10.77.0.4',
      '192.168.6.1',
      '192.168.7.1',
      '192.169.0.1',
      'fd77::2',
      'fd77::3',
      'fd88:0:7fff::1',
      'fd88:0:8000::1',
    ].map((address) => [address, destination(table, address)]),
  );
  expect(found).toEqual({
    '10.77.0.2': 'a',
    '10.77.0.3': 'b',
    '10.77.0.4': null,
    '192.168.6.1': 'a',
    '192.168.7.1': 'b',
    '192.169.0.1': null,
    'fd77::2': 'a',
    'fd77::3': null,
    'fd88:0:7fff::1': 'b',
    'fd88:0:8000::1': null,
  });
});

test('◆ I9: a source belongs to whom its packets would be sent, and to nobody else', () => {
  const table = routes();
  const source = (address: string) => {
    const bytes = packet(address, '1.1.1.1');
    return table.source(bytes, 0, bytes.length);
  };
  expect(source('10.77.0.2')).toBe('a');
  expect(source('192.168.7.9')).toBe('b');
  expect(source('8.8.8.8')).toBeNull();
});

test('removing a device removes all of its addresses and no others', () => {
  const table = routes();
  table.removeAll('b');
  expect(destination(table, '10.77.0.3')).toBeNull();
  expect(destination(table, '192.168.7.1')).toBe('a');
});

test('any bytes are an answer, never a throw', () => {
  const table = routes();
  const random = new Random(11);
  for (let round = 0; round < 2_000; round++) {
    const bytes = random.bytes(random.below(60));
    expect([null, 'a', 'b']).toContain(table.destination(bytes, 0, bytes.length));
    expect([null, 'a', 'b']).toContain(table.source(bytes, 0, bytes.length));
  }
});
