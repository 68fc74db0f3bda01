/** Goal: the kernel is never given an address that is not the memory's own. */
import { expect, test } from 'bun:test';
import { openDatagramSocket } from '../../../../hal/linux/bind.ts';
import { nativeMemory } from '../../../../hal/linux/memory.ts';
import { plainMemory } from '../../../../session/memory.ts';
import { parseAddress } from '../../../../session/wire/address.ts';

test('sending and receiving stay within native memory', () => {
  const opened = openDatagramSocket({
    ...{ link: null, address: '127.0.0.1', port: 0, mark: null },
    ...{ bufferBytes: 100_000, offload: 'auto' },
  });
  if (!opened.ok) throw new Error(opened.detail);
  const socket = opened.value;
  const self = parseAddress(`127.0.0.1:${socket.localPort}`);
  if (!self.ok) throw new Error(self.code);
  const memory = nativeMemory(100);
  const send = (from = memory, at = 0, bytes = 50) =>
    socket.send(from, at, bytes, bytes, 0, self.value);
  send();
  expect(socket.receive(memory, 50)).toBe(50);

  expect(() => send(plainMemory(100))).toThrow('native memory');
  expect(() => send(memory, 51)).toThrow('within its memory');
  expect(() => send(memory, -1)).toThrow('within its memory');
  send();
  expect(() => socket.receive(plainMemory(100), 0)).toThrow('native memory');
  expect(() => socket.receive(memory, 100)).toThrow('within its memory');
  expect(() => socket.receive(memory, 101)).toThrow('within its memory');
  expect(() => socket.receive(memory, -1)).toThrow('within its memory');
  expect(socket.receive(memory, 0)).toBe(50);
  socket.close();
});
