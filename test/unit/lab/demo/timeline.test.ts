import { expect, test } from 'bun:test';
import { isColourWanted, Timeline, type TimelineRow } from '../../../lab/demo/timeline.ts';

function printed(isColoured: boolean, ...rows: TimelineRow[]): string {
  const lines: string[] = [];
  const timeline = new Timeline((line) => lines.push(line), isColoured);
  timeline.begin();
  for (const row of rows) timeline.row(row);
  return lines.join('\n');
}

const MOVE: TimelineRow = {
  ...{ atMs: 2_105.4, state: 'ATTACHED', reasonCode: 'reattach_accepted' },
  ...{ stateVersion: 5, transport: 'wlan0' },
};
const SETTLED: TimelineRow = {
  ...{ atMs: 13_212, transport: 'wlan0', gapMs: 69.4, lost: 2, note: 'flows go on' },
};

test('columns stay below their titles', () => {
  expect(printed(false, MOVE, SETTLED)).toMatchInlineSnapshot(`
    "  time s  state       reason_code          state_version  transport  gap ms  lost
       2.105  ATTACHED    reattach_accepted                5  wlan0
      13.212                                                  wlan0          69     2  flows go on"
  `);
});

test('colours change nothing but the colour, and are there only when asked for', () => {
  const plain = printed(false, MOVE, SETTLED);
  const coloured = printed(true, MOVE, SETTLED);
  expect(plain).not.toContain('\x1b');
  expect(coloured).toContain('\x1b[32mATTACHED\x1b[0m');
  expect(Bun.stripANSI(coloured)).toBe(plain);
});

test('a terminal has colours unless NO_COLOR says something', () => {
  expect(isColourWanted(true, undefined)).toBe(true);
  expect(isColourWanted(true, '')).toBe(true);
  expect(isColourWanted(true, '1')).toBe(false);
  expect(isColourWanted(false, undefined)).toBe(false);
});
