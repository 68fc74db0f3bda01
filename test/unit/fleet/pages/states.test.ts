import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isState, STATE_HATCHES, STATES_SHOWN, sharesOf } from '../../../../fleet/pages/states.ts';
import { STATES } from '../../../../session/transitions.ts';

const STYLE = readFileSync(resolve(import.meta.dir, '../../../../fleet/pages/style.css'), 'utf8');

test('every state is shown once, and is told from each other without its colour', () => {
  expect([...STATES_SHOWN].sort()).toEqual([...STATES].sort());
  const looks = STATES.map((state) => JSON.stringify(STATE_HATCHES[state]));
  expect(new Set(looks).size).toBe(STATES.length);
});

test('every state has a colour in the style sheet', () => {
  for (const state of STATES) {
    expect(STYLE).toContain(`--${state}:`);
    expect(STYLE).toContain(`.${state} {`);
  }
});

test('shares are of the devices in a known state', () => {
  const shares = sharesOf({ ATTACHED: 3, TERMINATED: 1, SOMETHING: 96 });
  expect(shares.map(({ state, count, percent }) => [state, count, percent])).toEqual([
    ['ATTACHED', 3, 75],
    ['VOLATILE', 0, 0],
    ['DEGRADED', 0, 0],
    ['RECOVERING', 0, 0],
    ['BIRTH', 0, 0],
    ['TERMINATED', 1, 25],
  ]);
  expect(sharesOf({})[0]!.percent).toBeNull();
  expect(sharesOf({ ATTACHED: 3, OTHER: 1 }).at(-1)).toMatchObject({ state: 'OTHER', percent: 25 });
});

test('a word of a newer device is no state', () => {
  expect(['ATTACHED', 'attached', 'toString', null].map(isState)).toEqual([
    true,
    false,
    false,
    false,
  ]);
});
