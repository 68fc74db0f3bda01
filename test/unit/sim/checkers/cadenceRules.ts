/**
 * Rules about how often a transport is asked: good and bad stories.
 *
 * @module
 */
import { type Cadence, Cadences } from '../../../sim/checkers/cadence.ts';
import { Forbidden } from '../../../sim/checkers/forbidden.ts';
import type { Report, Watch } from '../../../sim/checkers/watch.ts';
import { DATA, framed, moved, type Rule, said, sent } from './observed.ts';

const FREE: Cadence = { pauseMs: 5_000, isMetered: false, isBinding: true, lingerMs: 1_000 };
const METERED: Cadence = { ...FREE, pauseMs: 360_000, isMetered: true };
const STANDBY: Cadence = { ...FREE, pauseMs: 10_000, isBinding: false };

const cadences =
  (cadence: Cadence) =>
  (report: Report): Watch =>
    new Cadences(report, true, () => cadence);

const QUESTION = framed({ type: 'probe', probeId: 1 });
/** T2 and T3 may never be used. */
const bound =
  (activeId: number | null) =>
  (report: Report): Watch =>
    new Forbidden(report, false, {
      isForbidden: (_, transportId) => transportId >= 2,
      activeId: () => activeId,
    });

/** Attached at 0, asked at each of these times, looked at until `untilMs`; data goes out every so often from 11 s on. */
function asked(watch: Watch, atMs: readonly number[], untilMs = 0, dataEveryMs = 0): void {
  watch.onSaid?.(moved('BIRTH', 'ATTACHED', { atMs: 0 }));
  const happen: [number, () => void][] = atMs.map((at, index) => [
    at,
    () => watch.onSent?.(sent(framed({ type: 'probe', probeId: index + 1 }), { atMs: at })),
  ]);
  const dataUntilMs = Math.max(untilMs, ...atMs);
  for (let at = 11_000; dataEveryMs > 0 && at <= dataUntilMs; at += dataEveryMs)
    happen.push([at, () => watch.onSent?.(sent(DATA, { atMs: at }))]);
  for (const [, what] of happen.toSorted(([a], [b]) => a - b)) what();
  if (untilMs > 0) watch.onSweep?.(untilMs);
}

// biome-ignore format: a story a line
export const CADENCE_RULES: readonly Rule[] = [
  {
    rule: 'liveness askedTooOften', make: cadences(FREE),
    good: (watch) => asked(watch, [20_000, 25_000, 30_000]),
    bad: (watch) => asked(watch, [20_000, 25_000, 29_000]),
  },
  {
    // Nobody is held to it before things are settled, or right behind something that was said.
    rule: 'liveness askedTooOften', make: cadences(FREE),
    good: (watch) => {
      asked(watch, [8_000, 9_000, 20_000]);
      watch.onSaid?.(said({ event: 'notice', atMs: 21_000 }));
      watch.onSent?.(sent(framed({ type: 'probe', probeId: 9 }), { atMs: 22_000 }));
    },
    bad: (watch) => asked(watch, [10_000, 11_000]),
  },
  {
    rule: 'liveness askedTooOften', make: cadences(STANDBY),
    good: (watch) => asked(watch, [20_000, 30_000], 0, 20),
    bad: (watch) => asked(watch, [20_000, 29_000], 0, 20),
  },
  {
    // Beside data.
    rule: 'liveness askedTooOften', make: cadences(FREE),
    good: (watch) => asked(watch, [20_000, 20_012], 0, 5),
    bad: (watch) => asked(watch, [20_000, 20_009], 0, 5),
  },
  {
    // Where it costs, unless 32 packets have gone out since.
    rule: 'liveness askedTooOften', make: cadences(METERED),
    good: (watch) => asked(watch, [20_000, 20_200], 0, 5),
    bad: (watch) => asked(watch, [20_000, 20_200], 0, 20),
  },
  {
    rule: 'liveness askedTooRarely', make: cadences(FREE),
    good: (watch) => asked(watch, [20_000], 25_300),
    bad: (watch) => asked(watch, [20_000], 25_301),
  },
  {
    rule: 'liveness askedTooRarely', make: cadences(FREE),
    good: (watch) => asked(watch, [20_000], 20_340, 20),
    bad: (watch) => asked(watch, [20_000], 20_360, 20),
  },
  {
    rule: 'liveness askedTooRarely', make: cadences(METERED),
    good: (watch) => asked(watch, [20_000], 20_540, 20),
    bad: (watch) => asked(watch, [20_000], 20_560, 20),
  },
  {
    rule: 'liveness askedTooRarely', make: cadences(STANDBY),
    good: (watch) => asked(watch, [20_000], 30_300),
    bad: (watch) => asked(watch, [20_000], 30_301),
  },
  {
    rule: 'liveness askedForbidden', make: bound(1),
    good: (watch) => { watch.onSent?.(sent(QUESTION)); watch.onSent?.(sent(DATA, { transportId: 2 })); },
    bad: (watch) => watch.onSent?.(sent(QUESTION, { transportId: 2 })),
  },
  {
    // The binding's, until it is left.
    rule: 'liveness askedForbidden', make: bound(2),
    good: (watch) => watch.onSent?.(sent(QUESTION, { transportId: 2 })),
    bad: (watch) => { watch.onSent?.(sent(QUESTION, { transportId: 2 })); watch.onSent?.(sent(QUESTION, { transportId: 3 })); },
  },
];
