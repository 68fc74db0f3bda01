import { describe, expect, test } from 'bun:test';
import { bytesToHex, hexToBytes } from '../../../../session/bytes.ts';
import { encodeCborMap } from '../../../../session/wire/cbor.ts';
import { decodeFrame } from '../../../../session/wire/decode.ts';
import { encodeFrame, encodePaddedFrame } from '../../../../session/wire/encode.ts';
import { FRAME_TYPE, type Frame } from '../../../../session/wire/frames.ts';
import { FRAME_BYTES_MAX } from '../../../../session/wire/layout.ts';
import { newRandom } from '../../../lab/random.ts';
import vectors from '../../../vectors/frames.json';
import { SAMPLE_FRAMES } from './sampleFrames.ts';

const ROUNDS = process.env['SLICE'] === '1' ? 4_000 : 20_000;

const newDice = (stream: string) => {
  const random = newRandom(1, stream);
  const below = (limit: number) => Math.floor(random() * limit);
  return { below, bytes: (length: number) => Uint8Array.from({ length }, () => below(256)) };
};

describe('vectors', () => {
  for (const { name, bytes } of vectors.valid) {
    const frame = SAMPLE_FRAMES[name]!;
    test(`${name}: encodes`, () => expect(bytesToHex(encodeFrame(frame))).toBe(bytes));
    test(`${name}: decodes`, () =>
      expect(decodeFrame(hexToBytes(bytes))).toEqual({ ok: true, value: frame }));
  }
  for (const { name, bytes, code } of vectors.invalid) {
    test(`${name} is ${code}`, () =>
      expect(decodeFrame(hexToBytes(bytes))).toEqual({ ok: false, code } as never));
  }
  test('every frame type has a vector', () => {
    const types = new Set(vectors.valid.map(({ frame }) => frame.type));
    expect([...types].sort()).toEqual(Object.keys(FRAME_TYPE).sort());
  });
});

describe('a newer peer', () => {
  const body = (fields: [number, never][]) => new Map(fields);

  test('keys that we do not know are ignored', () => {
    const map = body([
      [1, new Uint8Array(8) as never],
      [2, true as never],
      [77, 'x' as never],
    ]);
    const bytes = Uint8Array.from([FRAME_TYPE.response, 1, ...encodeCborMap(map)]);
    expect(decodeFrame(bytes).ok).toBe(true);
  });

  test('a reason that we do not know becomes the generic one of its frame', () => {
    const known = encodeFrame(SAMPLE_FRAMES['reject']!);
    const text = new TextDecoder('latin1').decode(known).replace('stale_state', 'novel_state');
    const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
    // latin1 in JavaScript is windows-1252: take everything but the reason from the original.
    bytes.forEach((_, i) => {
      if (known[i] !== undefined && known[i] > 0x7f) bytes[i] = known[i];
    });
    const decoded = decodeFrame(bytes);
    expect(decoded.ok && decoded.value.type === 'reject' ? decoded.value.reasonCode : null).toBe(
      'claim_refused',
    );
  });

  test('an inner MTU that cannot be is none, and the claim counts all the same', () => {
    const known = encodeFrame(SAMPLE_FRAMES['attach, resuming']!);
    const hex = bytesToHex(known);
    expect(hex.endsWith('091905a0')).toBe(true);
    // 575, 65535, a text, null, 65536, −1.
    for (const [value, mtuBytes] of [
      ['19023f', null],
      ['19ffff', 65_535],
      ['6139', null],
      ['f6', null],
      ['1a00010000', null],
      ['20', null],
    ] as const) {
      const decoded = decodeFrame(hexToBytes(hex.slice(0, -6) + value));
      expect(decoded).toEqual({
        ok: true,
        value: { ...SAMPLE_FRAMES['attach, resuming'], mtuBytes },
      } as never);
    }
  });

  test('ciphers that we do not know are left out of the offer', () => {
    const known = encodeFrame(SAMPLE_FRAMES['attach, resuming']!);
    const at = bytesToHex(known).indexOf('07820102') / 2;
    known[at + 2] = 9;
    const decoded = decodeFrame(known);
    expect(decoded.ok && decoded.value.type === 'attach' ? decoded.value.ciphers : null).toEqual([
      'chacha20-poly1305',
    ]);
  });
});

describe('sizes', () => {
  test('a padded frame has the bytes asked for and reads the same', () => {
    const frame = SAMPLE_FRAMES['reattach']!;
    for (const bytes of [10, 150, 200, 257, 400, 1_196]) {
      const padded = encodePaddedFrame(frame, bytes);
      expect(padded.length).toBeGreaterThanOrEqual(bytes);
      expect(padded.length).toBeLessThanOrEqual(Math.max(bytes + 4, encodeFrame(frame).length));
      expect(decodeFrame(padded)).toEqual({ ok: true, value: frame });
    }
  });

  test('PROBE is 6 bytes and PROBE_ACK 25', () => {
    expect(encodeFrame(SAMPLE_FRAMES['probe']!).length).toBe(6);
    expect(encodeFrame(SAMPLE_FRAMES['probeAck']!).length).toBe(25);
  });

  test('every sample fits', () => {
    for (const frame of Object.values(SAMPLE_FRAMES)) {
      expect(encodeFrame(frame).length).toBeLessThanOrEqual(FRAME_BYTES_MAX);
    }
  });
});

/**
 * Goal: whatever arrives, decoding returns, and what it returns can be encoded again.
 * Method: seeded random bytes, truncations and bit flips of real frames.
 */
describe('foreign bytes', () => {
  const settle = (bytes: Uint8Array) => {
    const decoded = decodeFrame(bytes);
    if (!decoded.ok) return;
    if (decoded.value.type === 'attach' && decoded.value.ciphers.length === 0) return;
    expect(decodeFrame(encodeFrame(decoded.value))).toEqual(decoded);
  };

  test('random bytes never throw', () => {
    const random = newDice('random bytes');
    for (let i = 0; i < ROUNDS; i++) {
      const bytes = random.bytes(random.below(80));
      if (bytes.length > 1 && random.below(100) < 90) {
        bytes[0] = 1 + random.below(15);
        bytes[1] = 1;
      }
      if (bytes.length > 2 && random.below(100) < 60) bytes[2] = 0xa0 + random.below(8);
      settle(bytes);
    }
  });

  test('truncated frames are refused, never thrown', () => {
    for (const frame of Object.values(SAMPLE_FRAMES)) {
      const bytes = encodeFrame(frame);
      for (let length = 0; length < bytes.length; length++) {
        expect(decodeFrame(bytes.subarray(0, length)).ok).toBe(false);
      }
    }
  });

  test('frames with flipped bits never throw', () => {
    const random = newDice('flipped bits');
    const samples = Object.values(SAMPLE_FRAMES).map(encodeFrame);
    for (let i = 0; i < ROUNDS; i++) {
      const bytes = Uint8Array.from(samples[random.below(samples.length)]!);
      for (let flips = 1 + random.below(3); flips > 0; flips--) {
        const at = random.below(bytes.length);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      }
      settle(bytes);
    }
  });
});

test('inner addresses are addresses with a length, each of its own family', () => {
  const attached = SAMPLE_FRAMES['attached'] as Extract<Frame, { type: 'attached' }>;
  for (const wrong of [
    { inner4: 'zzz' },
    { inner4: '10.77.0.5' },
    { inner4: '10.77.0.5/33' },
    { inner4: 'fd77::5/128' },
    { inner6: '10.77.0.5/32' },
    { inner6: '::ffff:10.77.0.5/32' },
  ]) {
    const bytes = encodeFrame({ ...attached, ...wrong });
    expect([wrong, decodeFrame(bytes)]).toEqual([wrong, { ok: false, code: 'fieldInvalid' }]);
  }
});
