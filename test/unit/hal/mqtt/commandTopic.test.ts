import { expect, test } from 'bun:test';
import {
  answerTopic,
  commandFilter,
  commandTopic,
  isCovered,
  mayAnswerTo,
  placeOfCommand,
} from '../../../../hal/mqtt/commandTopic.ts';

const PLACE = { name: 'rebind', id: '07'.repeat(16) };

test('a command, its answer, and what a device hears of them', () => {
  const topic = commandTopic('north', 'gw-7', PLACE);
  expect(topic).toBe(`jvpn/v1/north/gw-7/cmd/rebind/${PLACE.id}`);
  expect(answerTopic('north', 'gw-7', PLACE)).toBe(`${topic}/answer`);
  const filter = commandFilter('north', 'gw-7');
  expect(filter).toBe('jvpn/v1/north/gw-7/cmd/+/+');
  expect(isCovered(filter, topic)).toBe(true);
  expect(isCovered(filter, `${topic}/answer`)).toBe(false);
  expect(placeOfCommand(topic, 'north', 'gw-7')).toEqual(PLACE);
});

test('what the filter does not cover is no command', () => {
  for (const topic of [
    ...['', 'jvpn/v1/north/gw-7/cmd', 'jvpn/v1/north/gw-7/cmd/rebind', 'jvpn/v1/north/gw-7/health'],
    ...['jvpn/v1/north/gw-8/cmd/rebind/1', 'jvpn/v1/south/gw-7/cmd/rebind/1'],
    'jvpn/v1/north/gw-7/cmd/rebind/1/answer',
  ]) {
    expect([topic, placeOfCommand(topic, 'north', 'gw-7')]).toEqual([topic, null]);
    expect([topic, isCovered(commandFilter('north', 'gw-7'), topic)]).toEqual([topic, false]);
  }
});

test('a topic without wildcards covers itself alone', () => {
  expect(isCovered('a/b', 'a/b')).toBe(true);
  for (const topic of ['a', 'a/b/', 'a/c', '+/b', '#']) expect(isCovered('a/b', topic)).toBe(false);
});

test('an answer goes to a topic of answers within the fleet', () => {
  const root = 'jvpn/v1/north';
  for (const topic of [
    ...[`${root}/gw-7/cmd/rebind/1/answer`, `${root}/desk/answer`, `${root}/desk/7/answer`],
    `${root}/a/b/c/d/e/f/g/answer`,
  ]) {
    expect([topic, mayAnswerTo(topic, 'north')]).toEqual([topic, true]);
  }
  for (const topic of [
    // Outside of the fleet, or of what a level may be.
    ...['', 'answer', 'jvpn/v1/south/desk/answer', 'jvpn/v1/north-2/desk/answer'],
    ...[
      `${root}/answer`,
      `${root}//answer`,
      `${root}/+/answer`,
      `${root}/#/answer`,
      `${root}/desk`,
    ],
    ...[`${root}/de\u0000sk/answer`, `${root}/a/b/c/d/e/f/g/h/answer`, `${root}/desk/answer/`],
    // What others obey, or take for another one's word.
    ...[`${root}/gw-8/policy/desired`, `${root}/gw-8/health`, `${root}/gw-8/presence`],
    ...[`${root}/gw-8/cmd/rebind/1`, `${root}/gw-8/cmd/rebind/answer`],
  ]) {
    expect([topic, mayAnswerTo(topic, 'north')]).toEqual([topic, false]);
  }
});
