/**
 * Rules about how many misses are a verdict, and about which way it names: good and bad stories.
 *
 * @module
 */
import type { ProbeAck } from '../../../../session/wire/frames.ts';
import { Misses } from '../../../sim/checkers/misses.ts';
import type { Report, Watch } from '../../../sim/checkers/watch.ts';
import { DATA, framed, fromHub, moved, type Rule, sent } from './observed.ts';

const misses = (report: Report): Watch => new Misses(report, false, () => true);

const ANSWER: ProbeAck = {
  ...{ type: 'probeAck', probeId: 1, view: 'carrying', transportId: 1, stateVersion: 1 },
  token: new Uint8Array(8),
};
const RTT_MS = 20;
const ASKED = 100;
const SILENT_FROM_MS = ASKED * 50;

const ask = (watch: Watch, probeId: number, atMs: number) =>
  watch.onSent?.(sent(framed({ type: 'probe', probeId }), { atMs }));

/** The hub answers, and its answer arrives at once, never, or some time. */
function reply(
  watch: Watch,
  probeId: number,
  atMs: number,
  fate: 'arrives' | 'lost' | 'underWay' = 'arrives',
): void {
  const bytes = framed({ ...ANSWER, probeId });
  watch.onSent?.(fromHub(bytes, { atMs }));
  if (fate === 'arrives') watch.onArrived?.({ atMs, to: 'device-0', bytes });
  if (fate === 'lost') watch.onLost?.({ to: 'device-0', bytes });
}

/** Asked every 50 ms, and every so many-th question is lost; 0: none is. */
function live(watch: Watch, lostEvery = 0): void {
  for (let probeId = 1; probeId <= ASKED; probeId++) {
    const atMs = 50 * (probeId - 1);
    ask(watch, probeId, atMs);
    if (lostEvery === 0 || probeId % lostEvery !== 1) reply(watch, probeId, atMs + RTT_MS);
  }
}

/** Asked `count` times in vain, ten milliseconds apart, and given up when the last one has had its time. */
function giveUp(
  watch: Watch,
  count: number,
  {
    reasonCode = 'heartbeat_timeout' as 'heartbeat_timeout' | 'one_way_out',
    apartMs = 10,
    isSwept = true,
  } = {},
): void {
  for (let at = 0; at < count; at++) ask(watch, 1_000 + at, SILENT_FROM_MS + apartMs * at);
  const atMs = SILENT_FROM_MS + apartMs * (count - 1) + RTT_MS + 10;
  watch.onSaid?.(moved('ATTACHED', 'RECOVERING', { reasonCode, atMs, detail: { transportId: 1 } }));
  if (isSwept) watch.onSweep?.(atMs + 1_000);
}

/** The first answer takes 500 ms; five questions asked before it came, from `fromMs` on, are given up 50 ms behind it. */
function giveUpEarly(watch: Watch, fromMs: number): void {
  ask(watch, 1, 0);
  for (let at = 0; at < 5; at++) ask(watch, 2 + at, fromMs + 10 * at);
  reply(watch, 1, 500);
  const detail = { transportId: 1 };
  const what = { reasonCode: 'heartbeat_timeout', atMs: 550, detail } as const;
  watch.onSaid?.(moved('ATTACHED', 'RECOVERING', what));
}

/** The hub goes on to be heard until so long after the first question of the row. */
function hear(watch: Watch, untilMs: number): void {
  const down = DATA.slice();
  watch.onSent?.(fromHub(down, { atMs: SILENT_FROM_MS }));
  watch.onArrived?.({ atMs: SILENT_FROM_MS + untilMs, to: 'device-0', bytes: down });
}

/** Every question of the row is answered, and no answer arrives: the last ones are under way. */
function answerInVain(watch: Watch, count: number, underWay = 0): void {
  for (let at = 0; at < count; at++) {
    const fate = at < count - underWay ? 'lost' : 'underWay';
    reply(watch, 1_000 + at, SILENT_FROM_MS + 10 * at, fate);
  }
}

// biome-ignore format: a story a line
export const MISS_RULES: readonly Rule[] = [
  {
    // Where nothing was lost, one in a hundred might be.
    rule: 'liveness chanceVerdict', make: misses,
    good: (watch) => { live(watch); giveUp(watch, 5); },
    bad: (watch) => { live(watch); giveUp(watch, 4); },
  },
  {
    // Of a hundred questions twenty were lost.
    rule: 'liveness chanceVerdict', make: misses,
    good: (watch) => { live(watch, 5); giveUp(watch, 11); },
    bad: (watch) => { live(watch, 5); giveUp(watch, 10); },
  },
  {
    // Two seconds of silence are a verdict, whatever was lost before.
    rule: 'liveness chanceVerdict', make: misses,
    good: (watch) => { live(watch, 2); giveUp(watch, 5, { apartMs: 495 }); },
    bad: (watch) => { live(watch, 2); giveUp(watch, 5, { apartMs: 400 }); },
  },
  {
    // What is asked before the first answer has 300 ms, however long that one is found to take.
    rule: 'liveness chanceVerdict', make: misses,
    good: (watch) => giveUpEarly(watch, 200),
    bad: (watch) => giveUpEarly(watch, 300),
  },
  {
    // An answer in the midst ends the row: what was asked before it counts no more.
    rule: 'liveness chanceVerdict', make: misses,
    good: (watch) => { live(watch); giveUp(watch, 6); },
    bad: (watch) => { live(watch); ask(watch, 900, SILENT_FROM_MS - 5); reply(watch, 900, SILENT_FROM_MS); giveUp(watch, 4); },
  },
  {
    rule: 'I8 falseOneWayOut', make: misses,
    good: (watch) => { live(watch); hear(watch, RTT_MS); giveUp(watch, 6, { reasonCode: 'one_way_out' }); },
    bad: (watch) => { live(watch); hear(watch, RTT_MS - 2); giveUp(watch, 6, { reasonCode: 'one_way_out' }); },
  },
  {
    // What comes at the very moment of the verdict is told of behind it.
    rule: 'I8 falseOneWayOut', make: misses,
    good: (watch) => { live(watch); giveUp(watch, 6, { reasonCode: 'one_way_out', isSwept: false }); hear(watch, 6 * 10 - 10 + RTT_MS + 10); watch.onSweep?.(9_000); },
    bad: (watch) => { live(watch); giveUp(watch, 6, { reasonCode: 'one_way_out', isSwept: false }); hear(watch, 6 * 10 - 10 + RTT_MS + 11); watch.onSweep?.(9_000); },
  },
  {
    // The way out works: the hub answered all of them.
    rule: 'I8 falseOneWayOut', make: misses,
    good: (watch) => { live(watch); hear(watch, 50); answerInVain(watch, 4); giveUp(watch, 6, { reasonCode: 'one_way_out' }); },
    bad: (watch) => { live(watch); hear(watch, 50); answerInVain(watch, 6); giveUp(watch, 6, { reasonCode: 'one_way_out' }); },
  },
  {
    // What waited in a queue and is under way still may come: five have to be lost.
    rule: 'I8 falseOneWayOut', make: misses,
    good: (watch) => { live(watch); hear(watch, 50); answerInVain(watch, 6, 2); giveUp(watch, 6, { reasonCode: 'one_way_out' }); },
    bad: (watch) => { live(watch); hear(watch, 50); answerInVain(watch, 6, 1); giveUp(watch, 6, { reasonCode: 'one_way_out' }); },
  },
];
