import { expect, test } from 'bun:test';
import { overtakenAdvice } from '../../../../agent/cli/pushOvertaken.ts';
import { BEGINNING, type Plan, type Stage } from '../../../../policies/rollout/plan.ts';
import { Rollout } from '../../../../policies/rollout/rollout.ts';
import type { SignedDocument } from '../../../../policies/signed/open.ts';

const target = { level: 'fleet', name: 'acme' } as const;
const AT_ONCE: Plan = {
  ...{ id: '', target, sought: { kind: 'policy', version: 8 }, canary: null },
  ...{ patienceMs: 1, freshMs: 1 },
};
const CANARY: Plan = {
  ...AT_ONCE,
  canary: {
    ...{ share: { kind: 'count', count: 1 }, soakMs: 0, conditions: [] },
    ...{ revertVersion: 9, revertPatienceMs: 1 },
  },
};
const at = (plan: Plan, stage: Stage) => new Rollout(plan, { ...BEGINNING, stage });

function theirs(version: number): SignedDocument {
  const times = { notBeforeS: 1, expiresS: 2 };
  const bytes = new Uint8Array(0);
  return { kind: 'policy', target, version, ...times, body: new Map(), bytes, signer: 'ab' };
}

test('behind a newer one of the same key goes a higher version, from another state file', () => {
  expect(overtakenAdvice(at(AT_ONCE, 'rest'), theirs(10), true)).toBe(
    'To send this policy behind it, raise the version to at least 11',
  );
  expect(overtakenAdvice(at(CANARY, 'rest'), theirs(10), true)).toBe(
    'To send this policy behind it, raise the version to at least 11 and name another --state-file',
  );
});

test('over one of another key the same command goes, once it was asked whose it is', () => {
  expect(overtakenAdvice(at(CANARY, 'rest'), theirs(3), false)).toBe(
    'Ask whose key that is; where it is not to stay, run the same command again to publish over it, or with --abort to take this policy back',
  );
  expect(overtakenAdvice(at(AT_ONCE, 'rest'), theirs(10), false)).toBe(
    'Ask whose key that is; where it is not to stay, run the same command again to publish over it; ' +
      'for devices that took it, raise the version to at least 11',
  );
});

test('a canary that was taken back has nothing that the same command could go on with', () => {
  expect(overtakenAdvice(at(CANARY, 'aborted'), theirs(10), false)).toBe('Ask whose key that is');
  expect(overtakenAdvice(at(CANARY, 'aborted'), theirs(10), true)).toBe(
    'To send this policy behind it, raise the version to at least 11',
  );
});

test('an emergency has a higher version each time', () => {
  const emergency = { ...AT_ONCE, sought: { kind: 'emergency', version: 8 } } as const;
  expect(overtakenAdvice(at(emergency, 'rest'), theirs(10), true)).toBe(
    'Where it is not to stay, run the same command again to publish over it',
  );
});
