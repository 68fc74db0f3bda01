import { expect, test } from 'bun:test';
import { deviceTopics, keyLevel } from '../../../agent/topics.ts';
import { InvariantError } from '../../../session/assert.ts';

test('the topics of a device', () => {
  expect(deviceTopics('north', 'gw-7')).toEqual({
    health: 'jvpn/v1/north/gw-7/health',
    presence: 'jvpn/v1/north/gw-7/presence',
    policyReported: 'jvpn/v1/north/gw-7/policy/reported',
    policyDesired: 'jvpn/v1/north/gw-7/policy/desired',
  });
});

test('a public key becomes one level, whatever its base64 holds', () => {
  const key = 'x/IBA5+boUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=';
  expect(keyLevel(key)).toBe('x_IBA5-boUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg');
  expect(Buffer.from(keyLevel(key), 'base64url').toString('base64')).toBe(key);
  expect(deviceTopics('f', keyLevel(key)).health).toContain(keyLevel(key));
});

test('a name that would reach into other topics is our own bug', () => {
  for (const name of ['', 'a/b', '+', '#', 'a b', 'x'.repeat(65)]) {
    expect(() => deviceTopics('f', name)).toThrow(InvariantError);
  }
});
