import { expect, test } from 'bun:test';
import {
  brokenCondition,
  INDICATORS,
  parseConditions,
  type Tally,
} from '../../../../policies/rollout/condition.ts';

const CALM = {
  ...Object.fromEntries(INDICATORS.map((indicator) => [indicator, 0])),
  devices: 50,
} as Tally;

function broken(text: string, tally: Partial<Tally>): string | null {
  const parsed = parseConditions(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return brokenCondition(parsed.conditions, { ...CALM, ...tally });
}

test('every indicator is known, alone and joined', () => {
  for (const indicator of INDICATORS) expect(broken(`${indicator} > 1`, {})).toBeNull();
  const parsed = parseConditions('degraded > 2% or rolled_back >= 1, switches_per_minute>4.5');
  expect(parsed).toEqual({
    ok: true,
    conditions: [
      { indicator: 'degraded', comparison: '>', limit: 2, isPercent: true },
      { indicator: 'rolled_back', comparison: '>=', limit: 1, isPercent: false },
      { indicator: 'switches_per_minute', comparison: '>', limit: 4.5, isPercent: false },
    ],
  });
});

test('at the limit a share holds or not as it is written, and the sentence has both numbers', () => {
  expect(broken('degraded > 2%', { degraded: 1 })).toBeNull();
  expect(broken('degraded > 2%', { degraded: 2 })).toBe('degraded 2 of 50, and the limit is > 2 %');
  expect(broken('degraded >= 2%', { degraded: 1 })).toBe(
    'degraded 1 of 50, and the limit is >= 2 %',
  );
  expect(broken('refused > 1 or offline > 3', { refused: 1, offline: 4 })).toBe(
    'offline 4 of 50, and the limit is > 3',
  );
  expect(broken('switches_per_minute > 2', { switches_per_minute: 2.256 })).toBe(
    'switches_per_minute 2.26, and the limit is > 2',
  );
  expect(broken('degraded >= 0', { devices: 0 })).toBeNull();
});

test('what is not understood is named, with what would be', () => {
  const cases = [
    ['', '"" is no condition'],
    ['degraded', '"degraded" is no condition'],
    ['degraded < 2', '"degraded < 2" is no condition'],
    ['degraded > -1', '"degraded > -1" is no condition'],
    ['degraded > 2% and volatile > 1', 'is no condition'],
    ['degraded > 2%,', '"" is no condition'],
    ['sad > 2%', '"sad" is not known'],
    ['degraded > 101%', '101 % of devices are too many'],
    ['switches_per_minute > 2%', 'switches_per_minute is no share of devices'],
  ] as const;
  for (const [text, message] of cases) {
    const parsed = parseConditions(text);
    expect([text, parsed.ok ? '' : parsed.message]).toEqual([
      text,
      expect.stringContaining(message),
    ]);
  }
  const parsed = parseConditions('sad > 2%');
  expect(parsed.ok ? '' : parsed.message).toEndWith(
    'allowed: degraded, volatile, recovering, terminated, offline, silent, rolled_back, refused, switches_per_minute; ' +
      '> or >=; a number of devices or a share like 2%; joined by "or" or ","',
  );
});
