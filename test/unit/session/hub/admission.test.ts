import { describe, expect, test } from 'bun:test';
import { ADMISSION } from '../../../../policies/schema/resources.ts';
import {
  Admission,
  BURST_PREFIXES_MAX,
  PREFIXES_MAX,
  prefixOf,
  RESERVATIONS_MAX,
  SLOT_KEPT_MS,
} from '../../../../session/hub/admission.ts';

const LIMITS = {
  handshakesPerPrefixPerSecond: 5,
  handshakesPerSecond: 20,
  newSessionsPerSecond: 10,
};

const admitted = (admission: Admission, source: string, times: number, atMs: number) =>
  Array.from({ length: times }, () => admission.isAdmitted(source, atMs)).filter(Boolean).length;

describe('prefixes', () => {
  test('IPv4 by /24, IPv6 by /48', () => {
    expect(prefixOf('192.0.2.77:51820')).toBe('192.0.2');
    expect(prefixOf('[2001:db8:1:2::9]:51820')).toBe('2001:db8:1');
    expect(prefixOf('[2001:db8::9]:51820')).toBe('2001:db8:0');
    expect(prefixOf('[::1]:1')).toBe('0:0:0');
  });

  test('a whole /48 shares, the next one does not; and the policy’s text says so', () => {
    expect(prefixOf('[2001:db8:1:ff00::9]:1')).toBe(prefixOf('[2001:db8:1::9]:1'));
    expect(prefixOf('[2001:db8:2::9]:1')).not.toBe(prefixOf('[2001:db8:1::9]:1'));
    const { meaning } = ADMISSION.fields.reattach_per_prefix_per_second;
    expect(meaning.match(/\/\d+/g)).toEqual(['/24', '/48']);
  });
});

describe('handshakes', () => {
  test('a prefix gets its rate, the limit passes and one more does not', () => {
    const admission = new Admission(0, LIMITS);
    expect(admitted(admission, '192.0.2.1:1', 6, 0)).toBe(5);
    expect(admitted(admission, '192.0.2.2:1', 1, 199)).toBe(0);
    expect(admitted(admission, '192.0.2.2:1', 1, 200)).toBe(1);
  });

  test('all prefixes together get the overall rate', () => {
    const admission = new Admission(0, LIMITS);
    let count = 0;
    for (let net = 0; net < 10; net++) count += admitted(admission, `10.0.${net}.1:1`, 5, 0);
    expect(count).toBe(20);
  });

  test('one prefix that floods does not use up what the others have', () => {
    const admission = new Admission(0, LIMITS);
    admitted(admission, '192.0.2.1:1', 1_000, 0);
    expect(admitted(admission, '198.51.100.1:1', 5, 0)).toBe(5);
  });

  test('the table is bounded', () => {
    const admission = new Admission(0, LIMITS);
    for (let i = 0; i < PREFIXES_MAX + 50; i++) {
      admission.isAdmitted(`10.${i >> 8}.${i & 255}.1:1`, i);
    }
    expect(admission.prefixes).toBe(PREFIXES_MAX);
  });
});

describe('new sessions', () => {
  test('a storm drains in order: each device gets in at the slot it was told', () => {
    const admission = new Admission(0, LIMITS);
    const devices = Array.from({ length: 50 }, (_, index) => `device ${index}`);
    const slots = devices.map((device) => {
      const slot = admission.newSession(device, 0);
      return slot.isGranted ? 0 : slot.retryAfterMs;
    });
    expect(slots.filter((ms) => ms === 0).length).toBe(10);
    expect(slots.slice(10)).toEqual(Array.from({ length: 40 }, (_, index) => 100 * (index + 1)));
    expect(admission.newSession('device 20', slots[20]! - 1).isGranted).toBe(false);
    expect(admission.newSession('device 20', slots[20]!).isGranted).toBe(true);
    for (const index of [21, 49]) {
      expect(admission.newSession(devices[index]!, slots[index]!).isGranted).toBe(true);
    }
  });

  test('asking early keeps the slot and takes no second one', () => {
    const admission = new Admission(0, LIMITS);
    for (let i = 0; i < 10; i++) admission.newSession(`other ${i}`, 0);
    for (let i = 0; i < 5; i++) admission.newSession('mine', 0);
    expect(admission.newSession('next', 0)).toEqual({ isGranted: false, retryAfterMs: 200 });
  });

  test('a slot that was let pass is lost', () => {
    const admission = new Admission(0, LIMITS);
    for (let i = 0; i < 11; i++) admission.newSession(`other ${i}`, 0);
    for (let i = 0; i < 10; i++) admission.newSession(`late ${i}`, 101 + SLOT_KEPT_MS);
    expect(admission.newSession('other 10', 101 + SLOT_KEPT_MS).isGranted).toBe(false);
  });

  test('reservations are bounded', () => {
    const admission = new Admission(0, LIMITS);
    for (let i = 0; i < RESERVATIONS_MAX + 100; i++) admission.newSession(`device ${i}`, 0);
    expect(admission.reservations).toBe(RESERVATIONS_MAX);
  });
});

describe('bursts', () => {
  test('what was turned away is told once, with counts', () => {
    const admission = new Admission(0, LIMITS);
    admitted(admission, '192.0.2.1:1', 12, 0);
    expect(admission.drainBursts(1_000)).toEqual([
      { reasonCode: 'rate_limited', prefix: '192.0.2', count: 7, sinceMs: 0 },
    ]);
    expect(admission.drainBursts(2_000)).toEqual([]);
  });

  test('many prefixes share one line', () => {
    const admission = new Admission(0, { ...LIMITS, handshakesPerSecond: 1_000_000 });
    for (let net = 0; net < 200; net++) admitted(admission, `10.1.${net}.1:1`, 6, 0);
    const bursts = admission.drainBursts(1_000);
    expect(bursts.length).toBe(BURST_PREFIXES_MAX + 1);
    expect(bursts.reduce((sum, burst) => sum + burst.count, 0)).toBe(200);
  });
});
