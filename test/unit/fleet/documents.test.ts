/**
 * Goal: what the fleet says of signed documents is what each device said, and how far a policy has come is true of every device.
 * Method: documents as `agent/push.ts` makes them, written by the agent's own code, handed to the registry as a broker would.
 */
import { expect, test } from 'bun:test';
import { encodePayload } from '../../../agent/payload.ts';
import { OUTCOMES, type Outcome } from '../../../fleet/outcome.ts';
import { emergencyOf, rolloutOf } from '../../../fleet/rollout.ts';
import { pageOf, rowOf } from '../../../fleet/rows.ts';
import { DOCUMENT_REFUSALS } from '../../../session/reasons/documents.ts';
import { BOOT, Scene, START_MS } from './sample.ts';

interface Reported {
  readonly confirmed?: number;
  readonly onTrial?: number | null;
  readonly emergency?: number | null;
  readonly last?: object | null;
}

function reported(scene: Scene, said: Reported, device = 'gw-7') {
  const { confirmed = 3, onTrial = null, emergency = null, last = null } = said;
  const policy = { name: 'balanced', version: onTrial ?? confirmed };
  const document = { v: 1, ts_ms: START_MS, policy, confirmed, on_trial: onTrial, emergency };
  // As the device sorts them.
  const isRefusal = Object.hasOwn(
    DOCUMENT_REFUSALS,
    (last as { code?: string } | null)?.code ?? '',
  );
  const outcomes = isRefusal ? { last_step: null, last_refusal: last } : { last_step: last };
  const payload = encodePayload({ ...document, ...outcomes, counters: {} }, 'cbor');
  return scene.say(`${device}/policy/reported`, payload);
}

const outcome = (code: string, version: number, more: object = {}) => ({
  ...{ code, ts_ms: START_MS + version, version },
  ...more,
});
const rollout = (scene: Scene) => rolloutOf(scene.registry.devices);

test('a policy on its way: on trial, confirmed, and once each', () => {
  const scene = new Scene();
  expect(reported(scene, {})).toBe('taken');
  expect(rowOf(scene.device()).documents).toEqual({
    ...{ confirmed: 3, on_trial: null, emergency: null, last: null, last_refusal: null },
    verdict: { version: 3, word: 'confirmed' },
  });
  expect(reported(scene, {})).toBe('duplicate');
  const trial = { onTrial: 8, last: outcome('policy_on_trial', 8) };
  reported(scene, trial);
  expect(scene.device().verdict).toEqual({ version: 8, word: 'on_trial' });
  reported(scene, trial);
  reported(scene, { confirmed: 8, last: outcome('policy_confirmed', 8) });
  expect(scene.device().verdict).toEqual({ version: 8, word: 'confirmed' });
  expect(scene.told()).toEqual([
    'document policy_on_trial null→8',
    'document policy_confirmed null→8',
  ]);
});

test('one that was rolled back stays so, whatever comes behind it', () => {
  const scene = new Scene();
  reported(scene, { onTrial: 8, last: outcome('policy_on_trial', 8) });
  const back = outcome('policy_rolled_back', 8, { why: 'confirm_window_over' });
  reported(scene, { last: back });
  expect(scene.device().verdict).toEqual({ version: 8, word: 'rolled_back' });
  reported(scene, { emergency: 2, last: outcome('emergency_began', 2) });
  expect(scene.device().verdict).toEqual({ version: 8, word: 'rolled_back' });
  // The agent was started anew meanwhile, and says nothing of what was on trial.
  reported(scene, { onTrial: 9, last: outcome('policy_on_trial', 9) });
  reported(scene, { last: null });
  expect(scene.device().verdict).toEqual({ version: 9, word: 'rolled_back' });
  reported(scene, { confirmed: 10 });
  expect(scene.device().verdict).toEqual({ version: 10, word: 'confirmed' });
});

test('a refusal is kept, and counts as one of that policy only if it is of a policy', () => {
  const scene = new Scene();
  reported(scene, {});
  const forged = outcome('signature_invalid', 0, { why: 'key id 00', version: undefined });
  reported(scene, { last: forged });
  expect(scene.device().verdict).toEqual({ version: 3, word: 'confirmed' });
  const refused = outcome('document_invalid', 8, { kind: 'emergency', why: 'session.ttl_ms' });
  reported(scene, { last: refused });
  expect(scene.device().verdict).toEqual({ version: 3, word: 'confirmed' });
  reported(scene, { last: outcome('document_expired', 8, { kind: 'policy', why: '9 s ago' }) });
  expect(scene.device().verdict).toEqual({ version: 8, word: 'refused' });
  reported(scene, { last: outcome('emergency_began', 2) });
  expect(rowOf(scene.device()).documents?.last_refusal).toEqual({
    ...{ code: 'document_expired', ts_ms: START_MS + 8, version: 8 },
    ...{ kind: 'policy', why: '9 s ago' },
  });
  // What comes again of one that is followed already says nothing against it.
  reported(scene, { confirmed: 9, last: outcome('document_replayed', 9, { kind: 'policy' }) });
  expect(scene.device().verdict).toEqual({ version: 9, word: 'confirmed' });
});

test('the rollout is of the newest version, over those that take documents', () => {
  const scene = new Scene();
  expect(rollout(scene)).toBeNull();
  for (let at = 0; at < 7; at++) scene.health({ seq: 1 }, `gw-${at}`);
  expect(rollout(scene)).toBeNull();
  for (let at = 0; at < 6; at++) reported(scene, {}, `gw-${at}`);
  expect(rollout(scene)).toMatchObject({ version: 3, devices: 6, confirmed: 6, silent: 0 });
  reported(scene, { onTrial: 8 }, 'gw-0');
  reported(scene, { confirmed: 8 }, 'gw-1');
  reported(scene, { last: outcome('policy_rolled_back', 8) }, 'gw-2');
  reported(scene, { last: outcome('push_full', 8, { kind: 'policy' }) }, 'gw-3');
  reported(scene, { confirmed: 7 }, 'gw-4');
  expect(rollout(scene)).toEqual({
    ...{ version: 8, devices: 6, confirmed: 1, on_trial: 1, rolled_back: 1, refused: 1, silent: 2 },
    ahead: 0,
  });
});

test('the devices with an outcome are as many as the rollout counts, whatever else narrows the list', () => {
  const scene = new Scene();
  const listed = (outcome: Outcome, search = '', state: string | null = null) => {
    const page = { sort: 'name', limit: 9, after: null, afterKey: null } as const;
    const asked = { search, state, outcome, ...page };
    const { total, devices } = pageOf(scene.registry.devices.values(), asked);
    expect(devices).toHaveLength(total);
    return devices.map(({ name }) => name).join(' ');
  };
  // Without a policy that anybody has spoken of nobody is silent about it.
  reported(scene, { confirmed: 0 }, 'gw-9');
  expect(listed('silent')).toBe('');
  for (let at = 0; at < 5; at++) reported(scene, {}, `gw-${at}`);
  reported(scene, { onTrial: 8 }, 'gw-0');
  reported(scene, { confirmed: 8 }, 'gw-1');
  reported(scene, { last: outcome('policy_rolled_back', 8) }, 'gw-2');
  reported(scene, { last: outcome('push_full', 8, { kind: 'policy' }) }, 'gw-3');
  reported(scene, { confirmed: 12 }, 'gw-5');
  scene.health({ seq: 1 }, 'gw-6');
  expect(OUTCOMES.map((word) => `${word}: ${listed(word)}`)).toEqual([
    'confirmed: gw-1',
    'on_trial: gw-0',
    'rolled_back: gw-2',
    'refused: gw-3',
    'silent: gw-4 gw-9',
    'ahead: gw-5',
  ]);
  for (const word of OUTCOMES) expect(listed(word).split(' ')).toHaveLength(rollout(scene)![word]);
  // The version is that of the whole fleet, and not of what else is asked.
  expect([listed('silent', 'gw-9'), listed('confirmed', 'gw-9')]).toEqual(['gw-9', '']);
  expect(listed('silent', '', 'ATTACHED')).toBe('');
});

test('one device that names a version of its own takes the rollout of no other', () => {
  const scene = new Scene();
  reported(scene, { confirmed: 20_261_201 }, 'gw-0');
  // Nobody else knows better yet.
  expect(rollout(scene)).toMatchObject({ version: 20_261_201, devices: 1, confirmed: 1, ahead: 0 });
  for (let at = 1; at < 6; at++) reported(scene, {}, `gw-${at}`);
  expect(rollout(scene)).toMatchObject({ version: 3, confirmed: 5, silent: 0, ahead: 1 });
  // A canary beside it is seen, and so is what follows.
  reported(scene, { onTrial: 8 }, 'gw-1');
  expect(rollout(scene)).toMatchObject({ version: 8, on_trial: 1, silent: 4, ahead: 1 });
  for (let at = 1; at < 6; at++) reported(scene, { confirmed: 8 }, `gw-${at}`);
  expect(rollout(scene)).toMatchObject({ version: 8, devices: 6, confirmed: 5, ahead: 1 });
});

test('a gateway that was replaced, or has lost its flash, follows what it says and not what the one before did', () => {
  const scene = new Scene();
  reported(scene, { confirmed: 12 });
  reported(scene, { confirmed: 3 });
  expect(scene.device().verdict).toEqual({ version: 3, word: 'confirmed' });
  reported(scene, { confirmed: 3, onTrial: 12 });
  expect(scene.device().verdict).toEqual({ version: 12, word: 'on_trial' });
  // What an emergency or a refusal has it say does not change that.
  reported(scene, { confirmed: 12 });
  reported(scene, { confirmed: 12, emergency: 2, last: outcome('emergency_began', 2) });
  expect(scene.device().verdict).toEqual({ version: 12, word: 'confirmed' });
});

test('an emergency holds where it was said to, and of a device that is away nobody knows', () => {
  const scene = new Scene();
  const holds = () => emergencyOf(scene.registry.devices.values());
  expect(holds()).toEqual({ devices: 0, versions: [] });
  for (const [at, emergency] of [5, null, 4, 5].entries()) {
    scene.presence('online', BOOT, 1, `gw-${at}`);
    reported(scene, { emergency }, `gw-${at}`);
  }
  expect(holds()).toEqual({ devices: 3, versions: [4, 5] });
  scene.presence('lost', BOOT, 1, 'gw-2');
  expect(holds()).toEqual({ devices: 2, versions: [5] });
  reported(scene, { emergency: null, last: outcome('emergency_ended', 5) }, 'gw-0');
  reported(scene, { emergency: null }, 'gw-3');
  expect(holds()).toEqual({ devices: 0, versions: [] });
});

test('whatever is published, it is counted and nothing breaks', () => {
  const scene = new Scene();
  const say = (value: object) => scene.say('gw-7/policy/reported', encodePayload(value, 'cbor'));
  expect(say({ v: 2, confirmed: 1 })).toBe('versionUnknown');
  expect(say({ v: 1, confirmed: -1 })).toBe('fieldWrong');
  expect(say({ v: 1 })).toBe('fieldWrong');
  expect(scene.registry.devices.size).toBe(0);
  expect(say({ v: 1, confirmed: 1, on_trial: 'x', emergency: [], policy: 7, last_step: 'y' })).toBe(
    'taken',
  );
  expect(say({ v: 1, confirmed: 1, last_step: { code: '<b>', version: -2 } })).toBe('duplicate');
  expect(rowOf(scene.device()).documents).toMatchObject({
    on_trial: null,
    emergency: null,
    last: null,
  });
});
