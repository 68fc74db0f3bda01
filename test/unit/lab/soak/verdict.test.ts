/**
 * Goal: a soak fails for each thing that it promises to watch, and for nothing else.
 */
import { expect, test } from 'bun:test';
import { chartOf, tableOf } from '../../../lab/soak/report.ts';
import type { Life } from '../../../lab/soak/sample.ts';
import { faultsOf, figuresOf, type SoakBounds, type Soaked } from '../../../lab/soak/verdict.ts';
import { hubRecords } from '../../session/invariants/stream/sampleStreams.ts';

const BOUNDS: SoakBounds = { mibPerHour: 16, aliveMibPerHour: 16, descriptors: 3, threads: 2 };
const WARM_UP_MS = 60_000;

interface Leaks {
  readonly mibPerHour?: number;
  readonly aliveMibPerHour?: number;
  readonly descriptors?: number;
  readonly threads?: number;
}

function life(party: Life['party'], leaks: Leaks = {}): Life {
  const { mibPerHour = 0, aliveMibPerHour = 0, descriptors = 0, threads = 0 } = leaks;
  const samples = Array.from({ length: 900 }, (_, at) => ({
    atMs: at * 1_000,
    anonKib: (50 + (mibPerHour * at) / 3_600 + (at % 13)) * 1_024,
    rssKib: 90_000,
    descriptors: 20 + Math.floor((descriptors * at) / 900) + (at % 3),
    threads: 9 + Math.floor((threads * at) / 900),
  }));
  const alive = Array.from({ length: 90 }, (_, at) => ({
    ...{ heap: at % 2 === 0 ? 'main' : 'tunnel', atMs: at * 10_000 },
    aliveKib: 4_096 + (at % 2) * ((aliveMibPerHour * at) / 360) * 1_024,
  }));
  return { party, pid: 1, samples, alive };
}

const log = { files: 3, events: 100, faults: [] };
const sound: Soaked = {
  lives: [life('device'), life('hub')],
  logs: { device: log, hub: log },
  verdicts: [
    { id: 'I1', name: 'single-binding', checked: 5, unjudgedVersions: [], violations: [] },
  ],
  ...{ sessions: ['aa'], policyVersions: [1, 2], faults: [] },
  tcp: { bytes: 1e6, intact: true, connections: 1, longestStallMs: 300 },
  polls: { answered: 9, unanswered: 1 },
  played: { 'eth0 carrier': 3 },
  ...{ durationMs: 900_000, warmUpMs: WARM_UP_MS },
};
const faults = (change: Partial<Soaked>) => faultsOf({ ...sound, ...change }, BOUNDS);

test('nothing is wrong with a sound run', () => {
  expect(faultsOf(sound, BOUNDS)).toEqual([]);
  expect(figuresOf(sound, []).device.anon?.mibPerHour).toBeCloseTo(0, 0);
  expect(tableOf(sound).join('\n')).toContain('aa throughout, policies 1, 2');
  expect(chartOf(sound).match(/<polyline/g)).toHaveLength(2);
});

test('each leak is seen, in either daemon', () => {
  for (const party of ['device', 'hub'] as const) {
    const other = life(party === 'device' ? 'hub' : 'device');
    const leaking = (leaks: Leaks) => faults({ lives: [life(party, leaks), other] });
    expect(leaking({ mibPerHour: 30 })).toEqual([
      expect.stringMatching(new RegExp(`^${party}: memory grows by (29|30|31)`)),
    ]);
    expect(leaking({ mibPerHour: 10, aliveMibPerHour: 10 })).toEqual([]);
    expect(leaking({ aliveMibPerHour: 30 })).toEqual([
      `${party}: what is alive in a heap grows by 30.0 MiB an hour, at most 16`,
    ]);
    expect(leaking({ descriptors: 20 })).toEqual([
      expect.stringMatching(new RegExp(`^${party}: \\d+ descriptors more`)),
    ]);
    expect(leaking({ threads: 12 })).toEqual([
      expect.stringMatching(new RegExp(`^${party}: \\d threads more`)),
    ]);
  }
});

test('a run in which nothing was watched is no sound run', () => {
  expect(faults({ lives: [{ ...life('device'), samples: [], alive: [] }, life('hub')] })).toEqual([
    'device: too few samples for a slope of memory',
    'device: too few samples for a slope of what is alive in a heap',
    'device: lived too short to be watched',
  ]);
  expect(faults({ verdicts: [{ ...sound.verdicts[0]!, checked: 0 }] })).toHaveLength(1);
  expect(faults({ polls: { answered: 0, unanswered: 5 } })).toHaveLength(1);
});

// biome-ignore format: this is a table
const others: readonly [string, Partial<Soaked>, string][] = [
  ['a gap',             { logs: { device: { ...log, faults: ['seq 9 after 7'] }, hub: log } }, 'log of the device: seq 9 after 7'],
  ['a second session',  { sessions: ['aa', 'bb'] },                            '2 sessions instead of one'],
  ['a broken transfer', { tcp: { ...sound.tcp, intact: false } },              'the TCP transfer did not arrive as it was sent'],
  ['a new connection',  { tcp: { ...sound.tcp, connections: 2 } },             'the TCP transfer took 2 connections'],
  ['no recovery',       { faults: ['not ATTACHED again'] },                    'not ATTACHED again'],
];
for (const [name, change, sentence] of others) {
  test(`${name} fails the run`, () => expect(faults(change)).toEqual([sentence]));
}

test('a violated invariant fails the run, with its place', () => {
  const [record] = hubRecords();
  const violations = [
    { sentence: 'two bindings', writer: 'hub', seq: 7, record: record! } as const,
  ];
  expect(faults({ verdicts: [{ ...sound.verdicts[0]!, violations }] })).toEqual([
    'I1: two bindings (hub log, 7)',
  ]);
});
