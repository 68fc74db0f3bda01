/**
 * Goal: what somebody else publishes for the target forbids the rest, and no more: the canary is watched to the end of its soak, and is taken
 * back where a condition holds.
 *
 * Method: scene.ts; a document for the target is an event.
 */
import { expect, test } from 'bun:test';
import { CANARY, PLAN, Scene } from './scene.ts';

const WATCHED =
  'bad: the canary was watched to the end of its soak, and keeps version 5 until it takes a higher one';

/** In its soak, and overtaken. */
function overtakenInSoak(): Scene {
  const scene = new Scene(10).ready();
  scene.confirms(5);
  scene.pass(30, 5);
  expect(scene.rollout.stage).toBe('soak');
  scene.did();
  scene.feed({ kind: 'overtaken' });
  return scene;
}

test('◆ overtaken in its soak, a canary that is degraded is taken back', () => {
  const scene = overtakenInSoak();
  scene.pass(5, 5);
  scene.did();
  scene.heard.clear();
  for (const device of scene.canary) scene.health(device, 5, 'DEGRADED');
  scene.pass(1);
  expect(scene.did()).toEqual([
    'save reverting',
    ...scene.canary.map((device) => `revert device:${device}`),
  ]);
  scene.confirms(6);
  scene.pass(1);
  expect(scene.did().at(-1)).toMatch(/^bad: degraded .*; 2 confirmed$/);
  expect(scene.rollout.stage).toBe('aborted');
});

test('◆ overtaken while it is still on trial, too', () => {
  const scene = new Scene(10).ready();
  scene.feed({ kind: 'overtaken' });
  scene.did();
  const [device = ''] = scene.canary;
  const lastStep = { code: 'policy_rolled_back', version: 5, kind: 'policy', tsMs: 1 } as const;
  scene.says(device, { lastStep });
  scene.pass(1);
  expect(scene.did()[0]).toBe('save reverting');
});

test('◆ a canary that is well is watched to the end of its soak, and the rest is not sent it', () => {
  const scene = overtakenInSoak();
  scene.pass(20, 5);
  expect([scene.rollout.stage, scene.done.some((one) => one.startsWith('bad'))]).toEqual([
    'soak',
    false,
  ]);
  scene.pass(60, 5);
  expect(scene.did().filter((one) => !one.startsWith('save'))).toEqual([WATCHED]);
  expect(scene.rollout.stage).toBe('soak');
  expect(scene.rollout.progress.isWide).toBeFalse();
});

test('who follows a higher version by now is not of the canary any more', () => {
  const scene = overtakenInSoak();
  const [first = '', second = ''] = scene.canary;
  scene.says(first, { confirmed: 9, lastRefusal: null });
  scene.heard.delete(first);
  scene.pass(10, 5);
  expect([scene.rollout.isHeard, scene.rollout.counted().devices]).toEqual([true, 1]);
  scene.says(second, { onTrial: 9 });
  scene.pass(1);
  expect(scene.rollout.counted().devices).toBe(1);
  scene.says(second, { onTrial: null, confirmed: 9 });
  scene.did();
  scene.pass(1);
  expect(scene.did()).toEqual([
    'bad: the canary follows a higher version by now, which somebody else sent it',
  ]);
});

test('what is sent to all, or is taken back from all, ends at once; a canary that is taken back is waited for', () => {
  const wide = new Scene(10, { ...PLAN, canary: { ...CANARY, soakMs: 0 } }).ready();
  wide.confirms(5);
  wide.pass(2, 5);
  expect(wide.rollout.stage).toBe('rest');
  wide.did();
  wide.feed({ kind: 'overtaken' });
  expect(wide.did()).toEqual(['bad: nobody is waited for any more']);
  const all = new Scene(10, { ...PLAN, canary: null }).ready();
  all.did();
  all.feed({ kind: 'overtaken' });
  expect(all.did()).toEqual(['bad: nobody is waited for any more']);
  const back = new Scene(10).ready();
  back.feed({ kind: 'abort' });
  back.did();
  back.feed({ kind: 'overtaken' });
  expect(back.did()).toEqual([]);
  back.confirms(6);
  back.pass(1);
  expect(back.did().at(-1)).toStartWith('bad: the operator asked for it; 2 confirmed');
});

test('◆ a canary that follows what somebody else sent its devices alone is no canary any more: the rollout ends', () => {
  for (const before of ['canary', 'soak'] as const) {
    const scene = new Scene(10).ready();
    if (before === 'soak') scene.confirms(5);
    scene.pass(20, 5);
    expect(scene.rollout.stage).toBe(before);
    scene.did();
    scene.confirms(50);
    scene.pass(1);
    const end = 'bad: the canary follows a higher version by now, which somebody else sent it';
    expect([before, scene.did()]).toEqual([before, [end]]);
  }
});

test('one of two that does leaves the other one to be watched', () => {
  const scene = new Scene(10).ready();
  const [device = '', other = ''] = scene.canary;
  scene.confirms(5);
  scene.pass(20, 5);
  scene.confirms(50, [device]);
  for (let second = 0; second < 60; second++) {
    scene.pass(1);
    if (second % 10 === 0) scene.health(other, 5);
  }
  expect(scene.rollout.stage).toBe('rest');
});
