/**
 * Goal: what is taken for the answer to a document was said of it, and behind it.
 */
import { expect, test } from 'bun:test';
import { Rollout } from '../../../../policies/rollout/rollout.ts';
import { PLAN, Scene } from './scene.ts';

test('what a device refused before it was sent again is no answer, until it has had all the time for another', () => {
  const told = { version: 5, kind: 'policy', tsMs: 7 };
  const early = { ...told, code: 'document_early' };
  const replayed = { ...told, code: 'document_replayed' };
  const plan = { ...PLAN, canary: null };
  const sent = (lastRefusal: typeof early) => {
    const scene = new Scene(1, plan);
    scene.says('gw-0', { lastRefusal });
    scene.ready().pass(1);
    scene.did();
    return scene;
  };
  // Taken now.
  const taken = sent(early);
  taken.says('gw-0', { onTrial: 5 });
  taken.pass(60);
  taken.confirms(5, ['gw-0']);
  taken.pass(1);
  expect(taken.did().at(-1)).toBe('good: 1 confirmed');
  // Refused again.
  const again = sent(early);
  again.says('gw-0', { lastRefusal: { ...early, tsMs: 8 } });
  again.pass(1);
  expect(again.did().at(-1)).toBe('bad: 0 confirmed, 1 refused');
  // Of the same refusal a device reports one a minute at most.
  const mute = sent(early);
  mute.pass(140);
  expect(mute.did()).toEqual([]);
  mute.pass(20);
  expect(mute.did().at(-1)).toBe('bad: 0 confirmed, 1 refused');
  // A version that is used up stays that: there is nothing to wait for.
  const used = new Scene(1, plan);
  used.says('gw-0', { lastRefusal: replayed });
  used.ready().pass(1);
  expect(used.did().at(-1)).toBe('bad: 0 confirmed, 1 rolled back');
  // A canary is not taken back for it.
  const canary = new Scene(10);
  for (const device of canary.devices.keys()) canary.says(device, { lastRefusal: early });
  canary.ready().pass(1);
  expect(canary.rollout.stage).toBe('canary');
});

test('gone on with, a refusal of this version from before it began takes nothing back', () => {
  const lastRefusal = { code: 'document_early', version: 5, kind: 'policy', tsMs: 1 };
  const before = new Scene(10);
  for (const device of before.devices.keys()) before.says(device, { lastRefusal });
  before.ready();
  before.pass(1);
  const scene = before.resumed();
  scene.pass(1);
  expect([before.rollout.stage, scene.rollout.stage]).toEqual(['canary', 'canary']);
  // A newer one is an answer.
  scene.says(scene.canary[0] ?? '', { lastRefusal: { ...lastRefusal, tsMs: 2 } });
  scene.pass(1);
  expect(scene.rollout.stage).toBe('reverting');
});

test('a device that took the end of an emergency, and was restarted before it said so, has no emergency', () => {
  const sought = { kind: 'emergencyEnd', version: 71 } as const;
  const told = { code: 'document_replayed', version: 71, kind: 'emergency', tsMs: 1 };
  const ended = (emergency: number | null, lastRefusal = told) => {
    const scene = new Scene(1, { ...PLAN, canary: null, sought });
    scene.says('gw-0', { emergency: 70, counters: { emergency_began: 1 } });
    scene.ready();
    scene.says('gw-0', { emergency, lastRefusal, counters: { document_replayed: 1 } });
    scene.pass(1);
    return scene.did().at(-1);
  };
  expect(ended(null)).toBe('good: 1 confirmed');
  // Another one holds; or it is no news that the version is used up.
  expect(ended(72)).toBe('bad: 0 confirmed, 1 refused');
  expect(ended(null, { ...told, code: 'document_early' })).toBe('bad: 0 confirmed, 1 refused');
  // What began is not over for it.
  const beginning = new Scene(1, {
    ...PLAN,
    canary: null,
    sought: { ...sought, kind: 'emergency' },
  });
  beginning.ready();
  beginning.says('gw-0', { lastRefusal: told });
  beginning.pass(1);
  expect(beginning.did().at(-1)).toBe('bad: 0 confirmed, 1 refused');
});

test('how long whoever feeds it has been running is no waiting', () => {
  const rollout = new Rollout({ ...PLAN, canary: null, patienceMs: 2_000 });
  rollout.feed({ kind: 'link', atMs: 2_900, isUp: true });
  rollout.feed({ kind: 'ready', atMs: 2_900 });
  expect(rollout.feed({ kind: 'tick', atMs: 2_900 })).toEqual([]);
  expect(rollout.feed({ kind: 'tick', atMs: 4_000 })).toEqual([]);
  const [end] = rollout.feed({ kind: 'tick', atMs: 5_000 }).slice(-1);
  expect(end).toMatchObject({ kind: 'finish', isGood: false });
});
