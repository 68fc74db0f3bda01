/**
 * Goal: what a document says is judged as a file would be, whatever keys and values a signer puts into it; and every policy that
 * may be used fits a document.
 */
import { describe, expect, test } from 'bun:test';
import type { Field, Fields } from '../../../../policies/field.ts';
import { loadPolicyText } from '../../../../policies/load.ts';
import { PROFILE_NAMES, PROFILES } from '../../../../policies/profiles.ts';
import { POLICY_FIELDS } from '../../../../policies/schema.ts';
import {
  bodyOfTable,
  COMMANDS,
  commandOf,
  overridesOf,
  policyOf,
  successorOf,
} from '../../../../policies/signed/body.ts';
import {
  type Cbor,
  type CborMap,
  decodeCbor,
  encodeCbor,
} from '../../../../policies/signed/cbor.ts';
import { encodeClaims } from '../../../../policies/signed/claims.ts';
import { DOCUMENT_BYTES_MAX } from '../../../../policies/signed/envelope.ts';
import { isRefused } from '../../../../policies/signed/refusal.ts';
import { claimsOf, signerOf } from './documents.ts';

const verdict = (judged: object) => (isRefused(judged) ? judged.refused : 'fine');
const policy = (body: CborMap) => verdict(policyOf(claimsOf({ version: 1, body })));
const map = (...entries: [number | string, Cbor][]) => new Map(entries);

describe('a policy', () => {
  test('of every profile goes through a document unchanged', () => {
    for (const name of PROFILE_NAMES) {
      const table = Bun.TOML.parse(PROFILES[name]) as Readonly<Record<string, unknown>>;
      const body = decodeCbor(encodeCbor(bodyOfTable(table)!));
      const carried = policyOf(claimsOf({ version: 1, body: body as CborMap }));
      expect<unknown>(carried).toEqual({
        policy: {
          ...(loadPolicyText(PROFILES[name], Bun.TOML.parse) as { policy: object }).policy,
        },
      });
    }
  });

  test('may have fractions and times', () => {
    const text = [
      '[quality]\nloss_enter_percent = 12.5',
      '[emergency]\nexpires_at = 2026-12-24T18:00:00Z',
    ].join('\n');
    const body = bodyOfTable(Bun.TOML.parse(text) as Readonly<Record<string, unknown>>)!;
    const carried = policyOf(claimsOf({ version: 1, body }));
    expect(carried).toMatchObject({
      policy: {
        quality: { lossEnterPercent: 12.5 },
        emergency: { expiresAt: '2026-12-24T18:00:00Z' },
      },
    });
  });

  test('with what no field has is refused, and touches nothing', () => {
    const cases: CborMap[] = [
      map(['__proto__', map(['polluted', 1])]),
      map(['constructor', map(['prototype', map(['polluted', 1])])]),
      map([1, 1]),
      map(['session', map([0, 1])]),
      map(['session', 1]),
      map(['session', null], ['ttl', 1]),
      map(['session', map(['ttl_ms', '86400000'])]),
      map(['session', map(['ttl_ms', new Uint8Array(8)])]),
      map(['session', map(['ttl_ms', 86_400_000.5])]),
      map(['name', 'a\u0000b']),
      map(['links', map(['eth0\n', map(['preference', 1])])]),
      map(['version', 1.5]),
      map(['anti_replay', false]),
      map(['security', map(['version_checks', false])]),
    ];
    for (const body of cases) expect([body, policy(body)]).toEqual([body, 'document_invalid']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('of the greatest size fits a document', () => {
    const body = largest(POLICY_FIELDS);
    const links = Array.from({ length: 64 }, (_, at): [string, Cbor] => [
      `wwan${at}`.padEnd(15, '-'),
      largest(POLICY_FIELDS.links.entry),
    ]);
    const whole = new Map<string, Cbor>([...body, ['links', new Map(links)]]);
    const bytes = encodeClaims(claimsOf({ body: whole })).length;
    // The envelope: tag, header, signature and lengths.
    expect(bytes + 140).toBeLessThan(DOCUMENT_BYTES_MAX);
    expect(bytes).toBeGreaterThan(4_000);
  });
});

/** Every field of a tree with its longest value. */
function largest(fields: Fields): Map<string, Cbor> {
  const entries = Object.entries(fields).map(([name, field]): [string, Cbor] => [
    name,
    longest(field),
  ]);
  return new Map(entries);
}

function longest(field: Field): Cbor {
  switch (field.kind) {
    case 'integer':
      return field.max;
    case 'number':
      return field.max - 0.1;
    case 'text':
      return (field.words ?? ['n'.repeat(64)]).reduce((a, b) => (b.length > a.length ? b : a));
    case 'instant':
      return '2026-12-24T18:00:00.123456789Z';
    case 'table':
      return largest(field.fields);
    default:
      return null;
  }
}

describe('other bodies', () => {
  test('an emergency names only what may be tightened', () => {
    const judge = (body: CborMap) => verdict(overridesOf(claimsOf({ kind: 'emergency', body })));
    expect(judge(map(['session', map(['ttl_ms', 3_600_000])]))).toBe('fine');
    expect(judge(map(['session', map(['degraded_max_ms', 60_000])]))).toBe('document_invalid');
    expect(judge(map(['links', map(['eth0', map(['preference', 1])])]))).toBe('document_invalid');
    expect(judge(map(['push', map(['confirm_window_ms', 10_000])]))).toBe('document_invalid');
    expect(judge(map(['version', 1]))).toBe('document_invalid');
  });

  test('a rotation names one key, and nothing else', () => {
    const judge = (body: CborMap) => verdict(successorOf(claimsOf({ kind: 'rotation', body })));
    expect(judge(map([1, signerOf(1).publicKey]))).toBe('fine');
    const wrong = [
      map(),
      map([1, new Uint8Array(31)]),
      map([1, 'x']),
      map([2, signerOf(1).publicKey]),
      map([1, new Uint8Array(32)]), // anybody can sign under that
    ];
    for (const body of [...wrong, map([1, signerOf(1).publicKey], [2, 1])]) {
      expect(judge(body)).toBe('document_invalid');
    }
  });

  test('a command has a name that is known, an id, and a link where it takes one', () => {
    const judge = (...body: [number, Cbor][]) =>
      verdict(commandOf(claimsOf({ kind: 'command', body: map(...body) })));
    const id: [number, Cbor] = [2, new Uint8Array(16)];
    for (const name of COMMANDS) {
      const takesLink = name === 'rebind';
      expect([name, judge([1, name], id)]).toEqual([name, takesLink ? 'document_invalid' : 'fine']);
      const withLink = judge([1, name], id, [3, 'eth0']);
      expect([name, withLink]).toEqual([name, takesLink ? 'fine' : 'document_invalid']);
    }
    expect(judge([1, 'reboot'], id)).toBe('document_invalid');
    expect(judge([1, 'toString'], id)).toBe('document_invalid');
    expect(judge([1, 'rotate_keys'])).toBe('document_invalid');
    expect(judge([1, 'rotate_keys'], [2, new Uint8Array(15)])).toBe('document_invalid');
    expect(judge([1, 'rotate_keys'], id, [4, 1])).toBe('document_invalid');
    expect(judge([1, 'rebind'], id, [3, '../eth0'])).toBe('document_invalid');
  });

  test('a value that no document has is no body', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 1n, undefined, () => 1]) {
      expect(bodyOfTable({ session: { ttl_ms: value } })).toBeNull();
    }
  });
});
