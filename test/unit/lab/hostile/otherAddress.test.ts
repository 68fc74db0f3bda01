/** Goal: an attack from another address passes only where the hub asked, refused, and sent nothing of weight there. */
import { expect, test } from 'bun:test';
import { MESSAGE_TYPE } from '../../../../session/wire/messages.ts';
import { askedAndRefused, judged } from '../../../lab/hostile/otherAddress.ts';

const SENT = { sentCount: 2, sentBytes: 200 };
const told = (...codes: string[]) => codes.map((reason_code) => ({ reason_code }));
const got = (type: number, bytes: number) => ({ payload: new Uint8Array(bytes).fill(type) });

test('asked and refused: how often is a note, and what there was before stays', () => {
  const attack = { sent: 2, notes: ['a note'], faults: ['a fault'] };
  const lines = told('challenge_sent', 'redirect_refused', 'challenge_sent');
  expect(askedAndRefused(attack, lines)).toEqual({
    ...{ sent: 2, notes: ['a note', '2 challenges, 1 refused'], faults: ['a fault'] },
  });
});

test('not asked, or not refused: a fault for each', () => {
  expect(askedAndRefused({ sent: 2 }, told('challenge_sent')).faults).toEqual([
    'no redirect_refused was reported',
  ]);
  expect(askedAndRefused({ sent: 2 }, told('redirect_refused')).faults).toEqual([
    'the hub never asked about the other address',
  ]);
  expect(askedAndRefused({ sent: 2 }, []).faults).toHaveLength(2);
});

test('up to three times as many bytes of control as the attacker sent are no fault', () => {
  const challenges = [got(MESSAGE_TYPE.control, 300), got(MESSAGE_TYPE.control, 300)];
  expect(judged(challenges, SENT, false)).toEqual({
    ...{ sent: 2, sentBytes: 200, answered: 2, answeredBytes: 600, faults: [] },
  });
});

test('data, more bytes, an address that was taken, and an attacker that sent nothing are faults', () => {
  const data = judged([got(MESSAGE_TYPE.data, 100)], SENT, false);
  expect(data.faults).toEqual(['1 data messages went to the attacker']);
  const more = judged([got(MESSAGE_TYPE.control, 601)], SENT, false);
  expect(more.faults).toEqual(['601 bytes went to the attacker for 200 from it']);
  expect(judged([], SENT, true).faults).toEqual(['the address of the attacker was adopted']);
  expect(judged([], { sentCount: 0, sentBytes: 0 }, false).faults).toEqual([
    'the attacker had nothing to send on',
  ]);
});
