/**
 * Goal: the numbers at the end of a rollout that is taken back are those of devices that had the time to say something.
 */
import { expect, test } from 'bun:test';
import { countDevices } from '../../../../policies/rollout/count.ts';
import { UNSEEN } from '../../../../policies/rollout/view.ts';
import { CANARY, PLAN, Scene } from './scene.ts';

/** Of the new policy 20 s, of the one before 120 s; a trial of the new one may have to end first. */
const SLOW_BACK = {
  ...PLAN,
  patienceMs: 50_000,
  canary: { ...CANARY, revertPatienceMs: 170_000 },
} as const;

function takenBack(): Scene {
  const scene = new Scene(10, SLOW_BACK).ready();
  scene.confirms(5);
  scene.pass(1);
  scene.feed({ kind: 'abort' });
  scene.did();
  for (const device of scene.canary) scene.says(device, { onTrial: 6 });
  return scene;
}

test('a policy before that is on trial for longer than the new one is waited for', () => {
  const scene = takenBack();
  // Half of its window.
  scene.pass(60);
  expect(scene.did()).toEqual([]);
  scene.confirms(6);
  scene.pass(1);
  expect(scene.did().at(-1)).toBe('bad: the operator asked for it; 2 confirmed');
});

test('who is on trial has said something, and is not silent', () => {
  const scene = takenBack();
  scene.says(scene.canary[0] ?? '', { onTrial: null });
  scene.pass(170);
  expect(scene.did()).toEqual([]);
  scene.pass(1);
  const end = 'bad: the operator asked for it; 0 confirmed, 1 still on trial, 1 said nothing';
  expect(scene.did().at(-1)).toBe(end);

  const view = { ...UNSEEN, online: true };
  const counted = (kind: 'onTrial' | 'waiting') =>
    countDevices([['gw-0', { ...view, outcome: { kind } }]], 5, true, 0, new Set());
  expect(counted('onTrial')).toMatchObject({ silent: 0, missing: 1, trying: 1, on_trial: 1 });
  expect(counted('waiting')).toMatchObject({ silent: 1, missing: 1, trying: 0, on_trial: 0 });
});

test('gone on with where the canary is back before the others, it leaves out nobody', () => {
  const first = new Scene(10).ready();
  first.confirms(5);
  first.pass(63, 5);
  expect(first.saved).toMatchObject({ stage: 'rest' });
  const scene = new Scene(0, PLAN, first, 'nobodyIsKnown');
  const back = (devices: Iterable<string>) => {
    for (const device of devices) {
      scene.feed({ kind: 'presence', device, online: true });
      scene.says(device, {});
    }
  };
  back(scene.canary);
  scene.ready();
  scene.pass(5);
  back(scene.devices.keys());
  scene.pass(10);
  expect(scene.did()).toEqual(['forward fleet:acme']);
  scene.confirms(5, scene.devices.keys());
  scene.pass(1);
  expect(scene.did().at(-1)).toBe('good: 10 confirmed');
});
