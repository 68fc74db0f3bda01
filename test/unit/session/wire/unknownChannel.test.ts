/** Goal: the header that a control message had, and nothing else, says that its channel is unknown. */
import { describe, expect, test } from 'bun:test';
import { MESSAGE_TYPE } from '../../../../session/wire/messages.ts';
import { writeSessionHeader } from '../../../../session/wire/transport.ts';
import {
  decodeUnknownChannel,
  encodeUnknownChannel,
  unknownChannelOf,
} from '../../../../session/wire/unknownChannel.ts';
import { Seeded } from '../channel/seeded.ts';

const MOST = { transportId: 65_535, receiver: 0xffffffff, counter: 2 ** 53 - 1 };
const LEAST = { transportId: 1, receiver: 0, counter: 0 };

function control({ transportId, receiver, counter }: typeof MOST, bytes = 32): Uint8Array {
  const message = new Uint8Array(bytes);
  writeSessionHeader(message, MESSAGE_TYPE.control, transportId, receiver, counter);
  return message;
}

for (const fields of [LEAST, MOST]) {
  test(`a control message of ${JSON.stringify(fields)} is told by its header`, () => {
    const drew = unknownChannelOf(control(fields));
    expect(drew).toEqual({ ok: true, value: fields });
    const message = encodeUnknownChannel(fields);
    expect([...message]).toEqual([19, ...control(fields).subarray(1, 16)]);
    expect(decodeUnknownChannel(message)).toEqual({ ok: true, value: fields });
  });
}

test('it is half as long as the shortest message that draws it', () => {
  expect(encodeUnknownChannel(MOST).length * 2).toBe(control(MOST).length);
});

describe('refused', () => {
  const without = control(LEAST);
  without[2] = 0;
  const beyond = control(MOST);
  beyond[14] = 0x20;
  const as19 = (message: Uint8Array) => Uint8Array.from([19, ...message.subarray(1, 16)]);

  test('a transport id of 0, and a counter of 2^53, read either way', () => {
    expect(unknownChannelOf(without)).toEqual({ ok: false, code: 'transportIdWrong' });
    expect(decodeUnknownChannel(as19(without))).toEqual({ ok: false, code: 'transportIdWrong' });
    expect(unknownChannelOf(beyond)).toEqual({ ok: false, code: 'counterTooLarge' });
    expect(decodeUnknownChannel(as19(beyond))).toEqual({ ok: false, code: 'counterTooLarge' });
  });

  test('a message of another type: data draws none', () => {
    const data = control(LEAST);
    data[0] = MESSAGE_TYPE.data;
    expect(unknownChannelOf(data)).toEqual({ ok: false, code: 'typeWrong' });
    expect(unknownChannelOf(as19(data))).toEqual({ ok: false, code: 'typeWrong' });
    expect(decodeUnknownChannel(data)).toEqual({ ok: false, code: 'typeWrong' });
    expect(unknownChannelOf(control(LEAST).subarray(0, 31)).ok).toBe(false);
  });

  test('no bytes make a decoder throw', () => {
    const random = new Seeded(19);
    for (let i = 0; i < 2_000; i++) {
      const bytes = random.bytes(random.below(40));
      if (random.below(2) === 0) bytes.set([17 + 2 * random.below(2), 1].slice(0, bytes.length));
      expect(typeof decodeUnknownChannel(bytes).ok).toBe('boolean');
      expect(typeof unknownChannelOf(bytes).ok).toBe('boolean');
    }
  });
});
