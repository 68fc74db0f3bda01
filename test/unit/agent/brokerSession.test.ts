import { expect, test } from 'bun:test';
import { BrokerSession } from '../../../agent/brokerSession.ts';

const LOST = { code: 'lost' } as const;

test('the first of a process begins clean, and what follows goes on', () => {
  const session = new BrokerSession(300);
  expect(session.asked(5)).toEqual({ expiryS: 300, isResumed: false });
  session.onUp(5);
  expect(session.asked(5)).toEqual({ expiryS: 300, isResumed: true });
});

test('3.1.1 has none, and ends what 5 had; 0 asks for none', () => {
  const session = new BrokerSession(300);
  session.onUp(5);
  expect(session.asked(4)).toBeNull();
  session.onUp(4);
  expect(session.asked(5)).toEqual({ expiryS: 300, isResumed: false });
  const none = new BrokerSession(0);
  none.onUp(5);
  expect(none.asked(5)).toBeNull();
});

test('◆ what a broker may not say is not waited for again', () => {
  const session = new BrokerSession(300);
  session.onUp(5);
  session.onEnd({ code: 'misbehaves' }, true);
  expect(session.asked(5)?.isResumed).toBe(false);
});

test('◆ what ends one connection after the other keeps no device away for longer than a few', () => {
  const session = new BrokerSession(300);
  const resumed: boolean[] = [];
  for (let time = 0; time < 12; time++) {
    resumed.push(session.asked(5)?.isResumed === true);
    session.onUp(5);
    // One that lasted: the count begins anew.
    session.onEnd(LOST, time === 2);
  }
  expect(resumed.map(Number).join('')).toBe('011111110111');
});
