/** Goal: the lab's name server says the addresses it has, byte for byte as RFC 1035 §4 wants them, and nothing to nonsense. */
import { expect, test } from 'bun:test';
import { answerTo } from '../../../lab/names/answer.ts';

const NAMES: Readonly<Record<string, readonly string[]>> = {
  'hub.lab': ['203.0.113.7', '2001:db8::7'],
};
const addressesOf = (name: string) => NAMES[name] ?? null;

const QUESTION = '03487562036c616200'; // Hub.lab: the case is kept, and does not count
const query = (type: string, question = QUESTION) =>
  Uint8Array.fromHex(`abcd01000001000000000000${question}${type}0001`);
const hexOf = (bytes: Uint8Array) => bytes.toHex();

test('an address of each family, at the question it belongs to', () => {
  const a = answerTo(query('0001'), addressesOf)!;
  expect([a.name, a.addresses]).toEqual(['hub.lab', ['203.0.113.7']]);
  expect(hexOf(a.datagram)).toBe(
    `abcd81800001000100000000${QUESTION}00010001c00c00010001000000000004cb007107`,
  );
  const aaaa = answerTo(query('001c'), addressesOf)!;
  expect(hexOf(aaaa.datagram)).toBe(
    `abcd81800001000100000000${QUESTION}001c0001c00c001c000100000000001020010db8000000000000000000000007`,
  );
});

test('another type is none of ours, another name is unknown; what follows the question is left out', () => {
  const text = answerTo(query('0010'), addressesOf)!;
  expect(hexOf(text.datagram)).toBe(`abcd81800001000000000000${QUESTION}00100001`);
  const other = '03687562036c617a00';
  const unknown = answerTo(query('0001', other), addressesOf)!;
  expect(hexOf(unknown.datagram)).toBe(`abcd81830001000000000000${other}00010001`);
  const withOption = Uint8Array.fromHex(
    `abcd01000001000000000001${QUESTION}000100010000291000000000000000`,
  );
  expect(hexOf(answerTo(withOption, addressesOf)!.datagram)).toBe(
    `abcd81800001000100000000${QUESTION}00010001c00c00010001000000000004cb007107`,
  );
});

test('what is no query, or ends too soon, is not answered', () => {
  const whole = query('0001');
  for (let bytes = 0; bytes < whole.length; bytes++) {
    expect([bytes, answerTo(whole.subarray(0, bytes), addressesOf)]).toEqual([bytes, null]);
  }
  const answer = answerTo(whole, addressesOf)!.datagram;
  expect(answerTo(answer, addressesOf)).toBeNull();
});
