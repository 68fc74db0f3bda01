/** Goal: what waited goes out in order, a few at a time, and what is too old not at all. */
import { expect, test } from 'bun:test';
import { Holding } from '../../../../session/holding.ts';
import { PACE_MS, STEP_DATAGRAMS_MAX } from '../../../../session/resend/pacer.ts';
import { GradualRelease } from '../../../../session/resend/release.ts';

const AGE_MS = 2_000;

function held(count: number, atMs = 1_000): Holding {
  const holding = new Holding({ bytesMax: 1_000_000, packetsMax: 4_096 });
  for (let mark = 0; mark < count; mark++) holding.hold(Uint8Array.of(mark), atMs);
  return holding;
}

test('a step’s worth at once, the rest when the next step is due', () => {
  const holding = held(STEP_DATAGRAMS_MAX + 10);
  const release = new GradualRelease(holding);
  const sent: number[] = [];
  const step = (atMs: number) => release.step(atMs, AGE_MS, ([mark]) => sent.push(mark!));
  step(1_000);
  expect([sent.length, release.nextDeadlineMs()]).toEqual([STEP_DATAGRAMS_MAX, 1_000 + PACE_MS]);
  step(1_000 + PACE_MS - 0.1);
  expect(sent.length).toBe(STEP_DATAGRAMS_MAX);
  step(1_000 + PACE_MS);
  expect([sent.length, release.nextDeadlineMs()]).toEqual([STEP_DATAGRAMS_MAX + 10, null]);
  expect(sent).toEqual(sent.map((_, mark) => mark));
});

test('newer ones queue behind, and what came of age meanwhile is dropped and counted', () => {
  const holding = held(STEP_DATAGRAMS_MAX + 2);
  const release = new GradualRelease(holding);
  const sent: number[] = [];
  const step = (atMs: number) => release.step(atMs, AGE_MS, ([mark]) => sent.push(mark!));
  step(1_000 + AGE_MS);
  holding.hold(Uint8Array.of(200), 1_000 + AGE_MS);
  step(1_001 + AGE_MS + PACE_MS);
  expect([sent.length, sent.at(-1), holding.droppedCount]).toEqual([
    STEP_DATAGRAMS_MAX + 1,
    200,
    2,
  ]);
});
