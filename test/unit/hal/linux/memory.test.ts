import { ptr } from 'bun:ffi';
import { expect, test } from 'bun:test';
import { addressOf, nativeBytes, nativeText } from '../../../../hal/linux/memory.ts';

test('the address stays what it was, whatever is done with the view', () => {
  for (const bytes of [1, 12, 16, 64, 2_048]) {
    const memory = nativeBytes(bytes);
    const before = addressOf(memory);
    new DataView(memory.buffer).setUint8(0, 7);
    memory.subarray(0, 1).fill(9);
    Bun.gc(true);
    expect([addressOf(memory), Number(ptr(memory))]).toEqual([before, Number(before)]);
  }
});

test('a part of it has the address of that part', () => {
  const memory = nativeBytes(100);
  expect(Number(addressOf(memory.subarray(40)))).toBe(Number(addressOf(memory)) + 40);
});

test('memory from elsewhere is refused', () => {
  expect(() => addressOf(new Uint8Array(12))).toThrow('nativeBytes');
  expect(() => nativeBytes(0)).toThrow('size');
});

test('text ends with a zero and holds none', () => {
  expect([...nativeText('eth0')]).toEqual([101, 116, 104, 48, 0]);
  expect(() => nativeText('a\0b')).toThrow('no zero');
});
