/** Goal: little is compiled while little moves, and a flow is compiled for from its first milliseconds on. */
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { CompileHaste, type Haste } from '../../../hal/compileHaste.ts';

type Moves = readonly (readonly [atMs: number, bytes: number])[];

/** What it changes to, and when, as `moves` are told. */
function changes(moves: Moves) {
  const haste = new CompileHaste();
  expect(haste.haste).toBe('reluctant');
  const taken: [atMs: number, to: Haste][] = [];
  for (const [atMs, bytes] of moves) {
    const to = haste.note(bytes, atMs);
    if (to === null) continue;
    expect(to).toBe(haste.haste);
    taken.push([atMs, to]);
  }
  return taken;
}

const every = (stepMs: number, untilMs: number, bytes: number): Moves =>
  Array.from({ length: untilMs / stepMs }, (_, at) => [at * stepMs, bytes] as const);

test('probes, keepalives and health reports change nothing, however long', () => {
  const report: Moves = [1_400, 750, 140, 140, 140, 90, 90].map(
    (bytes, at) => [30_000 + at, bytes] as const,
  );
  expect(changes([...every(5_000, 30_000, 120), ...report])).toEqual([]);
  expect(changes(every(1_000, 3_600_000, 2_000))).toEqual([]);
});

test('a flow is one within its first 8 KiB', () => {
  expect(changes([[7, 65_536]])).toEqual([[7, 'eager']]);
  expect(changes(every(1, 1_000, 1_024))).toEqual([[7, 'eager']]);
  expect(
    changes([
      [0, 8_191],
      [999, 1],
    ]),
  ).toEqual([[999, 'eager']]);
  expect(
    changes([
      [0, 8_191],
      [1_000, 1],
    ]),
  ).toEqual([]);
});

test('ten seconds behind the last rush it is over, small talk or none', () => {
  const behind: Moves = [5_000, 9_999, 10_000].map((ms) => [ms, 200] as const);
  expect(changes([[0, 65_536], ...behind])).toEqual([
    [0, 'eager'],
    [10_000, 'reluctant'],
  ]);
  expect(
    changes([
      [0, 65_536],
      [60_000, 0],
    ]),
  ).toEqual([
    [0, 'eager'],
    [60_000, 'reluctant'],
  ]);
});

test('a pause of less changes nothing, and a second rush is one again', () => {
  expect(changes(every(9_000, 90_000, 65_536))).toEqual([[0, 'eager']]);
  expect(
    changes([
      [0, 65_536],
      [20_000, 0],
      [30_000, 65_536],
    ]),
  ).toEqual([
    [0, 'eager'],
    [20_000, 'reluctant'],
    [30_000, 'eager'],
  ]);
});

/**
 * Goal: the runtime does as it is told, and changes its mind when it is told so.
 * Method: functions in a process of its own, called as often as each haste has it, until one is compiled or calls run out.
 */
test('the runtime compiles a function that is called often: at once, or hardly ever', () => {
  const source = `
    import { noInline, numberOfDFGCompiles } from 'bun:jsc';
    import { compileWithHaste } from ${JSON.stringify(join(import.meta.dir, '../../../hal/compileHaste.ts'))};
    // Each time a function that the runtime has not seen.
    const isCompiled = (haste, number, callsMax) => {
      compileWithHaste(haste);
      const add = new Function('a', 'b', 'return a + b + ' + number);
      noInline(add);
      for (let calls = 1; calls <= callsMax; calls++) {
        add(calls, 1);
        if (calls % 1000 !== 0) continue;
        Bun.sleepSync(1);
        if (numberOfDFGCompiles(add) > 0) return true;
      }
      return false;
    };
    const few = 6000, many = 1_000_000;
    console.log(JSON.stringify([
      isCompiled('reluctant', 1, few), isCompiled('eager', 2, few), isCompiled('reluctant', 3, few),
      isCompiled('reluctant', 4, many),
    ]));
  `;
  const { stdout, stderr } = Bun.spawnSync([process.execPath, '-e', source]);
  expect(stderr.toString()).toBe('');
  expect(JSON.parse(stdout.toString())).toEqual([false, true, false, true]);
});
