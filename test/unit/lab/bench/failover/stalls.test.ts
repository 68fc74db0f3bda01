/**
 * Goal: what a cut did is found in what the flows recorded, and nothing else is taken for it.
 *
 * Method: flows of one datagram a millisecond with gaps, losses, copies and pauses planted where they are known.
 */
import { expect, test } from 'bun:test';
import {
  type Record as Recorded,
  Recorder,
  readRecord,
} from '../../../../lab/bench/failover/record.ts';
import { damageOf, longestPauseMs, longestStallMs } from '../../../../lab/bench/failover/stalls.ts';
import type { Arrival } from '../../../../lab/flows/gaps.ts';

const TRAVEL_MS = 25;
const window = { fromAtMs: 1_000, toAtMs: 2_000 };

/** One a millisecond from 0 to 3 s, without those that `isLost` names. */
function flow(isLost: (sentAtMs: number) => boolean = () => false): Arrival[] {
  return Array.from({ length: 3_000 }, (_, seq) => ({
    seq,
    sentAtMs: seq,
    atMs: seq + TRAVEL_MS,
  })).filter(({ sentAtMs }) => !isLost(sentAtMs));
}

const everyMs = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => from + index);

function recorded(arrivals: readonly Arrival[], more: Partial<Recorded> = {}): Recorded {
  return { arrivals, tcpAtMs: everyMs(0, 3_000), pauses: [], ...more };
}

const within = (from: number, to: number) => (sentAtMs: number) =>
  sentAtMs >= from && sentAtMs < to;

test('without a cut the longest gap is the interval of the flow', () => {
  expect(damageOf(recorded(flow()), recorded(flow()), window, true)).toEqual({
    gapMs: 1,
    gapUpMs: 1,
    gapDownMs: 1,
    tcpStallMs: 1,
    lost: 0,
    duplicated: 0,
    sent: 2_000,
    pauseMs: 0,
  });
});

test('a gap is that of the worse direction, and each direction has its own', () => {
  const up = recorded(flow(within(1_000, 1_120)));
  const down = recorded(flow(within(1_010, 1_060)));
  const damage = damageOf(down, up, window, true);
  expect([damage.gapMs, damage.gapUpMs, damage.gapDownMs]).toEqual([121, 121, 51]);
  expect(damage.lost).toBe(170);
});

test('what was under way when the link was cut belongs to the cut', () => {
  // Sent before, and would have arrived after it.
  const down = recorded(flow(within(1_000 - TRAVEL_MS, 1_200)));
  const damage = damageOf(down, recorded(flow()), window, true);
  expect(damage.gapDownMs).toBe(TRAVEL_MS + 201);
  expect(damage.lost).toBe(TRAVEL_MS + 200);
});

test('gaps and losses before the window and after it are not counted', () => {
  const quiet = recorded(flow((at) => within(300, 700)(at) || within(2_300, 2_600)(at)));
  const { gapMs, lost } = damageOf(quiet, quiet, window, true);
  expect([gapMs, lost]).toEqual([1, 0]);
});

test('a datagram that was resent, even after the window, is not lost, and a copy is a duplicate', () => {
  const late = flow(within(1_000, 1_100)).concat(
    everyMs(1_000, 1_100).map((seq) => ({ seq, sentAtMs: seq, atMs: 2_500 })),
  );
  late.sort((a, b) => a.atMs - b.atMs);
  const resent = damageOf(recorded(flow()), recorded(late), window, true);
  expect([resent.lost, resent.duplicated, resent.gapMs]).toEqual([0, 0, 101]);

  const twice = flow().flatMap((arrival) =>
    arrival.seq === 1_500 ? [arrival, arrival] : [arrival],
  );
  expect(damageOf(recorded(twice), recorded(flow()), window, true).duplicated).toBe(1);
});

test('a silence that never ends lasts as long as it was watched', () => {
  const dead = recorded(
    flow((at) => at >= 1_000),
    { tcpAtMs: everyMs(0, 1_100) },
  );
  const { gapUpMs, tcpStallMs } = damageOf(recorded(flow()), dead, window, true);
  expect(gapUpMs).toBe(2_000 - (999 + TRAVEL_MS));
  expect(tcpStallMs).toBe(2_000 - 1_099);
});

test('a flow that had not begun when the link was cut shows nothing, and says so', () => {
  const tooLate = recorded(flow((at) => at < 1_200));
  expect(() => damageOf(tooLate, recorded(flow()), window, true)).toThrow('down before the cut');
  expect(() => damageOf(recorded(flow()), tooLate, window, true)).toThrow('up before the cut');
  const noTcp = recorded(flow(), { tcpAtMs: everyMs(1_200, 2_000) });
  expect(() => damageOf(recorded(flow()), noTcp, window, true)).toThrow('no byte of the TCP');
});

test('without a UDP flow there is no gap, and nothing can be lost', () => {
  const { gapMs, lost, tcpStallMs } = damageOf(recorded([]), recorded([]), window, false);
  expect([gapMs, lost, tcpStallMs]).toEqual([null, 0, 1]);
});

test('the longest stall is that of the window: one that begins before it and reaches into it counts', () => {
  const at = [...everyMs(0, 200), ...everyMs(600, 990), ...everyMs(1_140, 1_500), 1_600, 2_400];
  expect(longestStallMs(at, window)).toBe(800);
  expect(longestStallMs(at, { fromAtMs: 1_000, toAtMs: 1_590 })).toBe(151);
  expect(longestStallMs(at, { fromAtMs: 1_150, toAtMs: 1_480 })).toBe(1);
  expect(longestStallMs([], window)).toBeNull();
  expect(longestStallMs([1_500], window)).toBeNull();
});

test('a pause of the program that measures is told, if it was in the window', () => {
  const pauses = [
    { fromAtMs: 500, ms: 90 },
    { fromAtMs: 995, ms: 10 },
    { fromAtMs: 1_500, ms: 7 },
    { fromAtMs: 2_001, ms: 300 },
  ];
  expect(longestPauseMs(pauses, window)).toBe(10);
  expect(longestPauseMs(pauses.slice(2), window)).toBe(7);
  expect(longestPauseMs([], window)).toBe(0);
  const paused = recorded(flow(), { pauses });
  expect(damageOf(recorded(flow()), paused, window, true).pauseMs).toBe(10);
  expect(damageOf(paused, recorded(flow()), window, true).pauseMs).toBe(10);
});

test('a record survives being written and read, and a short one is refused', () => {
  const recorder = new Recorder();
  recorder.arrival(7, 1_000.25, 1_025.5);
  recorder.arrival(8, 1_001.25, 1_026.5);
  recorder.tcp(1_003.125);
  recorder.pause(1_004, 5.5);
  const bytes = recorder.bytes();
  expect(readRecord(bytes)).toEqual({
    arrivals: [
      { seq: 7, sentAtMs: 1_000.25, atMs: 1_025.5 },
      { seq: 8, sentAtMs: 1_001.25, atMs: 1_026.5 },
    ],
    tcpAtMs: [1_003.125],
    pauses: [{ fromAtMs: 1_004, ms: 5.5 }],
  });
  expect(() => readRecord(bytes.subarray(0, bytes.length - 8))).toThrow('its counts ask for');
  recorder.clear();
  expect(readRecord(recorder.bytes())).toEqual({ arrivals: [], tcpAtMs: [], pauses: [] });
});
