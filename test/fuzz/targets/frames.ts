/**
 * Control frames: what is decoded has every field in its range, and means the same once written again.
 *
 * @module
 */
import { decodeFrame, type FrameError } from '../../../session/wire/decode.ts';
import { encodeFrame, encodePaddedFrame } from '../../../session/wire/encode.ts';
import { FRAME_TYPE } from '../../../session/wire/frames.ts';
import { sampleFrame } from '../sampleFrame.ts';
import { hostileMap } from '../slowCbor.ts';
import { demand, type Target } from '../target.ts';
import { weightOf } from '../weight.ts';

const CODES: readonly FrameError[] = [
  'frameTooShort',
  'frameTooLong',
  'frameTypeUnknown',
  'frameVersionUnknown',
  'cborMalformed',
  'fieldInvalid',
];

export const frames: Target = {
  name: 'frames',
  what: 'a control frame, authentic and of any content',
  covers: ['session/wire/'],
  bytesMax: 1_400,
  words: Object.values(FRAME_TYPE).map((type) => Uint8Array.of(type, 1)),
  generate(random) {
    if (random.chance(30)) {
      const type = random.between(0, 16);
      return Uint8Array.from([type, random.chance(95) ? 1 : 2, ...hostileMap(random, 3)]);
    }
    const frame = sampleFrame(random);
    return random.chance(20)
      ? encodePaddedFrame(frame, random.between(20, 1_100))
      : encodeFrame(frame);
  },
  judge(input) {
    const read = decodeFrame(input);
    if (!read.ok) {
      demand(CODES.includes(read.code), `a documented code, not ${read.code}`);
      return 'refused';
    }
    const frame = read.value;
    demand(weightOf(frame) <= 512 + 8 * input.length, 'no output beyond 8 × input');
    judgeTexts(frame);
    const text = JSON.stringify(frame, bytesAsText);
    input.fill(0xee);
    demand(JSON.stringify(frame, bytesAsText) === text, 'it shares no memory with the input');
    // Known ciphers are picked out of what is offered; an offer of none is for the hub to refuse.
    if (frame.type === 'attach' && frame.ciphers.length === 0) return 'accepted';
    const again = decodeFrame(encodeFrame(frame));
    demand(again.ok, `what was read can be read again, not ${again.ok || again.code}`);
    demand(JSON.stringify(again.value, bytesAsText) === text, 'written again it means the same');
    return 'accepted';
  },
};

/** They end up in logs and on dashboards. */
function judgeTexts(value: unknown): void {
  if (typeof value === 'string') {
    demand(/^[\x20-\x7e]{1,64}$/.test(value), 'a text is short, printable ASCII');
  } else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
    for (const item of Object.values(value)) judgeTexts(item);
  }
}

const bytesAsText = (_: string, value: unknown) =>
  value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
