/**
 * Goal: a device whose connection changes is not away, neither for a condition nor for the end of a rollout; one that is gone is. One that went
 * when it had been sent the policy is waited for, and nothing is called good without it.
 *
 * Method: scene.ts; who is there and when is the test's.
 */
import { expect, test } from 'bun:test';
import { CANARY, conditionsOf, PLAN, Scene } from './scene.ts';

test('a device that is back within ten seconds was not away: another keepalive takes another connection', () => {
  const conditions = conditionsOf('offline > 0');
  const scene = new Scene(10, { ...PLAN, canary: { ...CANARY, conditions } }).ready();
  const [device = ''] = scene.canary;
  const isAt = (online: boolean) => scene.feed({ kind: 'presence', device, online });
  for (let time = 1; time <= 3; time++) {
    isAt(false);
    scene.pass(9);
    expect([time, scene.rollout.stage, scene.rollout.counted().offline]).toEqual([
      time,
      'canary',
      0,
    ]);
    isAt(true);
    scene.pass(1);
  }
  // While the broker is not heard, nobody knows.
  isAt(false);
  scene.pass(5);
  scene.feed({ kind: 'link', isUp: false });
  scene.pass(60);
  scene.feed({ kind: 'link', isUp: true });
  scene.pass(4);
  expect([scene.rollout.stage, scene.rollout.counted().offline]).toEqual(['canary', 0]);
  scene.did();
  scene.pass(1);
  expect(scene.did()).toEqual([
    'save reverting',
    ...scene.canary.map((name) => `revert device:${name}`),
  ]);
});

test('who changes its connection in its trial is waited for', () => {
  const scene = new Scene(2, { ...PLAN, canary: null }).ready();
  scene.confirms(5, ['gw-0']);
  scene.says('gw-1', { onTrial: 5 });
  scene.feed({ kind: 'presence', device: 'gw-1', online: false });
  scene.pass(2);
  expect(scene.rollout.stage).toBe('rest');
  scene.feed({ kind: 'presence', device: 'gw-1', online: true });
  scene.confirms(5, ['gw-1']);
  scene.pass(1);
  expect(scene.did().at(-1)).toBe('good: 2 confirmed');
});

test('in the rest a condition takes it back from all, and devices that were away before are not counted', () => {
  const conditions = conditionsOf('offline > 10%');
  const scene = new Scene(10, { ...PLAN, canary: { ...CANARY, conditions } });
  for (const parked of ['gw-parked', 'gw-sold', 'gw-lost']) {
    scene.feed({ kind: 'presence', device: parked, online: false });
    scene.says(parked, {});
  }
  scene.ready();
  scene.confirms(5);
  scene.pass(63, 5);
  scene.pass(2, 5);
  expect(scene.rollout.stage).toBe('rest');
  scene.did();
  const others = [...scene.devices.keys()].filter((device) => !scene.canary.includes(device));
  for (const device of others.slice(0, 2)) {
    scene.feed({ kind: 'presence', device, online: false });
  }
  scene.pass(9);
  expect(scene.did()).toEqual([]);
  scene.pass(1);
  expect(scene.did()).toEqual([
    'save reverting',
    'revert fleet:acme',
    ...scene.canary.map((device) => `clear ${device}`),
  ]);
});

test('a policy that takes all devices off the broker is not called good: who went in its trial is waited for until the trial is over', () => {
  const scene = new Scene(10, { ...PLAN, canary: null }).ready();
  const devices = [...scene.devices.keys()];
  for (const device of devices) scene.says(device, { onTrial: 5 });
  scene.pass(5);
  for (const device of devices) scene.feed({ kind: 'presence', device, online: false });
  scene.pass(145);
  expect(scene.did()).toEqual(['save rest', 'forward fleet:acme']);
  scene.pass(1);
  expect(scene.did().at(-1)).toBe('bad: 0 confirmed, 10 still on trial, 10 of these gone');
});

test('who went before it said anything is waited for as well, and who was parked before is not', () => {
  const scene = new Scene(3, { ...PLAN, canary: null });
  scene.feed({ kind: 'presence', device: 'gw-0', online: false });
  scene.ready();
  scene.confirms(5, ['gw-1']);
  scene.feed({ kind: 'presence', device: 'gw-2', online: false });
  scene.pass(60);
  expect(scene.rollout.stage).toBe('rest');
  expect(scene.rollout.counted()).toMatchObject({ missing: 1, gone: 1, away: 1, offline: 2 });
  scene.feed({ kind: 'presence', device: 'gw-2', online: true });
  scene.confirms(5, ['gw-2']);
  scene.pass(1);
  const end = 'good: 2 confirmed, 1 away, for whom it waits at the broker';
  expect(scene.did().at(-1)).toBe(end);
});

test('the rest behind a canary is no better than what is sent at once, and who was on trial when it was gone on with neither', () => {
  const scene = new Scene(10).ready();
  scene.confirms(5);
  scene.pass(63, 5);
  expect(scene.rollout.stage).toBe('rest');
  const others = [...scene.devices.keys()].filter((device) => !scene.canary.includes(device));
  for (const device of others) scene.says(device, { onTrial: 5 });
  for (const device of others) scene.feed({ kind: 'presence', device, online: false });
  scene.pass(100);
  expect(scene.rollout.stage).toBe('rest');
  const again = new Scene(0, PLAN, scene);
  for (const device of others) again.feed({ kind: 'presence', device, online: false });
  again.ready();
  again.pass(150);
  expect(again.rollout.stage).toBe('rest');
  again.pass(1);
  const end = 'bad: 2 confirmed, 8 still on trial, 8 of these gone';
  expect(again.did().at(-1)).toBe(end);
});

test('gone on with, who came back and went again without a word is waited for', () => {
  const first = new Scene(10).ready();
  first.confirms(5);
  first.pass(63, 5);
  const scene = new Scene(0, PLAN, first, 'nobodyIsKnown').ready();
  scene.pass(1);
  for (const device of scene.devices.keys()) {
    scene.feed({ kind: 'presence', device, online: true });
    scene.says(device, {});
  }
  scene.pass(1);
  const [device = ''] = [...scene.devices.keys()].filter((one) => !scene.canary.includes(one));
  scene.feed({ kind: 'presence', device, online: false });
  scene.confirms(
    5,
    [...scene.devices.keys()].filter((one) => one !== device),
  );
  scene.pass(60);
  expect(scene.rollout.counted()).toMatchObject({ confirmed: 9, missing: 1, gone: 1 });
  scene.pass(100);
  expect(scene.did().at(-1)).toBe('bad: 9 confirmed, 1 said nothing, 1 of these gone');
});
