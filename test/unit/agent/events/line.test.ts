import { expect, test } from 'bun:test';
import { decodeLines, encodeLine } from '../../../../agent/events/line.ts';
import { newRandom } from '../../../lab/random.ts';

const joined = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

test('a line is the checksum of its JSON, and the JSON', () => {
  expect(new TextDecoder().decode(encodeLine({ seq: 1, link: 'wlan0→ü' }))).toBe(
    'a333760f {"seq":1,"link":"wlan0→ü"}\n',
  );
});

test('a torn end costs its own line, an empty sector the lines in it', () => {
  const lines = [1, 2, 3].map((seq) => encodeLine({ seq }));
  const whole = joined(...lines);
  expect(decodeLines(whole)).toEqual({ values: [{ seq: 1 }, { seq: 2 }, { seq: 3 }], torn: 0 });
  for (let end = 1; end < lines[0]!.length; end += 1) {
    const { values, torn } = decodeLines(whole.subarray(0, whole.length - end));
    expect([values.length, torn]).toEqual([2, 1]);
  }
  const holed = whole.slice();
  holed.fill(0, lines[0]!.length + 3, lines[0]!.length + 9);
  expect(decodeLines(holed)).toEqual({ values: [{ seq: 1 }, { seq: 3 }], torn: 1 });
});

test('no byte of a line can be another one unnoticed, and any bytes can be read', () => {
  const line = encodeLine({ seq: 4_711, reason_code: 'carrier_lost' });
  for (let at = 0; at < line.length - 1; at += 1) {
    const bent = line.slice();
    bent[at]! ^= 1;
    expect(decodeLines(bent).values).toEqual([]);
  }
  const random = newRandom(7, 'lines');
  for (let turn = 0; turn < 2_000; turn += 1) {
    const bytes = Uint8Array.from({ length: 80 }, () => Math.floor(random() * 256));
    expect(decodeLines(bytes).values).toEqual([]);
  }
});
