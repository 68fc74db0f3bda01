/**
 * Goal: the fuzzer itself finds what is there, says it in a way that can be repeated, and keeps what helps.
 * Method: targets with a defect of a known kind, and known sources to count blocks in.
 */
import { expect, test } from 'bun:test';
import { withCounters } from '../../fuzz/coverage.ts';
import { type Crash, inputOf, minimise, tryInput } from '../../fuzz/engine.ts';
import { mutate } from '../../fuzz/mutate.ts';
import { hostileMap, slowRead } from '../../fuzz/slowCbor.ts';
import { Tape, TapeWriter } from '../../fuzz/tape.ts';
import { demand, type Target } from '../../fuzz/target.ts';
import { TARGETS } from '../../fuzz/targets.ts';
import { weightOf } from '../../fuzz/weight.ts';
import { Random } from '../../sim/random.ts';

/** Breaks where byte 3 is 0x7f and anything follows. */
const planted: Target = {
  name: 'planted',
  what: 'a defect that is known',
  covers: [],
  bytesMax: 64,
  generate: (random) => random.bytes(random.below(64)),
  judge(input) {
    demand(!(input[3] === 0x7f && input.length > 4), `at ${input.length} bytes`);
    return input.length > 3 ? 'accepted' : 'refused';
  },
};

async function firstCrash(target: Target, seed: number): Promise<Crash> {
  for (let run = 0; run < 20_000; run++) {
    const { crash } = await tryInput(target, inputOf(target, seed, run, []), run);
    if (crash !== null) return crash;
  }
  throw new Error('nothing found');
}

test('a planted defect is found, and made as small as it can be', async () => {
  const crash = await firstCrash(planted, 1);
  const { input, reason } = await minimise(planted, crash);
  expect(crash.reason).toStartWith('Finding: at ');
  expect([...input]).toEqual([0, 0, 0, 0x7f, 0]);
  expect(reason).toBe('Finding: at 5 bytes');
  const again = await tryInput(planted, inputOf(planted, 1, crash.run, []), crash.run);
  expect(again.crash?.input).toEqual(crash.input);
});

test('a seed and a number are an input, for every target', () => {
  for (const target of TARGETS) {
    const corpus = [new Uint8Array([1, 2, 3]), new Uint8Array(40).fill(7)];
    for (let run = 0; run < 30; run++) {
      const input = inputOf(target, 9, run, corpus);
      expect(inputOf(target, 9, run, corpus)).toEqual(input);
      expect(input.length).toBeLessThanOrEqual(target.bytesMax);
    }
    const inputs = (seed: number) =>
      Array.from({ length: 30 }, (_, run) => inputOf(target, seed, run, corpus).join());
    expect(inputs(1)).not.toEqual(inputs(2));
  }
});

test('damage is bounded, repeatable, and leaves its input alone', () => {
  const before = Uint8Array.from({ length: 50 }, (_, at) => at);
  const material = { corpus: [new Uint8Array(9)], words: [Uint8Array.of(1, 2)], bytesMax: 60 };
  const kinds = new Set<number>();
  for (let seed = 0; seed < 2_000; seed++) {
    const damaged = mutate(before, new Random(seed), material);
    expect(damaged.length).toBeLessThanOrEqual(60);
    expect(mutate(before, new Random(seed), material)).toEqual(damaged);
    kinds.add(Math.sign(damaged.length - before.length));
  }
  expect([...before]).toEqual(Array.from({ length: 50 }, (_, at) => at));
  expect([...kinds].sort()).toEqual([-1, 0, 1]);
});

test('a tape is read as it was written, and zeros follow it', () => {
  const bytes = new TapeWriter().byte(7).word(0x1234).block(Uint8Array.of(1, 2)).done();
  const tape = new Tape(bytes);
  expect([tape.byte(), tape.word(), [...tape.block()]]).toEqual([7, 0x1234, [1, 2]]);
  expect([tape.hasMore, tape.byte(), tape.word(), tape.block().length]).toEqual([false, 0, 0, 0]);
  expect([...new Tape(Uint8Array.of(0, 9, 5)).block()]).toEqual([5]);
});

test('every block, case and return gets a counter, and the code still does what it did', () => {
  const source = [
    'function grade(n) {',
    '  if (n < 0)',
    '    return "none";',
    '  switch (n) {',
    '    case 0:',
    '      return "zero";',
    '    default:',
    '      for (const x of [1, 2]) {',
    '        n += x;',
    '      }',
    '  }',
    '  const half = (m) => {',
    '    return;',
    '  };',
    '  half(n);',
    '  return { n };',
    '}',
    'return grade;',
  ].join('\n');
  const counted = withCounters(source, 'planted.ts');
  expect(counted.match(/__hits\[\d+\]\+\+/g)).toHaveLength(10);
  const hits = new Uint8Array(1 << 16);
  const grade = new Function('__hits', counted)(hits) as (n: number) => unknown;
  expect([grade(-1), grade(0), grade(1)]).toEqual(['none', 'zero', { n: 4 }]);
  expect(hits.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(10);
});

test('the twin of the CBOR reader accepts and refuses', () => {
  const random = new Random(5);
  const outcomes = { read: 0, refused: 0 };
  for (let round = 0; round < 2_000; round++) {
    const isRead = slowRead(Uint8Array.from(hostileMap(random, 2)), 3) !== null;
    outcomes[isRead ? 'read' : 'refused'] += 1;
  }
  expect(outcomes.read).toBeGreaterThan(300);
  expect(outcomes.refused).toBeGreaterThan(300);
});

test('weights count what is inside, and a ring is endless', () => {
  expect(weightOf({ ab: 'xyz', c: [1, new Uint8Array(5)] })).toBe(8 + 2 + 3 + 1 + 8 + 8 + 5);
  const ring: unknown[] = [];
  ring.push(ring);
  expect(weightOf(ring)).toBe(Number.POSITIVE_INFINITY);
});
