import { expect, test } from 'bun:test';
import { KeptSession } from '../../../../hal/mqtt/keptSession.ts';

test('the first of a process begins clean, and what follows goes on', () => {
  const session = new KeptSession(300, false);
  expect(session.asked(5)).toEqual({ expiryS: 300, isResumed: false });
  session.onUp(5);
  expect(session.asked(5)).toEqual({ expiryS: 300, isResumed: true });
  expect(new KeptSession(300, true).asked(5)).toEqual({ expiryS: 300, isResumed: true });
});

test('3.1.1 has none, and ends what 5 had; 0 asks for none', () => {
  const session = new KeptSession(300, false);
  session.onUp(5);
  expect(session.asked(4)).toBeNull();
  session.onUp(4);
  expect(session.asked(5)).toEqual({ expiryS: 300, isResumed: false });
  const none = new KeptSession(0, true);
  none.onUp(5);
  expect(none.asked(5)).toBeNull();
});

test('◆ what is to be forgotten is not waited for again', () => {
  const session = new KeptSession(300, true);
  session.forget();
  expect(session.asked(5)?.isResumed).toBe(false);
});

test('◆ what ends one connection after the other keeps nobody away for longer than a few', () => {
  const session = new KeptSession(300, false);
  const resumed: boolean[] = [];
  for (let time = 0; time < 12; time++) {
    resumed.push(session.asked(5)?.isResumed === true);
    session.onUp(5);
    // One that lasted: the count begins anew.
    session.onEnd(time === 2);
  }
  expect(resumed.map(Number).join('')).toBe('011111110111');
});
