/**
 * Goal: a policy reaches the rest only behind a canary that confirmed it and was heard for the whole soak; what a condition names, what
 * is refused and what is rolled back sends the policy before to those who got this one; killed at any stage, it goes on there.
 */
import { expect, test } from 'bun:test';
import { CANARY, conditionsOf, PLAN, Scene } from './scene.ts';

const sent = (document: string, scene: Scene) =>
  scene.canary.map((device) => `${document} device:${device}`);

test('canary, soak, rest, done: each is written down before it is published', () => {
  const scene = new Scene(10).ready();
  expect(scene.canary.length).toBe(2);
  expect(scene.did()).toEqual(['save canary', ...sent('forward', scene)]);
  scene.pass(5);
  for (const device of scene.canary) scene.says(device, { onTrial: 5 });
  scene.pass(5);
  expect([scene.did(), scene.rollout.counted()]).toMatchObject([[], { on_trial: 2 }]);
  scene.confirms(5);
  scene.pass(1);
  expect(scene.did()).toEqual(['save soak']);
  scene.pass(60, 5);
  expect(scene.rollout.stage).toBe('soak');
  scene.pass(1, 5);
  expect(scene.did().filter((line) => line !== 'save soak')).toEqual([
    'save rest',
    'forward fleet:acme',
  ]);
  scene.confirms(5, scene.devices.keys());
  scene.pass(1);
  expect(scene.did()).toEqual([
    'save done',
    ...scene.canary.map((device) => `clear ${device}`),
    'good: 10 confirmed',
  ]);
  scene.pass(5);
  scene.feed({ kind: 'abort' });
  expect(scene.did()).toEqual([]);
});

test('a condition that holds stops it, and the canary gets the policy before with a higher version', () => {
  const scene = new Scene(10).ready();
  scene.confirms(5);
  scene.pass(20, 5);
  scene.did();
  const [first = ''] = scene.canary;
  scene.health(first, 5, 'DEGRADED');
  scene.pass(1);
  expect(scene.did()).toEqual(['save reverting', ...sent('revert', scene)]);
  expect(scene.saved?.why).toBe('degraded 1 of 2, and the limit is > 40 %');
  scene.confirms(6);
  scene.pass(1);
  expect(scene.did()).toEqual([
    'save aborted',
    'bad: degraded 1 of 2, and the limit is > 40 %; 2 confirmed',
  ]);
});

test('states count under the policy that is rolled out alone: what was ill before is not its doing', () => {
  const scene = new Scene(10).ready();
  for (const device of scene.canary) scene.health(device, 4, 'DEGRADED');
  scene.pass(3);
  expect(scene.rollout.stage).toBe('canary');
  expect(scene.rollout.counted().degraded).toBe(0);
});

test('rolled back or refused by one device of the canary is enough, unless a condition says how many', () => {
  const said = [
    [
      { lastStep: { code: 'policy_rolled_back', version: 5, kind: null, tsMs: 1 } },
      'rolled_back 1 of 2',
    ],
    [
      { lastStep: { code: 'document_replayed', version: 5, kind: 'policy', tsMs: 1 } },
      'rolled_back 1 of 2',
    ],
    [
      { lastStep: { code: 'document_invalid', version: 5, kind: 'policy', tsMs: 1 } },
      'refused 1 of 2',
    ],
    [{ lastStep: { code: 'signer_unknown', version: null, kind: null, tsMs: 1 } }, null],
    [{ counters: { signer_unknown: 1 } }, 'refused 1 of 2'],
    [{ lastStep: { code: 'policy_rolled_back', version: 3, kind: null, tsMs: 1 } }, null],
    [{ lastStep: { code: 'push_busy', version: 5, kind: 'policy', tsMs: 1 } }, null],
  ] as const;
  for (const [changed, why] of said) {
    const scene = new Scene(10).ready();
    scene.says(scene.canary[0] ?? '', changed);
    scene.pass(1);
    const broken = scene.rollout.progress.why;
    expect([changed, broken]).toEqual([changed, why && `${why}, and the limit is > 0`]);
  }
  const conditions = conditionsOf('rolled_back > 1');
  const scene = new Scene(10, { ...PLAN, canary: { ...CANARY, conditions } }).ready();
  const [first = '', second = ''] = scene.canary;
  scene.says(first, { lastStep: { code: 'policy_rolled_back', version: 5, kind: null, tsMs: 1 } });
  scene.confirms(5, [second]);
  scene.pass(1);
  expect(scene.rollout.stage).toBe('soak');
});

test('the soak counts only time in which half of the canary is heard, whatever else passes', () => {
  const scene = new Scene(10).ready();
  scene.confirms(5);
  scene.pass(1, 5);
  scene.pass(30, 5);
  const soaked = scene.rollout.progress.soakedMs;
  expect(soaked).toBe(29_000);
  // Away from the broker.
  scene.feed({ kind: 'link', isUp: false });
  scene.pass(600);
  scene.feed({ kind: 'link', isUp: true });
  expect(scene.rollout.progress.soakedMs).toBe(soaked);
  // Heard, and nobody says anything any more: what was said last counts for as long as it is fresh.
  scene.pass(600);
  expect([scene.rollout.isHeard, scene.rollout.progress.soakedMs]).toEqual([false, soaked]);
  // A machine that slept.
  scene.pass(2, 5);
  scene.nowMs += 3_600_000;
  scene.pass(1, 5);
  expect(scene.rollout.progress.soakedMs).toBeLessThanOrEqual(soaked + 2_000);
  // One of two is half of them.
  scene.heard = new Set(scene.canary.slice(0, 1));
  scene.pass(40, 5);
  expect(scene.rollout.stage).toBe('rest');
});

test('what the broker kept of a canary that is there counts as heard, for as long as a report may be old, and once', () => {
  const first = new Scene(10).ready();
  first.confirms(5);
  first.pass(1);
  const scene = first.resumed();
  const keep = () => {
    for (const device of scene.canary) {
      const health = { policyVersion: 5, state: 'ATTACHED', switchesLastMinute: 0 };
      scene.feed({ kind: 'health', device, health, isRetained: true });
    }
  };
  keep();
  scene.pass(20);
  keep();
  scene.pass(20);
  // 30 s from when it was heard first; the first tick only begins to count.
  expect([scene.rollout.isHeard, scene.rollout.progress.soakedMs]).toEqual([false, 29_000]);
});

test('a canary of which less than half confirms in time is taken back; time without a broker is none', () => {
  const scene = new Scene(20).ready();
  scene.confirms(5, scene.canary.slice(0, 1));
  scene.feed({ kind: 'link', isUp: false });
  scene.pass(600);
  scene.feed({ kind: 'link', isUp: true });
  scene.pass(140);
  expect(scene.rollout.stage).toBe('canary');
  scene.pass(20);
  expect([scene.rollout.stage, scene.rollout.progress.why]).toEqual([
    'reverting',
    'only 1 of 4 devices of the canary confirmed it',
  ]);
});

test('killed at any stage it goes on there, with the same canary, and publishes again what may be missing', () => {
  const first = new Scene(10).ready();
  const { canary } = first;
  let scene = first.resumed();
  expect([scene.did(), scene.canary]).toEqual([sent('forward', first), canary]);
  scene.confirms(5);
  scene.pass(1, 5);
  scene.pass(35, 5);
  expect(scene.saved).toMatchObject({ stage: 'soak', soakedMs: 30_000 });
  scene = scene.resumed();
  expect([scene.did(), scene.canary, scene.rollout.progress.soakedMs]).toEqual([
    [],
    canary,
    30_000,
  ]);
  scene.pass(40, 5);
  expect(scene.rollout.stage).toBe('rest');
  scene = scene.resumed();
  expect(scene.did()).toEqual(['forward fleet:acme']);
  scene.confirms(5, scene.devices.keys());
  scene.pass(9);
  expect(scene.did()).toEqual([]);
  scene.pass(1);
  expect(scene.did().at(-1)).toBe('good: 10 confirmed');
  expect(scene.resumed().did()).toEqual(['good: it was done before']);
});

test('gone on with at a broker that has forgotten everything, it waits for the devices and leaves out nobody', () => {
  const first = new Scene(10).ready();
  first.confirms(5);
  first.pass(63, 5);
  first.pass(2, 5);
  expect(first.saved?.stage).toBe('rest');
  const scene = first.resumed(first.rollout.plan, 'nobodyIsKnown');
  expect(scene.did()).toEqual(['forward fleet:acme']);
  scene.pass(3);
  const others = [...first.devices.keys()].filter((device) => !first.canary.includes(device));
  const comesBack = (device: string, confirmed: number) => {
    scene.feed({ kind: 'presence', device, online: true });
    scene.says(device, { confirmed });
  };
  for (const device of first.canary) comesBack(device, 5);
  scene.pass(3);
  expect(scene.rollout.stage).toBe('rest');
  for (const device of others) comesBack(device, 1);
  scene.pass(10);
  expect(scene.rollout.stage).toBe('rest');
  for (const device of others) scene.says(device, { confirmed: 5 });
  scene.pass(1);
  expect(scene.did().at(-1)).toBe('good: 10 confirmed');
});

test('what it takes back is not over because a broker has forgotten whom it was sent to', () => {
  const first = new Scene(10).ready();
  first.says(first.canary[0] ?? '', { counters: { signer_unknown: 1 } });
  first.pass(1);
  const scene = first.resumed(first.rollout.plan, 'nobodyIsKnown');
  scene.pass(20);
  expect(scene.rollout.stage).toBe('reverting');
  // Who never comes back holds it up for as long as devices may say nothing, and no longer.
  scene.pass(160);
  expect(scene.rollout.stage).toBe('aborted');
});

test('gone on with, what devices refused before it was killed or begun is not taken for news', () => {
  const before = new Scene(10);
  for (const device of before.devices.keys())
    before.says(device, { counters: { signer_unknown: 3 } });
  before.ready();
  before.pass(1);
  const scene = before.resumed();
  scene.pass(1);
  expect([before.rollout.stage, scene.rollout.stage]).toEqual(['canary', 'canary']);
});

test('killed while it takes back, it goes on taking back', () => {
  const before = new Scene(10).ready();
  before.says(before.canary[0] ?? '', { counters: { signer_unknown: 1 } });
  before.pass(1);
  const scene = before.resumed();
  expect(scene.did()).toEqual(sent('revert', before));
  scene.confirms(6);
  scene.pass(1);
  expect(scene.did().at(-1)).toStartWith('bad: refused 1 of 2');
  expect(scene.resumed().did()).toEqual(['bad: refused 1 of 2, and the limit is > 0']);
});

test('taken back from where it stood, nothing is sent forward again; what is over stays over', () => {
  const before = new Scene(10).ready();
  before.confirms(5);
  before.pass(1, 5);
  before.pass(70, 5);
  expect(before.rollout.stage).toBe('rest');
  const scene = new Scene(0, PLAN, before);
  scene.feed({ kind: 'abort' });
  expect(scene.did()).toEqual([]);
  scene.ready();
  expect(scene.did()).toEqual([
    'save reverting',
    'revert fleet:acme',
    ...scene.canary.map((device) => `clear ${device}`),
  ]);
  // Asked twice, it goes on taking back.
  const again = new Scene(0, PLAN, scene);
  again.feed({ kind: 'abort' });
  again.ready();
  expect(again.did()[0]).toBe('revert fleet:acme');
  again.confirms(6, again.devices.keys());
  again.pass(9);
  expect(again.did()).toEqual([]);
  again.pass(1);
  expect(again.did().at(-1)).toBe('bad: the operator asked for it; 10 confirmed');
});

test('a document that nobody is heard to be for has reached nobody: it waits for a device as long as for an answer, and says so', () => {
  const device = { level: 'device', fleet: 'acme', name: 'gw-new' } as const;
  const group = { level: 'group', fleet: 'acme', name: 'sotuh' } as const;
  for (const target of [device, group]) {
    const scene = new Scene(2, { ...PLAN, canary: null, target }).ready();
    scene.pass(150);
    expect([scene.did(), scene.rollout.stage]).toEqual([
      ['save rest', `forward ${target.level}:${target.name}`],
      'rest',
    ]);
    scene.pass(1);
    expect(scene.did()).toEqual([
      'save done',
      `bad: nobody of ${target.level}:acme/${target.name} reports here; it waits at the broker`,
    ]);
  }
  // A report that comes late is one.
  const scene = new Scene(2, { ...PLAN, canary: null, target: group }).ready();
  scene.pass(5);
  scene.says('gw-0', { groups: ['sotuh'] });
  scene.pass(5);
  expect(scene.rollout.stage).toBe('rest');
  scene.confirms(5, ['gw-0']);
  scene.pass(1);
  expect(scene.did().at(-1)).toBe('good: 1 confirmed');
  // Those that are away are known.
  const away = new Scene(2, { ...PLAN, canary: null });
  for (const one of away.devices.keys())
    away.feed({ kind: 'presence', device: one, online: false });
  away.ready().pass(1);
  expect(away.did().at(-1)).toBe('good: 0 confirmed, 2 away, for whom it waits at the broker');
});

test('the operator may take it back, and a rollout without canary not', () => {
  const scene = new Scene(10).ready();
  scene.did();
  scene.feed({ kind: 'abort' });
  expect(scene.did()).toEqual(['save reverting', ...sent('revert', scene)]);
  const plain = new Scene(10, { ...PLAN, canary: null }).ready();
  plain.did();
  plain.feed({ kind: 'abort' });
  expect(plain.did()).toEqual([]);
});

test('without canary all get it at once; good means that all that are there confirmed it', () => {
  const plan = {
    ...PLAN,
    canary: null,
    target: { level: 'group', fleet: 'acme', name: 'vans' },
  } as const;
  const scene = new Scene(3, plan);
  scene.says('gw-2', { groups: [] });
  scene.feed({ kind: 'presence', device: 'gw-1', online: false });
  scene.ready();
  expect(scene.did()).toEqual(['save rest', 'forward group:vans']);
  scene.confirms(5, ['gw-0']);
  scene.pass(1);
  expect(scene.did().at(-1)).toBe('good: 1 confirmed, 1 away, for whom it waits at the broker');

  const refusing = new Scene(2, { ...PLAN, canary: null }).ready();
  refusing.confirms(5, ['gw-0']);
  refusing.says('gw-1', {
    lastStep: { code: 'document_older', version: 5, kind: 'policy', tsMs: 1 },
  });
  refusing.pass(1);
  expect(refusing.did().at(-1)).toBe('bad: 1 confirmed, 1 refused');

  const mute = new Scene(2, { ...PLAN, canary: null }).ready();
  mute.confirms(5, ['gw-0']);
  mute.pass(160);
  expect(mute.did().at(-1)).toBe('bad: 1 confirmed, 1 said nothing');
});

test('an emergency is there when all that are there report it, its end when none does; with the seconds that took', () => {
  const plan = { ...PLAN, canary: null, sought: { kind: 'emergency', version: 70 } } as const;
  const scene = new Scene(2, plan).ready();
  scene.pass(2);
  for (const device of scene.devices.keys()) scene.says(device, { emergency: 70 });
  const saidAtMs = scene.nowMs;
  scene.pass(1);
  expect([scene.did().at(-1), scene.rollout.settledAtMs]).toEqual(['good: 2 confirmed', saidAtMs]);

  scene.saved = null;
  const end = { ...plan, sought: { kind: 'emergencyEnd', version: 71 } } as const;
  const ending = new Scene(0, end, scene).ready();
  ending.says('gw-0', {
    emergency: null,
    lastStep: { code: 'emergency_ended', version: 71, kind: null, tsMs: 1 },
  });
  // Another document came behind it, so only its counter says so.
  ending.says('gw-1', { emergency: null, counters: { emergency_ended: 1 } });
  ending.pass(1);
  expect(ending.did().at(-1)).toBe('good: 2 confirmed');
});

test('where no device is there that would take it nothing is sent', () => {
  const scene = new Scene(2);
  for (const device of scene.devices.keys()) scene.says(device, { confirmed: 5 });
  scene.ready();
  expect(scene.did()).toEqual([
    'bad: of 2 devices that report here none is there and follows an older policy (the newest has version 5)',
  ]);
});
