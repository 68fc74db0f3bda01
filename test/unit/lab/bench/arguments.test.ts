import { expect, test } from 'bun:test';
import { obstaclesOf, readArguments } from '../../../lab/bench/arguments.ts';
import { CONTENDERS } from '../../../lab/bench/contender.ts';

const read = (...argv: string[]) => readArguments(['--binary', 'jvpn', ...argv]);

test('without arguments: everybody, the default lengths', () => {
  expect(read()).toEqual({
    ...{ binary: 'jvpn', json: null, svg: null, rounds: 5, seconds: 4 },
    ...{ only: CONTENDERS, isQuick: false },
  });
});

test('quick is shorter, and what is said counts', () => {
  expect(read('--quick')).toMatchObject({ rounds: 1, seconds: 2, isQuick: true });
  expect(read('--quick', '--seconds', '1')).toMatchObject({ rounds: 1, seconds: 1 });
});

test('the order is that of the bench, not of the argument', () => {
  expect(read('--only', 'openvpn, jvpn').only).toEqual(['jvpn', 'openvpn']);
});

test('wrong arguments are refused with a sentence', () => {
  expect(() => readArguments([])).toThrow('--binary FILE is missing');
  expect(() => read('--only', 'jvpn,ipsec')).toThrow('no contender "ipsec"; there are none, jvpn');
  expect(() => read('--only', '')).toThrow('no contender ""');
  for (const bad of ['0', '1.5', 'many', '101', '']) {
    expect(() => read('--rounds', bad)).toThrow(`--rounds is ${bad}: not a whole number`);
  }
  expect(() => read('--seconds', '61')).toThrow('from 1 to 60');
  expect(() => read('--colour', 'green')).toThrow();
});

test('what keeps a run from being published', () => {
  const quiet = { commit: '88de2c1dd002', load: 0.1 };
  expect(obstaclesOf(read(), quiet)).toEqual([]);
  expect(obstaclesOf(read('--quick'), quiet)).toEqual([
    ...['a quick look', 'fewer than 3 rounds', 'flows of less than 3 s'],
  ]);
  expect(obstaclesOf(read(), { commit: '88de2c1dd002+changes', load: 1.5 })).toEqual([
    'the source is no commit: 88de2c1dd002+changes',
    'the machine was busy: load 1.5 before the first round',
  ]);
});
