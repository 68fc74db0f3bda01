import { expect, test } from 'bun:test';
import {
  answerTopics,
  desiredTopics,
  deviceTopics,
  fleetTopics,
  keyLevel,
  placeOfAnswer,
  placeOfTopic,
} from '../../../../hal/mqtt/topics.ts';
import { NAME } from '../../../../policies/format.ts';
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

test('a device hears its own documents, those of its groups and of its fleet, policies and emergencies apart', () => {
  expect(desiredTopics('north', 'gw-7', ['vans'])).toEqual([
    'jvpn/v1/north/gw-7/policy/desired',
    'jvpn/v1/north/gw-7/emergency/desired',
    'jvpn/v1/north/_group/vans/policy/desired',
    'jvpn/v1/north/_group/vans/emergency/desired',
    'jvpn/v1/north/_fleet/policy/desired',
    'jvpn/v1/north/_fleet/emergency/desired',
  ]);
});

test('no device is called as groups and the fleet are, whatever its key begins with', () => {
  for (const name of ['_group', '_fleet', '_', `_${'x'.repeat(41)}`, `_${'x'.repeat(43)}`]) {
    expect(() => deviceTopics('north', name)).toThrow(InvariantError);
    expect(placeOfTopic(`jvpn/v1/north/${name}/health`, 'north')).toBeNull();
    expect([name, NAME.accepts(name)]).toEqual([name, false]);
  }
  const key = keyLevel(`/${'A'.repeat(41)}8=`);
  expect(key).toStartWith('_');
  expect(deviceTopics('north', key).health).toContain(key);
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

test('whoever pushes hears what devices answer, of one or of all, and knows whose it is', () => {
  expect(answerTopics('north', null)).toEqual({
    health: 'jvpn/v1/north/+/health',
    presence: 'jvpn/v1/north/+/presence',
    policyReported: 'jvpn/v1/north/+/policy/reported',
  });
  const { policyReported, health } = answerTopics('north', 'gw-7');
  expect(placeOfAnswer(policyReported, 'north')).toEqual({
    device: 'gw-7',
    stream: 'policyReported',
  });
  expect(placeOfAnswer(health, 'north')).toEqual({ device: 'gw-7', stream: 'health' });
  for (const topic of [
    '',
    'jvpn/v1/north',
    'jvpn/v1/north/gw-7/policy',
    'jvpn/v1/south/gw-7/health',
    'jvpn/v1/north/_fleet/policy/reported',
    'jvpn/v1/north/gw-7/policy/desired',
  ]) {
    expect([topic, placeOfAnswer(topic, 'north')]).toEqual([topic, null]);
  }
});
