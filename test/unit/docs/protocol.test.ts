/**
 * Goal: docs/protocol.md has the tables, numbers, keys and bytes of the code, and its vectors exist.
 *
 * Method: read its tables and compare each whole with the constant it describes.
 */
import { expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { REASONS } from '../../../session/reasons.ts';
import { nextState, STATES, TRIGGERS } from '../../../session/transitions.ts';
import {
  CLAIM_PURPOSE,
  DATA_CIPHER,
  FRAME_TYPE,
  HUB_VIEW,
  LINK_KIND,
} from '../../../session/wire/frames.ts';
import { KEY } from '../../../session/wire/layout.ts';
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import { bare, fieldsOf, matches, PAGES, ROOT, read, rows, section } from './pages.ts';

const PROTOCOL = read('docs/protocol.md');

test('the transition table is session/transitions.ts, every cell of the grid', () => {
  const table = rows(section(PROTOCOL, '## Transitions')).slice(1);
  const written = new Map(table.map(([on, from, to]) => [bare(on), { from: bare(from), to }]));
  expect([...written.keys()].sort()).toEqual([...TRIGGERS].sort());
  for (const trigger of TRIGGERS) {
    const row = written.get(trigger);
    const from = row?.from.split(', ') ?? [];
    const grid = STATES.map((state) => (from.includes(state) ? row?.to : null));
    expect([trigger, grid]).toEqual([trigger, STATES.map((state) => nextState(state, trigger))]);
  }
});

test('the reason codes in the transition table are of the one table', () => {
  const table = rows(section(PROTOCOL, '## Transitions')).slice(1);
  const named = table.flatMap((cells) => matches(cells[3] ?? '', /`([a-z_]+)`/g));
  const isField = (code: string) => code === 'retry_after';
  expect(named.filter((code) => !isField(code) && !Object.hasOwn(REASONS, code))).toEqual([]);
  expect(named.length).toBeGreaterThan(20);
});

test('the outer message types are MESSAGE_TYPE', () => {
  const table = rows(section(PROTOCOL, '## Outer messages')).slice(1);
  const written = Object.fromEntries(table.map(([type, name]) => [bare(name), Number(type)]));
  expect(written).toEqual({ ...MESSAGE_TYPE });
});

test('the frame types are FRAME_TYPE', () => {
  const table = rows(section(PROTOCOL, '## Frames')).filter((cells) => cells.length === 4);
  const written = Object.fromEntries(
    table.slice(1).map(([type, , , name]) => [bare(name), Number(type)]),
  );
  expect(written).toEqual({ ...FRAME_TYPE });
});

test('the numbers inside frames are those of the code', () => {
  const numbers = new Map(
    rows(section(PROTOCOL, '## Frames')).map(([name, values = '']) => [
      bare(name),
      Object.fromEntries(
        [...values.matchAll(/`([\w-]+)` (\d+)/g)].map(([, key, value]) => [key, Number(value)]),
      ),
    ]),
  );
  expect(numbers.get('linkKind')).toEqual({ ...LINK_KIND });
  expect(numbers.get('cipher')).toEqual({ ...DATA_CIPHER });
  expect(numbers.get('view')).toEqual({ ...HUB_VIEW });
  expect(numbers.get('purpose')).toEqual({ ...CLAIM_PURPOSE });
});

test('the keys of each frame are KEY', () => {
  const text = section(PROTOCOL, '## Frames');
  // CHALLENGE and RESPONSE, ROTATE and ROTATED share a section, each with its name above its table.
  const tables = [
    ...text.matchAll(/^(?:### )?([A-Z]+)(?: \(\d+\)\n|:\n)([\s\S]*?)(?=^#|^[A-Z]+:$|(?![\s\S]))/gm),
  ];
  const written = Object.fromEntries(
    tables
      .map(([, name = '', body = '']) => [
        name.toLowerCase(),
        Object.fromEntries(
          rows(body)
            .filter(([key]) => /^\d+$/.test(key ?? ''))
            .map(([key, field]) => [bare(field), Number(key)]),
        ),
      ])
      .filter(([, keys]) => Object.keys(keys ?? {}).length > 0),
  );
  expect(written).toEqual(structuredClone(KEY));
});

test('every vector file and every vector that a page names exists', () => {
  const cited = /`(test\/vectors\/[\w-]+\.json)`((?:\s+"[^"]+")*)/g;
  const missing = PAGES.flatMap((page) =>
    [...read(page).matchAll(cited)].flatMap(([, file = '', quoted = '']) => {
      if (!existsSync(join(ROOT, file))) return [`${page}: ${file}`];
      const known = namesIn(JSON.parse(read(file)));
      return matches(quoted, /"([^"]+)"/g)
        .filter((name) => !known.has(name))
        .map((name) => `${page}: ${file} "${name}"`);
    }),
  );
  expect(missing).toEqual([]);
  for (const file of ['channel', 'frames', 'flash-record', 'cbor', 'noise-ikpsk2', 'blake2s']) {
    expect(PROTOCOL).toContain(`test/vectors/${file}.json`);
  }
});

test('the bytes it shows are those of the vectors', () => {
  const { outputs } = JSON.parse(read('test/vectors/channel.json'));
  const frames: { name: string; bytes: string }[] = JSON.parse(
    read('test/vectors/frames.json'),
  ).valid;
  const shown = (label: string) =>
    new RegExp(`^${label} +([0-9a-f ]+)$`, 'm').exec(PROTOCOL)?.[1]?.replaceAll(' ', '');
  const frame = (wanted: string) => frames.find(({ name }) => name === wanted)?.bytes;
  expect(shown('data')).toBe(outputs.aesDataFromResponder);
  expect(shown('control')).toBe(outputs.controlFromResponder);
  expect(shown('PROBE')).toBe(frame('probe'));
  expect(shown('PROBE_ACK')).toBe(frame('probeAck'));
});

test('the record has the fields that the page lists', () => {
  const listed = rows(section(PROTOCOL, '## The record'))
    .slice(1)
    .flatMap(([names = '']) => bare(names).split(', '));
  const fields = fieldsOf('session/hub/record.ts', 'SessionRecord');
  expect(listed.sort()).toEqual(fields.sort());
});

/** Names of cases and of outputs anywhere in a vector file. */
function namesIn(value: unknown): Set<string> {
  if (Array.isArray(value)) return new Set(value.flatMap((item) => [...namesIn(item)]));
  if (typeof value !== 'object' || value === null) return new Set();
  return new Set(
    Object.entries(value).flatMap(([key, inner]) => [
      key,
      ...(key === 'name' && typeof inner === 'string' ? [inner] : []),
      ...namesIn(inner),
    ]),
  );
}
