/** Goal: what the overview groups devices by, it tells apart. */
import { expect, test } from 'bun:test';
import { encodePayload } from '../../../agent/payload.ts';
import { tallyOf } from '../../../fleet/rows.ts';
import { BOOT, Scene } from './sample.ts';

test('policies are told apart by name and version, the most frequent first', () => {
  const scene = new Scene();
  const policies = [
    ...[
      { name: 'vehicle', version: 3 },
      { name: 'balanced', version: 3 },
    ],
    ...[
      { name: 'balanced', version: 4 },
      { name: 'balanced', version: 3 },
    ],
  ];
  for (const [at, policy] of policies.entries()) scene.health({ seq: 1, policy }, `gw-${at}`);
  const unsaid = { v: 1, boot: BOOT, seq: 1, state: 'ATTACHED' };
  for (const name of ['gw-8', 'gw-9']) {
    scene.say(`${name}/health`, encodePayload(unsaid, 'cbor'));
    // Nothing but its presence is known of one more.
    scene.presence('online', BOOT, 1, `${name}0`);
  }
  const told = tallyOf(
    scene.registry.devices.values(),
    [({ policyName }) => policyName, ({ policyVersion }) => policyVersion],
    ({ policyName, policyVersion }) => ({ is: `${policyName} ${policyVersion}` }),
  );
  expect(told.map(({ is, devices }) => `${devices} ${is}`)).toEqual([
    '2 balanced 3',
    '2 null null',
    '1 vehicle 3',
    '1 balanced 4',
  ]);
});
