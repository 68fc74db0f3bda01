import { describe, expect, test } from 'bun:test';
import {
  decodeClockHint,
  decodeCookieReply,
  decodeInitiation,
  decodeResponse,
  encodeClockHint,
  encodeCookieReply,
  encodeInitiation,
  encodeResponse,
} from '../../../../session/wire/handshake.ts';
import { isPlain, MESSAGE_TYPE, messageType } from '../../../../session/wire/messages.ts';
import {
  counterOf,
  receiverOf,
  transportIdOf,
  typeByte,
  writePlainHeader,
  writeSessionHeader,
} from '../../../../session/wire/transport.ts';
import { Seeded } from '../channel/seeded.ts';

const start = (bytes: number, ...first: number[]) => {
  const datagram = new Uint8Array(bytes);
  datagram.set(first);
  return datagram;
};
const codeOf = (datagram: Uint8Array): string => {
  const type = messageType(datagram);
  return type.ok ? type.value : type.code;
};

// biome-ignore format: this is a table
const FORMS: [string, Uint8Array, string][] = [
  ['empty',                          start(0),                 'tooShort'],
  ['three bytes',                    start(3, 1),              'tooShort'],
  ['type 0',                         start(148, 0),            'typeUnknown'],
  ['type 5',                         start(148, 5),            'typeUnknown'],
  ['type 20',                        start(60, 20, 1),         'typeUnknown'],
  ['an initiation',                  start(148, 1),            'initiation'],
  ['an initiation, a byte short',    start(147, 1),            'lengthWrong'],
  ['an initiation, a byte long',     start(149, 1),            'lengthWrong'],
  ['reserved byte of an initiation', start(148, 1, 0, 0, 1),   'reservedNotZero'],
  ['version on an initiation',       start(148, 1, 1),         'reservedNotZero'],
  ['a response',                     start(92, 2),             'response'],
  ['a response, a byte long',        start(93, 2),             'lengthWrong'],
  ['a cookie reply',                 start(64, 3),             'cookieReply'],
  ['a keepalive',                    start(32, 4),             'transport'],
  ['a transport, a byte short',      start(31, 4),             'tooShort'],
  ['reserved byte of a transport',   start(32, 4, 0, 1),       'reservedNotZero'],
  ['data',                           start(32, 16, 1, 7, 9),   'data'],
  ['data of version 2',              start(32, 16, 2, 7, 9),   'versionUnknown'],
  ['data, a byte short',             start(31, 16, 1, 7),      'tooShort'],
  ['control',                        start(32, 17, 1, 1),      'control'],
  ['control of version 0',           start(32, 17, 0, 1),      'versionUnknown'],
  ['a clock hint',                   start(60, 18, 1),         'clockHint'],
  ['a clock hint, a byte long',      start(61, 18, 1),         'lengthWrong'],
  ['reserved byte of a clock hint',  start(60, 18, 1, 1),      'reservedNotZero'],
  ['an unknown channel',             start(16, 19, 1, 7, 9),   'unknownChannel'],
  ['… a byte short',                 start(15, 19, 1, 7),      'lengthWrong'],
  ['… a byte long',                  start(17, 19, 1, 7),      'lengthWrong'],
  ['… of version 2',                 start(16, 19, 2, 7),      'versionUnknown'],
];

describe('the form of a datagram', () => {
  for (const [name, datagram, expected] of FORMS) {
    test(`${name}: ${expected}`, () => expect(codeOf(datagram)).toBe(expected));
  }
});

test('a plain peer may use types 1 to 4 and no other', () => {
  const types = Object.keys(MESSAGE_TYPE) as (keyof typeof MESSAGE_TYPE)[];
  const plain = types.filter(isPlain);
  expect(plain).toEqual(['initiation', 'response', 'cookieReply', 'transport']);
});

test('handshake messages survive encoding and decoding, and name each other wrong', () => {
  const random = new Seeded(5);
  const noise108 = random.bytes(108);
  const noise48 = random.bytes(48);
  const nonce = random.bytes(24);
  const sealed32 = random.bytes(32);
  const sealed28 = random.bytes(28);
  const initiation = encodeInitiation({ sender: 0xfffffffe, noise: noise108 });
  const response = encodeResponse({ sender: 1, receiver: 0x80000000, noise: noise48 });
  const cookie = encodeCookieReply({ receiver: 0xffffffff, nonce, sealed: sealed32 });
  const hint = encodeClockHint({ receiver: 3, nonce, sealed: sealed28 });

  expect(decodeInitiation(initiation)).toEqual({
    ok: true,
    value: { sender: 0xfffffffe, noise: noise108 },
  });
  expect(decodeResponse(response)).toEqual({
    ok: true,
    value: { sender: 1, receiver: 0x80000000, noise: noise48 },
  });
  expect(decodeCookieReply(cookie)).toEqual({
    ok: true,
    value: { receiver: 0xffffffff, nonce, sealed: sealed32 },
  });
  expect(decodeClockHint(hint)).toEqual({
    ok: true,
    value: { receiver: 3, nonce, sealed: sealed28 },
  });
  expect([initiation, response, cookie, hint].map((m) => m.length)).toEqual([148, 92, 64, 60]);

  const wrong = { ok: false, code: 'typeWrong' } as const;
  expect(decodeInitiation(response)).toEqual(wrong);
  expect(decodeResponse(cookie)).toEqual(wrong);
  expect(decodeCookieReply(hint)).toEqual(wrong);
  expect(decodeClockHint(initiation)).toEqual(wrong);
});

test('transport headers: every field at both ends of its range', () => {
  const target = new Uint8Array(32);
  for (const index of [0, 1, 0x7fffffff, 0x80000000, 0xffffffff]) {
    for (const counter of [0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1]) {
      writePlainHeader(target, index, counter);
      expect([typeByte(target), receiverOf(target), counterOf(target)]).toEqual([
        4,
        index,
        counter,
      ]);
      for (const id of [1, 255, 256, 65535]) {
        writeSessionHeader(target, 17, id, index, counter);
        const fields = [
          typeByte(target),
          transportIdOf(target),
          receiverOf(target),
          counterOf(target),
        ];
        expect(fields).toEqual([17, id, index, counter]);
      }
    }
  }
  expect(() => writeSessionHeader(target, 16, 0, 1, 1)).toThrow('transport id');
  expect(() => writeSessionHeader(target, 16, 65536, 1, 1)).toThrow('transport id');
  expect(() => writePlainHeader(target, 1, 2 ** 53)).toThrow('counter');
});

test('the header bytes are those of docs/protocol.md', () => {
  const target = new Uint8Array(16);
  writeSessionHeader(target, 16, 0x0201, 0x06050403, 0x0102030405060);
  expect([...target]).toEqual([16, 1, 1, 2, 3, 4, 5, 6, 0x60, 0x50, 0x40, 0x30, 0x20, 0x10, 0, 0]);
});

test('a counter of 2^53 is refused, as is a header of another form', () => {
  const target = new Uint8Array(32);
  writePlainHeader(target, 9, 2 ** 53 - 1);
  expect(counterOf(target)).toBe(2 ** 53 - 1);
  target[14] = 0x20;
  expect(counterOf(target)).toBe(-1);
  expect(receiverOf(target.subarray(0, 31))).toBe(-1);
  expect(receiverOf(start(32, 4, 0, 0, 1))).toBe(-1);
  expect(receiverOf(start(32, 16, 2, 0, 1))).toBe(-1);
  expect(receiverOf(start(148, 1))).toBe(-1);
});

test('no bytes make a decoder throw', () => {
  const random = new Seeded(6);
  for (let i = 0; i < 4000; i++) {
    const bytes = random.bytes(random.below(160));
    if (random.below(2) === 0)
      bytes.set([[1, 2, 3, 4, 16, 17, 18, 19][random.below(8)] ?? 1].slice(0, bytes.length));
    for (const decode of [decodeInitiation, decodeResponse, decodeCookieReply, decodeClockHint]) {
      expect(typeof decode(bytes).ok).toBe('boolean');
    }
    expect(typeof messageType(bytes).ok).toBe('boolean');
    expect(
      [receiverOf(bytes), counterOf(bytes), transportIdOf(bytes)].every(Number.isInteger),
    ).toBe(true);
  }
});
