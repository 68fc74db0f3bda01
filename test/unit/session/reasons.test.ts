import { expect, test } from 'bun:test';
import {
  isReasonCode,
  REASONS,
  REASONS_BY_MOMENT,
  type Reason,
  reasonOf,
  SEVERITIES,
} from '../../../session/reasons.ts';

const ROWS = Object.entries(REASONS) as [keyof typeof REASONS, Reason][];

test('one code stands in one table only', () => {
  const codes = Object.values(REASONS_BY_MOMENT).flatMap((rows) => Object.keys(rows));
  expect(codes.length).toBe(new Set(codes).size);
  expect(ROWS.length).toBe(codes.length);
});

test('every row can be read by a person who was woken by it', () => {
  for (const [code, { sentence, hint, severity }] of ROWS) {
    expect(code).toMatch(/^[a-z][a-z_]{2,39}$/);
    expect([code, /^[A-Z].{10,160}\.$/.test(sentence)]).toEqual([code, true]);
    expect([code, /^[A-Z].{8,160}[.?`]$/.test(hint)]).toEqual([code, true]);
    expect(SEVERITIES).toContain(severity);
  }
  expect(new Set(ROWS.map(([, { sentence }]) => sentence)).size).toBe(ROWS.length);
});

test('only a refusal says what the claimant may do, and a fatal one says never', () => {
  for (const [code, { fatal, retry }] of ROWS) {
    const isRefusal = code in REASONS_BY_MOMENT.refusals;
    expect([code, retry !== null]).toEqual([code, isRefusal]);
    expect([code, fatal]).toEqual([code, retry === 'never']);
  }
});

test('exactly these refusals end the session for the claimant', () => {
  const fatal = ROWS.filter(([, row]) => row.fatal).map(([code]) => code);
  expect(fatal).toEqual([
    'unknown_session',
    'invalid_state',
    'session_ttl_expired',
    'transport_ttl_expired',
    'bad_proof',
    'identity_conflict',
    'revoked',
  ]);
});

test('refusals stand in the order in which a hub checks', () => {
  expect(Object.keys(REASONS_BY_MOMENT.refusals).slice(0, 15)).toEqual([
    'rate_limited',
    'unknown_session',
    'invalid_state',
    'session_ttl_expired',
    'transport_ttl_expired',
    'bad_proof',
    'replay_detected',
    'stale_state_version',
    'reattach_rate_limited',
    'policy_denied',
    'switch_rate_limited',
    'cooldown_active',
    'invalid_transport',
    'ownership_conflict',
    'store_unavailable',
  ]);
});

test('foreign text is a code only if the table has it, whatever objects inherit', () => {
  expect(isReasonCode('carrier_lost')).toBe(true);
  for (const text of [
    '',
    'toString',
    '__proto__',
    'constructor',
    'CARRIER_LOST',
    'carrier_lost ',
  ]) {
    expect([text, isReasonCode(text)]).toEqual([text, false]);
  }
  expect(reasonOf('carrier_lost')).toBe(REASONS.carrier_lost);
});
