import { expect, test } from 'bun:test';
import { MqttVersion } from '../../../../hal/mqtt/version.ts';

type Event = 'onRefused' | 'onHangUp' | 'onAccepted';

function levels(...events: Event[]): number[] {
  const version = new MqttVersion();
  const seen: number[] = [version.level];
  for (const event of events) {
    version[event]();
    seen.push(version.level);
  }
  return seen;
}

test('a broker that refuses 5 is asked for 3.1.1 from then on', () => {
  expect(levels('onRefused', 'onAccepted', 'onHangUp', 'onHangUp', 'onAccepted')).toEqual([
    5, 4, 4, 4, 4, 4,
  ]);
});

test('one that refuses 3.1.1 as well is asked for 5 again', () => {
  expect(levels('onRefused', 'onRefused')).toEqual([5, 4, 5]);
});

test('hang-ups earn 3.1.1 one try, and its success is no proof against 5', () => {
  expect(levels('onHangUp', 'onHangUp', 'onHangUp', 'onHangUp', 'onHangUp')).toEqual([
    5, 5, 4, 5, 5, 4,
  ]);
  expect(levels('onHangUp', 'onHangUp', 'onAccepted')).toEqual([5, 5, 4, 5]);
});

test('a broker that has spoken 5 may hang up as often as it likes', () => {
  expect(levels('onAccepted', 'onHangUp', 'onHangUp', 'onHangUp')).toEqual([5, 5, 5, 5, 5]);
});
