/**
 * Goal: how soon a cut is known stays what it is, for every phase of the cut, and so does what that costs.
 * Method: exact round trips in virtual time, twenty phases a row; the goals leave room for a kernel.
 */
import { expect, test } from 'bun:test';
import { measure, percentile, type Scene } from './verdictTimes.ts';

const WAYS = [
  { cut: 'both', data: 'both' },
  { cut: 'both', data: 'in' },
  { cut: 'out', data: 'both' },
  { cut: 'in', data: 'both' },
] as const;
/** Round trip, and the goals for a flow's gap: p50 and p99, milliseconds. */
const GOALS = [
  [10, 120, 200],
  [50, 200, 350],
  [200, 600, 900],
] as const;
/** Left to kernels and busy processors, of p50 and of p99. */
const ROOM_MS = [10, 90] as const;

function row(scene: Scene, p50MaxMs: number, p99MaxMs: number): string {
  const { verdictMs, attachedMs, probeBytesPerS } = measure(scene);
  expect(percentile(attachedMs, 50)).toBeLessThanOrEqual(p50MaxMs);
  expect(percentile(attachedMs, 99)).toBeLessThanOrEqual(p99MaxMs);
  const cells = [verdictMs, attachedMs].flatMap((times) =>
    [50, 99].map((percent) => Math.round(percentile(times, percent))),
  );
  const what = `${scene.rttMs} ms, cut ${scene.cut}, data ${scene.data} each ${scene.everyMs}`;
  const columns = [...cells, Math.round(probeBytesPerS)].map((cell) => `${cell}`.padStart(6));
  return [what.padEnd(38), ...columns].join('');
}

test('verdict p50 and p99, binding p50 and p99, bytes of probes a second', () => {
  const rows = GOALS.flatMap(([rttMs, p50Ms, p99Ms]) =>
    WAYS.map((ways) =>
      row({ rttMs, everyMs: 20, ...ways }, p50Ms - ROOM_MS[0], p99Ms - ROOM_MS[1]),
    ),
  );
  expect(`\n${rows.join('\n')}\n`).toMatchInlineSnapshot(`
    "
    10 ms, cut both, data both each 20        79    86    89    96 12583
    10 ms, cut both, data in each 20          83    90    93   100  7550
    10 ms, cut out, data both each 20         76    82    86    92 12583
    10 ms, cut in, data both each 20          79    86    89    96 12583
    50 ms, cut both, data both each 20       100   109   150   159 12583
    50 ms, cut both, data in each 20         119   130   169   180  7550
    50 ms, cut out, data both each 20        116   122   166   172 12583
    50 ms, cut in, data both each 20         100   109   150   159 12583
    200 ms, cut both, data both each 20      262   275   462   475  6040
    200 ms, cut both, data in each 20        262   275   462   475  6040
    200 ms, cut out, data both each 20       362   375   562   575  6040
    200 ms, cut in, data both each 20        262   275   462   475  6040
    "
  `);
}, 30_000);

test('a metered binding is asked rarely, and silence behind data is asked about at once', () => {
  const rows = GOALS.flatMap(([rttMs, , p99Ms]) =>
    [5, 20, 100].map((everyMs) =>
      row({ rttMs, everyMs, cut: 'both', data: 'both', isMetered: true }, p99Ms, p99Ms),
    ),
  );
  expect(`\n${rows.join('\n')}\n`).toMatchInlineSnapshot(`
    "
    10 ms, cut both, data both each 5         92    95   102   105   906
    10 ms, cut both, data both each 20        99   110   109   120   604
    10 ms, cut both, data both each 100      117   130   127   140   604
    50 ms, cut both, data both each 5        227   240   277   290   906
    50 ms, cut both, data both each 20       192   205   242   255   604
    50 ms, cut both, data both each 100      192   205   242   255   604
    200 ms, cut both, data both each 5       467   480   667   680   906
    200 ms, cut both, data both each 20      612   625   812   825   604
    200 ms, cut both, data both each 100     612   625   812   825   604
    "
  `);
}, 30_000);
