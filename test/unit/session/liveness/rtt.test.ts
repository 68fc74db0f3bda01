import { describe, expect, test } from 'bun:test';
import { TIMEOUT_MAX_MS, timeoutMs, withSample } from '../../../../session/liveness/rtt.ts';

describe('rtt', () => {
  test('the first sample counts whole, with half of it as variance (RFC 6298 §2.2)', () => {
    expect(withSample(null, 40)).toEqual({ srttMs: 40, varMs: 20 });
  });

  test('each further one counts an eighth, its deviation a quarter (RFC 6298 §2.3)', () => {
    expect(withSample({ srttMs: 40, varMs: 20 }, 80)).toEqual({ srttMs: 45, varMs: 25 });
  });

  test('the timeout is srtt + 4 var', () => {
    expect(timeoutMs({ srttMs: 100, varMs: 30 })).toBe(220);
  });

  test('a steady path still gets a tick of the clock, and a quarter of its round trip', () => {
    expect(timeoutMs({ srttMs: 20, varMs: 0 })).toBe(30);
    expect(timeoutMs({ srttMs: 200, varMs: 1 })).toBe(250);
  });

  test('it is never more than two seconds, and a guess before the first sample', () => {
    expect(timeoutMs({ srttMs: 1_500, varMs: 900 })).toBe(TIMEOUT_MAX_MS);
    expect(timeoutMs(null)).toBe(300);
  });
});
