import { expect, test } from 'bun:test';
import { deviceTopics, fleetTopics, keyLevel, placeOfTopic } from '../../../../hal/mqtt/topics.ts';
import { InvariantError } from '../../../../session/assert.ts';

test('the topics of a device', () => {
  const { event, ...topics } = deviceTopics('north', 'gw-7');
  expect(event('transition')).toBe('jvpn/v1/north/gw-7/event/transition');
  expect(topics).toEqual({
    health: 'jvpn/v1/north/gw-7/health',
    presence: 'jvpn/v1/north/gw-7/presence',
    twin: 'jvpn/v1/north/gw-7/twin',
    rebirth: 'jvpn/v1/north/gw-7/rebirth',
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

test('what is subscribed to covers what devices write, and each topic leads back to its device', () => {
  expect(fleetTopics('north')).toEqual({
    health: 'jvpn/v1/north/+/health',
    presence: 'jvpn/v1/north/+/presence',
    policyReported: 'jvpn/v1/north/+/policy/reported',
    event: 'jvpn/v1/north/+/event/+',
  });
  const { health, presence, policyReported, event } = deviceTopics('north', 'gw-7');
  const place = { device: 'gw-7', stream: 'event' } as const;
  expect(placeOfTopic(event('transition'), 'north')).toEqual(place);
  expect(placeOfTopic(health, 'north')).toEqual({ device: 'gw-7', stream: 'health' });
  expect(placeOfTopic(presence, 'north')).toEqual({ device: 'gw-7', stream: 'presence' });
  const reported = { device: 'gw-7', stream: 'policyReported' } as const;
  expect(placeOfTopic(policyReported, 'north')).toEqual(reported);
});

test('a topic that no device writes leads nowhere', () => {
  for (const topic of [
    ...['', 'jvpn/v1/north', 'jvpn/v1/north/gw-7', 'jvpn/v1/south/gw-7/health'],
    ...['jvpn/v1/north/gw 7/health', 'jvpn/v1/north//health', 'jvpn/v1/north/gw-7/health/more'],
    ...[
      ...['jvpn/v1/north/gw-7/event', 'jvpn/v1/north/gw-7/event/a/b', 'jvpn/v1/north/event/x'],
      'jvpn/v1/north/gw-7/commands',
      'jvpn/v1/north/gw-7/policy/desired',
      'jvpn/v1/north/gw-7/policy/reported/more',
      'jvpn/v1/north/_group/south/policy/reported',
      'jvpn/v2/north/gw-7/health',
      `jvpn/v1/north/${'x'.repeat(65)}/health`,
    ],
  ]) {
    expect([topic, placeOfTopic(topic, 'north')]).toEqual([topic, null]);
  }
});
