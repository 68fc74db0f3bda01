/**
 * Goal: parts of the ◆ rules of docs/protocol.md that no other test of this folder fails without;
 * docs/rules-and-tests.md has the whole table.
 */
import { expect, test } from 'bun:test';
import { bytesToHex } from '../../../../session/bytes.ts';
import { attachedDevice } from './driver.ts';
import { ETH, links, MINUTE_MS, SECOND_MS, WLAN } from './setup.ts';

/** Every run of bytes anywhere in `value`, as hex. */
function bytesIn(value: unknown): string[] {
  if (value instanceof Uint8Array) return [bytesToHex(value)];
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(bytesIn);
}

test('◆ the memory key is never handed to flash, whatever is written', () => {
  const driver = attachedDevice([ETH, WLAN]);
  const keys = new Set<string>();
  const noteKey = () => {
    const { memoryKey } = driver.device;
    if (memoryKey !== null) keys.add(bytesToHex(memoryKey));
  };
  noteKey();
  driver.links(links([WLAN]));
  driver.until('ATTACHED', 5 * SECOND_MS);
  noteKey();
  driver.feed({ kind: 'terminate', atMs: driver.nowMs, reasonCode: 'operator_terminated' });
  driver.until('ATTACHED', MINUTE_MS);
  noteKey();
  const written = driver.log.filter(({ kind }) => kind === 'persist');
  expect(keys.size).toBeGreaterThan(1);
  expect(written.length).toBeGreaterThan(2);
  expect(written.flatMap(bytesIn).filter((bytes) => keys.has(bytes))).toEqual([]);
});
