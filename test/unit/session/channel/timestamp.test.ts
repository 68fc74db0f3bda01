import { describe, expect, test } from 'bun:test';
import { bytesToHex, hexToBytes } from '../../../../session/bytes.ts';
import {
  compareTimestamps,
  latestTimestamp,
  nextAfter,
  TimestampGate,
  timestampOf,
  wallMsOf,
} from '../../../../session/channel/timestamp.ts';
import { Seeded } from './seeded.ts';

const next = (hex: string) => {
  const after = nextAfter(hexToBytes(hex));
  return after === null ? null : bytesToHex(after);
};

test('a wall time is written as TAI64N, cut to 16.8 ms', () => {
  expect(bytesToHex(timestampOf(0))).toBe('400000000000000a00000000');
  expect(bytesToHex(timestampOf(1_000))).toBe('400000000000000b00000000');
  expect(bytesToHex(timestampOf(16))).toBe('400000000000000a00000000');
  expect(bytesToHex(timestampOf(17))).toBe('400000000000000a01000000');
  expect(wallMsOf(timestampOf(1_700_000_000_000))).toBe(1_700_000_000_000);
  expect(wallMsOf(hexToBytes('400000000000000900000000'))).toBeNull();
  expect(wallMsOf(hexToBytes('ffffffffffffffffffffffff'))).toBeNull();
});

test('order of timestamps is order of times, and of bytes', () => {
  const random = new Seeded(1);
  for (let i = 0; i < 500; i++) {
    const [a, b] = [random.below(4e9) * 500, random.below(4e9) * 500];
    expect(Math.sign(compareTimestamps(timestampOf(a), timestampOf(b)))).toBe(Math.sign(a - b));
    expect(latestTimestamp(timestampOf(a), timestampOf(b))).toEqual(timestampOf(Math.max(a, b)));
    const bytes = random.bytes(12);
    const after = nextAfter(bytes);
    if (after !== null) expect(compareTimestamps(after, bytes)).toBeGreaterThan(0);
  }
});

test('a clock beyond 2106 gives later timestamps, not wrapped ones: it is heard then and after it is mended', () => {
  const last32 = (2 ** 32 - 11) * 1_000;
  expect(bytesToHex(timestampOf(last32))).toBe('40000000ffffffff00000000');
  expect(bytesToHex(timestampOf(last32 + 1_000))).toBe('400000010000000000000000');
  const garbage = Date.UTC(2165, 0, 1);
  expect(compareTimestamps(timestampOf(garbage), timestampOf(last32))).toBeGreaterThan(0);
  expect(wallMsOf(timestampOf(garbage))).toBe(garbage);
  expect(wallMsOf(timestampOf(Date.UTC(9999, 11, 31)))).toBe(Date.UTC(9999, 11, 31));
  expect(wallMsOf(timestampOf(Date.UTC(10_000, 0, 1)))).toBeNull();
});

test('the next timestamp carries from nanoseconds to seconds and ends at the last one', () => {
  expect(next('400000000000000a00000000')).toBe('400000000000000a00000001');
  expect(next('400000000000000a3b9ac9fe')).toBe('400000000000000a3b9ac9ff');
  expect(next('400000000000000a3b9ac9ff')).toBe('400000000000000b00000000');
  expect(next('400000000000000affffffff')).toBe('400000000000000b00000000');
  expect(next('40000000ffffffff3b9ac9ff')).toBe('400000010000000000000000');
  expect(next('ffffffffffffffff3b9ac9fe')).toBe('ffffffffffffffff3b9ac9ff');
  expect(next('ffffffffffffffff3b9ac9ff')).toBeNull();
});

describe('the greatest timestamp seen', () => {
  const at = (seconds: number) => timestampOf(seconds * 1000);

  test('only a newer one passes, and only what passed is remembered', () => {
    const gate = new TimestampGate(null);
    expect(gate.accept(at(10), 0)).toBe('newer');
    expect(gate.accept(at(10), 1000)).toBe('notNewer');
    expect(gate.accept(at(9), 1000)).toBe('notNewer');
    expect(gate.accept(at(11), 1000)).toBe('newer');
    expect(gate.greatest).toEqual(at(11));
    expect(gate.accept(at(10), 2000)).toBe('notNewer');
  });

  test('a stored one counts after a restart', () => {
    expect(new TimestampGate(at(10)).accept(at(10), 0)).toBe('notNewer');
    expect(new TimestampGate(at(10)).accept(at(11), 0)).toBe('newer');
  });

  test('a flood is dropped without moving it: 19 ms after the last is too soon, 20 ms is not', () => {
    const gate = new TimestampGate(null);
    gate.accept(at(1), 100);
    expect(gate.accept(at(2), 119)).toBe('tooSoon');
    expect(gate.greatest).toEqual(at(1));
    expect(gate.accept(at(2), 120)).toBe('newer');
  });
});
