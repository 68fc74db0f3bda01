import { expect, test } from 'bun:test';
import { innerMtuBytes, isInnerMtu, outerBytes } from '../../../session/innerMtu.ts';

const OVER4 = '192.0.2.1:51820';
const OVER6 = '[2001:db8::1]:51820';
const path = (mtuBytes: number, endpoint = OVER4) => ({ mtuBytes, endpoint });

test('sealed, a packet is 60 bytes longer over IPv4 and 80 over IPv6', () => {
  expect([outerBytes(OVER4), outerBytes(OVER6)]).toEqual([60, 80]);
});

test('the narrowest path decides, whatever its place', () => {
  expect(innerMtuBytes([path(1_500)], 9_000, true)).toBe(1_440);
  expect(innerMtuBytes([path(1_500), path(1_500, OVER6)], 9_000, true)).toBe(1_420);
  expect(innerMtuBytes([path(1_400), path(1_500), path(1_450)], 9_000, true)).toBe(1_340);
  // The narrower link is not the one that leaves less inside.
  expect(innerMtuBytes([path(1_490), path(1_500, OVER6)], 9_000, true)).toBe(1_420);
});

test('never above the bound, nor above it where nothing is known of a link', () => {
  expect(innerMtuBytes([path(9_000)], 1_440, true)).toBe(1_440);
  expect(innerMtuBytes([], 1_440, true)).toBe(1_440);
  expect(innerMtuBytes([path(0)], 1_440, true)).toBe(1_440);
});

test('never below 1280 where IPv6 may be inside, never below 576 at all', () => {
  expect(innerMtuBytes([path(1_340)], 1_440, true)).toBe(1_280);
  expect(innerMtuBytes([path(1_339)], 1_440, true)).toBe(1_280);
  expect(innerMtuBytes([path(1_339)], 1_440, false)).toBe(1_279);
  expect(innerMtuBytes([path(636)], 1_440, false)).toBe(576);
  expect(innerMtuBytes([path(68)], 1_440, false)).toBe(576);
});

test('what a peer may name is 576…65535', () => {
  expect([575, 576, 65_535, 65_536].map(isInnerMtu)).toEqual([false, true, true, false]);
});
