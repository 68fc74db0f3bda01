import { expect, test } from 'bun:test';
import { ranked, wordsOf } from '../../../../fleet/pages/reasonWords.ts';
import { REASONS, type ReasonCode } from '../../../../session/reasons.ts';

test('the words of every code are those of the one table', () => {
  for (const [code, { sentence, severity, hint }] of Object.entries(REASONS)) {
    expect(wordsOf(code)).toEqual({ code, sentence, severity, hint });
  }
});

test('a code of a newer device is shown as it came', () => {
  for (const code of ['moon_phase', 'constructor', '']) {
    expect(wordsOf(code)).toMatchObject({ code, severity: null, hint: null });
  }
});

test('the most frequent first, of equals the graver; what never came is left out', () => {
  const counts: Partial<Record<ReasonCode, number>> & Record<string, number> = {
    shutdown: 2,
    security_failure: 2,
    moon_phase: 2,
    attach_rejected: 2,
    operator_terminated: 9,
    policy_exceeded: 0,
  };
  expect(ranked(counts).map(({ code }) => code)).toEqual(
    'operator_terminated security_failure attach_rejected moon_phase shutdown'.split(' '),
  );
});

test('an end without a reason is an alarm, and what stands for many codes says so', () => {
  expect(wordsOf('no_reason_given')).toMatchObject({ severity: 'alarm' });
  expect(wordsOf('other_reasons').sentence).toStartWith('Other codes');
});
