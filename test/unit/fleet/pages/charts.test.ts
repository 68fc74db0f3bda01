import { expect, test } from 'bun:test';
import { chartsOf } from '../../../../fleet/pages/charts.ts';
import { STATES } from '../../../../session/transitions.ts';
import { seriesOf } from '../../../browser/recorded.ts';

const EMPTY = {
  at_ms: [],
  states: {},
  recovery_ms: { p50: [], p95: [], p99: [] },
  switches: [],
  degraded_percent: [],
  terminated: {},
  replay_signs: [],
  hijack_signs: [],
};

test('states are stacked with the fine ones at the bottom, each with its own height in the table', () => {
  const series = seriesOf(0, 3_600_000, 300_000, 1_000);
  const [states] = chartsOf(series);
  expect(states!.lines.map(({ name }) => name)).toHaveLength(STATES.length);
  const bottom = states!.lines.at(-1)!;
  expect(bottom.name).toBe('ATTACHED');
  expect(bottom.drawn).toEqual([...bottom.values]);
  expect(states!.lines[0]!.drawn![0]).toBe(
    states!.lines.reduce((sum, { values }) => sum + (values[0] ?? 0), 0),
  );
});

test('round trips and loss are drawn as p50 and p95, and a sentence says the newest and the worst', () => {
  const column = { p50: [48, 50, null], p95: [131, 90, null] };
  const series = { ...EMPTY, at_ms: [0, 1, 2], rtt_ms: column, loss_percent: column };
  const facts = chartsOf(series).filter(({ title }) => /^(Round trip|Loss) of/.test(title));
  expect(
    facts.map(({ title, sentence }) => `${title}: ${sentence}`.replaceAll('\u00a0', ' ')),
  ).toEqual([
    'Round trip of bindings: p95 is 90 ms at the end, at most 131 ms.',
    'Loss of bindings: p95 is 90 % at the end, at most 131 %.',
  ]);
  for (const { lines } of facts)
    expect(lines.map(({ name, values }) => [name, values])).toEqual(Object.entries(column));
});

test('every chart says in a sentence what it shows, and that nothing is recorded where nothing is', () => {
  for (const series of [EMPTY, seriesOf(0, 3_600_000, 300_000, 10)]) {
    for (const { title, sentence, lines } of chartsOf(series)) {
      expect([title, sentence.endsWith('.')]).toEqual([title, true]);
      expect(lines.length).toBeGreaterThan(0);
    }
  }
  expect(chartsOf(EMPTY).map(({ sentence }) => sentence)).toMatchInlineSnapshot(`
    [
      "Nothing is recorded for that time.",
      "No recovery is recorded for that time.",
      "Nothing is recorded for that time.",
      "Nothing is recorded for that time.",
      "Nothing is recorded for that time.",
      "Nothing is recorded for that time.",
      "Nothing is recorded for that time.",
      "No transport is recorded as dead in that time.",
      "No switch is recorded as denied in that time.",
      "No session is recorded as ended in that time.",
      "0 signs of replay, 0 of hijacking.",
      "Nothing is recorded for that time.",
    ]
  `);
});
