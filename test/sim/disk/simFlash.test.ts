/** Goal: flash keeps what it confirmed, and tears what it did not, in every way that it is meant to. */
import { expect, test } from 'bun:test';
import { Fuse } from '../machine/powerCut.ts';
import { Random } from '../random.ts';
import { SimFlash } from './simFlash.ts';

const OLD = new Uint8Array(512).fill(1);
const NEW = new Uint8Array(512).fill(2);

function newFlash(seed: number): { readonly flash: SimFlash; readonly fuse: Fuse } {
  const fuse = new Fuse();
  return { flash: new SimFlash(512, 0, new Random(seed), fuse), fuse };
}

test('what was confirmed survives a cut', () => {
  const { flash } = newFlash(1);
  expect(flash.writeSlot(0, OLD).ok).toBe(true);
  flash.cut();
  expect(flash.readSlot(0)).toEqual(OLD);
});

test('a write that a cut interrupts is absent, whole, cut, or torn into sectors', () => {
  const left = new Set<string>();
  for (let seed = 1; seed <= 60; seed++) {
    const { flash, fuse } = newFlash(seed);
    flash.writeSlot(0, OLD);
    fuse.blowInWrite();
    expect(() => flash.writeSlot(0, NEW)).toThrow('');
    flash.cut();
    fuse.reset();
    const bytes = flash.readSlot(0)!;
    const changes = bytes.reduce(
      (sum, byte, at) => sum + Number(byte !== (bytes[at - 1] ?? byte)),
      0,
    );
    const first = bytes[0] === 2 ? 'new' : 'old';
    left.add(changes === 0 ? `all ${first}` : changes === 1 ? 'cut' : 'torn');
  }
  expect([...left].sort()).toEqual(['all new', 'all old', 'cut', 'torn']);
});

test('a write that fails reached the medium or did not, and says no either way', () => {
  const { flash } = newFlash(1);
  flash.writeSlot(0, OLD);
  for (const writes of ['failUnwritten', 'full'] as const) {
    flash.writes = writes;
    expect(flash.writeSlot(0, NEW).ok).toBe(false);
    expect(flash.readSlot(0)).toEqual(OLD);
  }
  flash.writes = 'failWritten';
  expect(flash.writeSlot(0, NEW).ok).toBe(false);
  expect(flash.readSlot(0)).toEqual(NEW);
});

test('rot changes one slot and leaves the other', () => {
  const { flash } = newFlash(3);
  flash.writeSlot(0, OLD);
  flash.writeSlot(1, OLD);
  flash.rot(1);
  expect(flash.readSlot(0)).toEqual(OLD);
  expect(flash.readSlot(1)).not.toEqual(OLD);
});
