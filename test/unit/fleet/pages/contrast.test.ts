/**
 * Goal: whatever the style sheet is changed to, text and lines stay readable, light and dark (WCAG 2.2, 1.4.3 and 1.4.11).
 *
 * Method: read the colours from the style sheet and compute their contrast. Areas in the colour of a state are told by
 * their outline, which has the colour of text, and by their hatch.
 */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const STYLE = readFileSync(resolve(import.meta.dir, '../../../../fleet/pages/style.css'), 'utf8');
const TEXTS = ['ink', 'soft', 'link', 'alarm'];
const LINES = ['line-1', 'line-2', 'line-3', 'line-4', 'edge', 'ink'];

const [light = '', dark = ''] = [...STYLE.matchAll(/:root \{(.*?)\}/gs)].map(([, body]) => body);

function colours(body: string): Record<string, string> {
  return Object.fromEntries(
    [...body.matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map(([, name, value]) => [name, value]),
  );
}

/** WCAG 2.2, "relative luminance". */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(a: string, b: string): number {
  const [less, more] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (more! + 0.05) / (less! + 0.05);
}

test('contrast is computed as WCAG does', () => {
  expect(contrast('#000000', '#ffffff')).toBe(21);
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
});

for (const [scheme, body] of [
  ['light', light],
  ['dark', light + dark],
] as const) {
  test(`${scheme}: text has 4.5, lines and borders of controls have 3`, () => {
    const colour = colours(body);
    const weak = (names: readonly string[], least: number) =>
      names.flatMap((name) =>
        ['paper', 'raised']
          .filter((ground) => contrast(colour[name]!, colour[ground]!) < least)
          .map((ground) => `${name} on ${ground}`),
      );
    expect([...weak(TEXTS, 4.5), ...weak(LINES, 3)]).toEqual([]);
  });
}
