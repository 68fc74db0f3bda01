import { expect, test } from 'bun:test';
import { PARTS, readIntegrityArguments } from '../../../../lab/bench/integrity/arguments.ts';

const read = (...argv: string[]) => readIntegrityArguments(['--binary', 'jvpn', ...argv]);

test('without arguments: ten gigabytes of everything, one datagram in a hundred lost', () => {
  expect(read()).toEqual({
    ...{ binary: 'jvpn', json: null, gigabytes: 10, lossPercent: 1 },
    ...{ only: PARTS, seed: 1, isClean: false },
  });
});

test('a clean link has to be asked for by name', () => {
  expect(read('--clean')).toMatchObject({ lossPercent: 0, isClean: true });
  expect(read('--loss-percent', '0')).toMatchObject({ lossPercent: 0, isClean: false });
  expect(() => read('--clean', '--loss-percent', '1')).toThrow('--clean injects nothing');
});

test('the order is that of the bench, not of the argument', () => {
  expect(read('--only', 'mix, tcp4').only).toEqual(['tcp4', 'mix']);
});

test('wrong arguments are refused with a sentence', () => {
  expect(() => readIntegrityArguments([])).toThrow('--binary FILE is missing');
  expect(() => read('--only', 'tcp4,sctp')).toThrow('no part "sctp"; there are tcp4, tcp6, mix');
  for (const bad of ['0', '0.01', '1001', 'many', '']) {
    expect(() => read('--gigabytes', bad)).toThrow(`--gigabytes is ${bad}: not a number`);
  }
  expect(() => read('--loss-percent', '21')).toThrow('from 0 to 20');
  expect(() => read('--seed', '1.5')).toThrow('not a whole number');
  expect(() => read('--colour', 'green')).toThrow();
});
