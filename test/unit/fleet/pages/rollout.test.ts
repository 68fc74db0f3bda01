import { expect, test } from 'bun:test';
import {
  documentFacts,
  emergencyText,
  outcomesOf,
  rolloutText,
} from '../../../../fleet/pages/rollout.ts';

const ROLLOUT = {
  ...{ version: 8, devices: 400, confirmed: 300, on_trial: 40, rolled_back: 4 },
  ...{ refused: 16, silent: 39, ahead: 1 },
};

test('a rollout in words and shares', () => {
  expect(rolloutText(ROLLOUT)).toBe('Policy version 8: 300 of 400 devices have confirmed it.');
  expect(rolloutText({ ...ROLLOUT, devices: 1, confirmed: 0 })).toContain('0 of 1 device has');
  const shares = outcomesOf(ROLLOUT).map(({ name, percent }) => `${name} ${percent}`);
  expect(shares).toEqual([
    'confirmed 75',
    'on trial 10',
    'rolled back 1',
    'refused 4',
    'silent 9.75',
    'ahead 0.25',
  ]);
});

test('an emergency in words, and none without one', () => {
  expect(emergencyText({ devices: 0, versions: [] })).toBe('');
  expect(emergencyText({ devices: 1, versions: [3] })).toBe(
    'An emergency holds on 1 device: version 3.',
  );
  expect(emergencyText({ devices: 1_200, versions: [3, 4] })).toBe(
    'An emergency holds on 1,200 devices: versions 3, 4.',
  );
});

test('the documents of a device as facts; none where it takes none', () => {
  expect([documentFacts(null), documentFacts(undefined)]).toEqual([[], []]);
  const last = { code: 'policy_on_trial', ts_ms: 1, version: 8, kind: null, why: null };
  const refused = { code: 'brand_new', ts_ms: 1, version: null, kind: null, why: 'so' };
  const facts = documentFacts({
    ...{ confirmed: 7, on_trial: 8, emergency: null, last, last_refusal: refused },
  });
  expect(facts.map(({ words, text }) => `${words}: ${text}`)).toEqual([
    'Policy confirmed: version 7',
    'Policy on trial: version 8',
    'Emergency: none',
    expect.stringMatching(/^Last document: document version 8, policy_on_trial: \w/),
    'Last refused document: brand_new: This version of the dashboard does not know that code. (so)',
  ]);
});
