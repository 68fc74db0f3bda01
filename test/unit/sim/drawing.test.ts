/** Goal: somebody who reads a drawing sees in which order things happened, and what got lost. */
import { expect, test } from 'bun:test';
import { sequenceOf } from '../../sim/drawing/sequence.ts';
import { svgOf } from '../../sim/drawing/svg.ts';
import { textOf } from '../../sim/drawing/text.ts';
import type { PacketFate, TraceLine } from '../../sim/outcome.ts';

const STYLE = { widthChars: 90, hasColour: false };

function packet(
  sentAtMs: number,
  arrivedAtMs: number | null,
  [from, to]: readonly [string, string],
  what: string,
  fate: PacketFate = arrivedAtMs === null ? 'lost' : 'delivered',
): TraceLine {
  return { kind: 'packet', sentAtMs, arrivedAtMs, from, to, link: 'lte0', what, fate };
}

const UP = ['device-0', 'hub-0'] as const;
const DOWN = ['hub-0', 'device-0'] as const;
const note = (atMs: number, who: string, text: string): TraceLine => ({
  kind: 'note',
  atMs,
  who,
  text,
});

const STORY: readonly TraceLine[] = [
  note(1_000, 'world', 'everything heals'),
  packet(2_000, 2_040, UP, 'PROBE 1 T1'),
  packet(2_050, null, DOWN, 'PROBE_ACK 1 carrying'),
  packet(3_000, 3_040, UP, 'REATTACH v8 recovery T2'),
  packet(3_010, 3_020, UP, 'REATTACH v9 recovery T1'),
  note(3_030, 'hub-0', 'commits v9'),
  packet(3_060, 3_070, DOWN, 'REATTACHED v9'),
  note(3_070, 'device-0', 'ATTACHED'),
];

test('a story as text', () => {
  const ending = { atMs: 3_070, text: 'I1 (example): device-0 sends on two bindings' };
  expect(`\n${textOf(sequenceOf(STORY, ending), STYLE).join('\n')}\n`).toMatchInlineSnapshot(`
    "
             │ device-0                                                               hub-0
       1.000 │ ┄┄┄ everything heals ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄
       2.000 │ │── PROBE 1 T1 · lte0, 40 ms ─────────────────────────────────────────▶│
       2.050 │ │   ✕───────────────────────────── PROBE_ACK 1 carrying · lost, lte0 ──│
       3.000 │ │╌╌ (a) REATTACH v8 recovery T2 · lte0 ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌│
       3.010 │ │── REATTACH v9 recovery T1 · lte0, 10 ms ────────────────────────────▶│
       3.030 │ │                                                           commits v9 ◆
       3.040 │ │╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ (a) REATTACH v8 recovery T2 · lte0, 40 ms ╌▶│
       3.060 │ │◀────────────────────────────────────── REATTACHED v9 · lte0, 10 ms ──│
       3.070 │ ◆ ATTACHED                                                             │
       3.070 │ ■ I1 (example): device-0 sends on two bindings
    "
  `);
});

test('what happens after the violation is not drawn, and what arrives after it has not arrived', () => {
  const { rows } = sequenceOf(STORY, { atMs: 3_015, text: 'bad' });
  expect(rows.at(-1)).toEqual({ kind: 'note', atMs: 3_015, who: 'world', text: 'bad' });
  expect(rows.some((row) => row.kind === 'arrival')).toBe(false);
  expect(rows.filter((row) => row.kind === 'arrow').map(({ packet: { what } }) => what)).toContain(
    'REATTACH v8 recovery T2',
  );
});

test('far from the end packets that are alike become one row; near it each has its own', () => {
  const many = Array.from({ length: 500 }, (_, at) =>
    packet(at * 10, at * 10 + 1, UP, `PROBE ${at} T1`),
  );
  const { rows, hiddenRows } = sequenceOf(many, null);
  expect(hiddenRows).toBe(0);
  const counts = rows.map((row) => (row.kind === 'note' ? 0 : row.packet.count));
  expect(counts[0]).toBe(500 - 24);
  expect(counts.slice(1)).toEqual(Array(24).fill(1));
});

test('no more rows than can be read, and the drawing says how many it leaves out', () => {
  const many = Array.from({ length: 300 }, (_, at) => note(at, 'device-0', `note ${at}`));
  const sequence = sequenceOf(many, null, 50);
  expect(sequence.rows.length).toBe(50);
  expect(sequence.hiddenRows).toBe(250);
  expect(textOf(sequence, STYLE).join('\n')).toContain('250 earlier rows not shown');
});

test('a violation that names a device shows that one, its clone and the hubs', () => {
  const lines = [
    packet(1, 2, UP, 'a'),
    packet(3, 4, ['device-1', 'hub-1'], 'b'),
    packet(5, 6, ['device-0-clone', 'hub-1'], 'c'),
    note(7, 'device-1', 'boots'),
    note(8, 'checker', 'I1 example'),
  ];
  const named = sequenceOf(lines, { atMs: 9, text: 'device-0: not attached' });
  expect(named.columns).toEqual(['device-0', 'device-0-clone', 'hub-0', 'hub-1']);
  const unnamed = sequenceOf(lines, { atMs: 9, text: 'the store lists too many' });
  expect(unnamed.columns).toEqual(['device-0', 'device-0-clone', 'device-1', 'hub-0', 'hub-1']);
});

test('the SVG is well-formed, escapes what it is told, and loses nothing of the text', () => {
  const odd = [...STORY, note(3_080, 'device-0', 'a < b & "c"')];
  const svg = svgOf(sequenceOf(odd, { atMs: 3_090, text: 'a > b' }), 'seed 1: a > b & c');
  const open: string[] = [];
  for (const [, closes, name, selfCloses] of svg.matchAll(
    /<(\/?)([a-z]+)(?:[^>"]|"[^"]*")*?(\/?)>/g,
  )) {
    if (closes === '/') expect(open.pop()).toBe(name!);
    else if (selfCloses !== '/') open.push(name!);
  }
  expect(open).toEqual([]);
  expect(svg).not.toMatch(/&(?!amp;|lt;|gt;|quot;)/);
  for (const text of ['a &lt; b &amp; &quot;c&quot;', 'REATTACH v9 recovery T1', 'commits v9']) {
    expect(svg).toContain(text);
  }
  expect(svg).toContain('<title>seed 1: a &gt; b &amp; c</title>');
});

test('colours only where they are asked for', () => {
  const sequence = sequenceOf(STORY, { atMs: 3_070, text: 'bad' });
  expect(textOf(sequence, STYLE).join('')).not.toContain('\x1b');
  expect(textOf(sequence, { ...STYLE, hasColour: true }).join('')).toContain('\x1b[1;31m■ bad');
});
