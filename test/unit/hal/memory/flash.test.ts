import { expect, test } from 'bun:test';
import { MemoryFlash } from '../../../../hal/memory/flash.ts';
import { halFail } from '../../../../hal/result.ts';

const filled = (value: number) => new Uint8Array(512).fill(value);
const text = (state: readonly (Uint8Array | null)[]) =>
  state.map((slot) => slot?.join() ?? '-').join('|');

test('what was synced is in every state after it', () => {
  const flash = new MemoryFlash();
  flash.writeSlot(0, filled(1));
  expect([...flash.crashStates(2)].map(text)).toEqual(
    [...flash.crashStates(2)].map(() => text([filled(1), null])),
  );
});

test('a write under way may be absent, cut after any byte, or torn into any sectors', () => {
  const flash = new MemoryFlash(512, [filled(1), null]);
  flash.write(0, filled(2));
  const states = new Set([...flash.crashStates(1)].map(([slot]) => slot?.join()));
  for (let cut = 0; cut <= 512; cut++) {
    const torn = filled(1);
    torn.fill(2, 0, cut);
    expect(states.has(torn.join())).toBe(true);
  }
  const onlyThird = filled(1);
  onlyThird.fill(2, 128, 192);
  expect(states.has(onlyThird.join())).toBe(true);
  expect(states.size).toBe(513 + 256 - 9);
});

test('writes that were not synced reach the medium in any order', () => {
  const flash = new MemoryFlash();
  flash.write(0, filled(1));
  flash.write(1, filled(2));
  const states = new Set([...flash.crashStates(2)].map(text));
  expect(states.has(text([null, filled(2)]))).toBe(true);
  expect(states.has(text([filled(1), null]))).toBe(true);
  expect(states.has(text([filled(1), filled(2)]))).toBe(true);
});

test('a write that fails once may or may not have arrived', () => {
  const flash = new MemoryFlash();
  flash.failNext = halFail('storageFailed', 'EIO');
  expect(flash.writeSlot(1, filled(3))).toEqual(halFail('storageFailed', 'EIO'));
  expect(flash.log.map(({ kind }) => kind)).toEqual(['write']);
  expect(flash.writeSlot(1, filled(3)).ok).toBe(true);
});
