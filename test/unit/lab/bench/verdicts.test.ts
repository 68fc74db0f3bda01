/** Goal: what `scripts/bench verdicts` counts is what the device said, and a run that shows nothing is no good one. */

import { expect, test } from 'bun:test';
import { resolve } from 'node:path';
import { readVerdictsArguments } from '../../../lab/bench/verdicts/arguments.ts';
import {
  sceneFiguresOf,
  type VerdictRow,
  verdictsFiguresOf,
  verdictsTable,
  type Watched,
} from '../../../lab/bench/verdicts/figures.ts';

const row = (atMs: number, change: Partial<VerdictRow>): VerdictRow => ({
  ...{ mono_ms: atMs, event: 'transition', to: null, reason_code: 'attach_accepted' },
  ...{ session_id: 'a', transport: 'eth0→hub', ...change },
});
const BIRTH = row(0, { to: 'ATTACHED' });
const good: Watched = {
  rows: [row(-5, { event: 'notice', to: null, session_id: null }), BIRTH],
  lanes: [
    { entered: 1_000, lost: 40 },
    { entered: 1_000, lost: 60 },
  ],
  asked: 100,
  answered: 91,
};
const facts = {
  ...{ minutes: 60, publishableMinutes: 60, lossPercent: 5, jitterMs: 50 },
  ...{ switchesInAMinuteMax: 6, machine: {} },
};

const missed = (one: Watched, two: Watched = good) =>
  verdictsFiguresOf({ one_link: sceneFiguresOf(one), two_links: sceneFiguresOf(two) }, facts)
    .goals.filter(({ isReached }) => !isReached)
    .map(({ name }) => name);

test('a quiet run: what was lost, and nothing that was said', () => {
  expect(sceneFiguresOf(good)).toEqual({
    ...{ dead_verdicts: 0, verdicts: {}, switches: 0, switches_in_a_minute_max: 0, sessions: 1 },
    ...{ frames: 2_000, frames_lost: 100, frames_lost_percent: 5 },
    ...{ answers: 91, answers_lost: 9, answers_lost_percent: 9 },
  });
  expect(missed(good)).toEqual([]);
});

test('verdicts by kind: a death is one in whatever way it is said, quality is none', () => {
  const rows = [
    ...good.rows,
    row(10, { to: 'VOLATILE', reason_code: 'quality_loss' }),
    row(20, { to: 'ATTACHED', reason_code: 'quality_loss' }),
    row(30, { to: 'VOLATILE', reason_code: 'quality_loss' }),
    row(40, { to: 'RECOVERING', reason_code: 'heartbeat_timeout' }),
    row(50, { to: 'TERMINATED', reason_code: 'transport_ttl_expired' }),
    row(60, { to: 'ATTACHED', session_id: 'b' }),
  ];
  const figures = sceneFiguresOf({ ...good, rows });
  expect(figures).toMatchObject({ dead_verdicts: 2, sessions: 2 });
  expect(figures.verdicts).toEqual({
    ...{ 'ATTACHED attach_accepted': 1, 'ATTACHED quality_loss': 1 },
    ...{ 'RECOVERING heartbeat_timeout': 1, 'TERMINATED transport_ttl_expired': 1 },
    'VOLATILE quality_loss': 2,
  });
  expect(missed({ ...good, rows })).toEqual(['one_link.dead_verdicts', 'one_link.sessions']);
});

test('switches: at most what the policy allows, in any minute', () => {
  const moved = (...atMs: number[]) => ({
    ...good,
    rows: [...good.rows, ...atMs.map((at) => row(at, { event: 'switch' }))],
  });
  const six = [0, 10_000, 20_000, 30_000, 40_000, 59_999];
  expect(missed(good, moved(...six, 60_000))).toEqual([]);
  expect(missed(good, moved(...six, 59_999))).toEqual(['two_links.switches_in_a_minute_max']);
  // The only link has nowhere to go.
  expect(missed(moved(5))).toEqual(['one_link.switches_in_a_minute_max']);
});

test('links that lost nothing, and a tunnel that nothing passed, are misses', () => {
  const lossless = [{ entered: 1_000, lost: 20 }];
  expect(missed({ ...good, lanes: lossless })).toEqual(['one_link.loss_missing_percent']);
  expect(missed({ ...good, answered: 0 })).toEqual(['one_link.answers_missing']);
});

test('less than an hour is a look', () => {
  const scenes = { one_link: sceneFiguresOf(good), two_links: sceneFiguresOf(good) };
  const figures = verdictsFiguresOf(scenes, { ...facts, minutes: 59 });
  expect(figures.publishable_obstacles).toEqual(['fewer than 60 minutes']);
  expect(verdictsTable(figures).at(-1)).toBe('NOT PUBLISHABLE: fewer than 60 minutes');
  expect(verdictsFiguresOf(scenes, facts).publishable).toBe(true);
});

test('arguments', () => {
  const read = (...argv: string[]) => readVerdictsArguments(['--binary', 'jvpn', ...argv]);
  expect(read()).toEqual({ binary: 'jvpn', json: null, minutes: 60, seed: 1 });
  expect(read('--minutes', '0.5', '--seed', '7', '--json', 'f')).toEqual({
    ...{ binary: 'jvpn', json: resolve('f'), minutes: 0.5, seed: 7 },
  });
  expect(() => read('--minutes', '0')).toThrow('--minutes is 0');
  expect(() => readVerdictsArguments([])).toThrow('--binary FILE is missing');
});
