/**
 * Goal: who did not take a document is named, with the code and the words that it reported of this one, and no more than a few of them.
 */
import { expect, test } from 'bun:test';
import { failuresText } from '../../../../policies/rollout/failure.ts';
import { PLAN, Scene } from './scene.ts';

const ALL_AT_ONCE = { ...PLAN, canary: null };
const REFUSAL = { code: 'document_invalid', version: 5, kind: 'policy', tsMs: 1 };
const STEP = { code: 'policy_rolled_back', version: 5, kind: null, tsMs: 1 };

test('each with its code and its words, by what it said of this document', () => {
  const scene = new Scene(4, ALL_AT_ONCE).ready();
  scene.confirms(5, ['gw-0']);
  scene.says('gw-1', { lastRefusal: { ...REFUSAL, why: 'cost.max' } });
  scene.says('gw-2', {
    lastStep: { ...STEP, why: 'confirm_window_over' },
    lastRefusal: { ...REFUSAL, version: 4, why: 'of another one' },
  });
  scene.says('gw-3', {
    lastRefusal: { code: 'signer_unknown', version: null, kind: null, tsMs: 1 },
    counters: { signer_unknown: 1 },
  });
  scene.pass(1);
  expect(scene.did().at(-1)).toStartWith('bad: 1 confirmed, 1 rolled back, 2 refused');
  expect(scene.rollout.failures).toEqual([
    { device: 'gw-1', outcome: 'refused', code: 'document_invalid', why: 'cost.max' },
    {
      ...{ device: 'gw-2', outcome: 'rolled_back', code: 'policy_rolled_back' },
      why: 'confirm_window_over',
    },
    { device: 'gw-3', outcome: 'refused', code: 'signer_unknown', why: null },
  ]);
  expect(failuresText(scene.rollout.failures)).toBe(
    'gw-1 refused it (document_invalid: cost.max), ' +
      'gw-2 rolled it back (policy_rolled_back: confirm_window_over), gw-3 refused it (signer_unknown)',
  );
});

test('of many the first five', () => {
  const scene = new Scene(7, ALL_AT_ONCE).ready();
  for (const device of scene.devices.keys()) scene.says(device, { lastRefusal: REFUSAL });
  scene.pass(1);
  const text = failuresText(scene.rollout.failures);
  expect(text).toEndWith('gw-4 refused it (document_invalid), and 2 more');
  expect(text).not.toContain('gw-5');
});

test('of a canary that is taken back, what sent it back and not what became of the policy before', () => {
  const scene = new Scene(10).ready();
  const [device = ''] = scene.canary;
  scene.says(device, { lastStep: { ...STEP, why: 'confirm_window_over' } });
  scene.pass(1);
  expect(scene.rollout.stage).toBe('reverting');
  scene.confirms(6);
  scene.pass(1);
  expect(scene.rollout.stage).toBe('aborted');
  expect(scene.rollout.failures).toEqual([
    {
      ...{ device, outcome: 'rolled_back', code: 'policy_rolled_back' },
      why: 'confirm_window_over',
    },
  ]);
});
