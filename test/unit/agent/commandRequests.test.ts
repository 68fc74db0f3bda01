/**
 * Goal: whoever waits for an answer is known until it is given, however many were answered meanwhile.
 */
import { expect, test } from 'bun:test';
import { CommandRequests } from '../../../agent/commandRequests.ts';

const request = (id: string) => ({
  ...{ place: { name: 'rebind', id }, responseTopic: null, correlation: null },
});

test('requests that were answered take the place of none that waits', () => {
  const requests = new CommandRequests();
  requests.remember(request('first'));
  for (let count = 0; count < 40; count++) {
    requests.remember(request(`${count}`));
    expect(requests.take(`${count}`)).toEqual(request(`${count}`));
  }
  expect([requests.take('first'), requests.take('first')]).toEqual([request('first'), null]);
});

test('those that wait have a bound', () => {
  const requests = new CommandRequests();
  for (let count = 0; count < 17; count++) requests.remember(request(`${count}`));
  expect([requests.take('0'), requests.take('1')]).toEqual([null, request('1')]);
});
