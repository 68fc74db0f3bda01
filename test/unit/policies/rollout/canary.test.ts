/**
 * Goal: the canary is the same however often it is asked, has its share, is never empty, and is another one for each rollout.
 */
import { expect, test } from 'bun:test';
import { canaryOf, parseShare } from '../../../../policies/rollout/canary.ts';

const names = (count: number) => Array.from({ length: count }, (_, at) => `gw-${at}`);
const percent = (value: number) => ({ kind: 'percent', percent: value }) as const;

test('shares are percent of devices or a number of them, above nothing', () => {
  expect(parseShare('5%')).toEqual(percent(5));
  expect(parseShare(' 0.5 % ')).toEqual(percent(0.5));
  expect(parseShare('100%')).toEqual(percent(100));
  expect(parseShare('3')).toEqual({ kind: 'count', count: 3 });
  for (const text of ['', '0', '0%', '101%', '-1', '2.5', '5 percent', '1e3', '%']) {
    expect([text, parseShare(text)]).toEqual([text, null]);
  }
});

test('it is the same in whatever order devices were heard, and these by heart', () => {
  const once = canaryOf(names(40), 40, percent(10), 'r1');
  expect(canaryOf(names(40).reverse(), 40, percent(10), 'r1')).toEqual(once);
  expect(once).toMatchInlineSnapshot(`
    [
      "gw-27",
      "gw-37",
      "gw-38",
      "gw-4",
    ]
  `);
});

test('it has its share of all that are meant, rounded up, one at least and not more than are there', () => {
  const sizes = (there: number, targeted: number, share: number) =>
    canaryOf(names(there), targeted, percent(share), 'r1').length;
  expect(sizes(1_000, 1_000, 5)).toBe(50);
  expect(sizes(1_000, 1_001, 5)).toBe(51);
  expect(sizes(20, 20, 1)).toBe(1);
  expect(sizes(3, 1_000, 5)).toBe(3);
  expect(sizes(0, 1_000, 5)).toBe(0);
  expect(canaryOf(names(9), 9, { kind: 'count', count: 4 }, 'r1').length).toBe(4);
});

test('another rollout has another one, and over many each device has its turn about as often', () => {
  const turns = new Map<string, number>();
  for (let rollout = 0; rollout < 400; rollout++) {
    for (const device of canaryOf(names(50), 50, percent(10), `r${rollout}`)) {
      turns.set(device, (turns.get(device) ?? 0) + 1);
    }
  }
  // 400 rollouts of five among fifty: 40 turns each, six standard deviations of six on both sides.
  const counts = names(50).map((device) => turns.get(device) ?? 0);
  expect(Math.min(...counts)).toBeGreaterThan(4);
  expect(Math.max(...counts)).toBeLessThan(76);
});

test('whoever is not in the canary does not change who is', () => {
  const all = canaryOf(names(100), 100, percent(5), 'r1');
  const fewer = names(100).filter((name, at) => all.includes(name) || at % 2 === 0);
  expect(canaryOf(fewer, 100, percent(5), 'r1')).toEqual(all);
});
