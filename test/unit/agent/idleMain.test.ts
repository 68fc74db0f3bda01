import { expect, jest, test } from 'bun:test';
import { giveBackWhenIdle } from '../../../agent/idleMain.ts';

/** Goal: soon after the start, rarely after that, and not after the end. */
test('memory is given back after twelve seconds, every hour, and no more once stopped', () => {
  jest.useFakeTimers();
  try {
    let times = 0;
    const stop = giveBackWhenIdle(() => {
      times += 1;
    });
    const after = (ms: number) => {
      jest.advanceTimersByTime(ms);
      return times;
    };
    expect([after(11_999), after(1), after(3_599_999), after(1), after(3_600_000)]).toEqual([
      0, 1, 1, 2, 3,
    ]);
    stop();
    expect(after(36_000_000)).toBe(3);
  } finally {
    jest.useRealTimers();
  }
});

/**
 * Goal: what is given back is code that was compiled, and the runtime still has the function that does it.
 * Method: compile many functions, call each, count the code blocks before and after.
 */
test('compiled code is let go of', async () => {
  const program = `
    import { heapStats } from 'bun:jsc';
    import { giveBackWhenIdle } from ${JSON.stringify(`${import.meta.dir}/../../../agent/idleMain.ts`)};
    const made = Array.from({ length: 300 }, (_, at) => new Function('a', 'return a + ' + at));
    for (const each of made) each(1);
    const blocks = () => heapStats().objectTypeCounts.UnlinkedFunctionCodeBlock ?? 0;
    const before = blocks();
    const real = globalThis.setTimeout;
    let due = null;
    globalThis.setTimeout = (run) => { due = run; return { unref: () => 0 }; };
    giveBackWhenIdle();
    globalThis.setTimeout = real;
    real(() => due(), 0);
    await new Promise((resolve) => real(resolve, 300));
    console.log(JSON.stringify([before, blocks(), made.map((each) => each(1)).at(-1)]));
    process.exit(0);
  `;
  const run = Bun.spawnSync([process.execPath, '-e', program], { timeout: 10_000 });
  const [before, after, answer] = JSON.parse(run.stdout.toString() || run.stderr.toString());
  expect(before).toBeGreaterThanOrEqual(300);
  expect(after).toBeLessThan(before - 250);
  expect(answer).toBe(300);
});
