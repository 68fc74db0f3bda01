/**
 * Rules about the quality of links, and what a device makes of it: good and bad stories.
 *
 * @module
 */
import type { ReasonCode } from '../../../../session/reasons.ts';
import type { ProbeAck } from '../../../../session/wire/frames.ts';
import { Better } from '../../../sim/checkers/better.ts';
import { Measurements } from '../../../sim/checkers/measured.ts';
import { Unsteady } from '../../../sim/checkers/unsteady.ts';
import type { Report, Watch } from '../../../sim/checkers/watch.ts';
import { framed, moved, type Rule, said, sent } from './observed.ts';

const LIMITS = {
  ...{ lossEnterPercent: 20, lossLeavePercent: 10, rttEnterMs: 1_000, rttLeaveMs: 500 },
  ...{ windowMs: 2_000, settleMs: 3_000, volatileToDegradedMs: 4_000 },
  ...{ failbackStableMs: 10_000, improvementPercent: 10, maxSwitchesPerMinute: 8 },
  cooldownMs: 1_500,
};
let failback: 'always' | 'better' | 'on_failure' = 'better';

/** T1 is the binding, T2 goes over another link. */
const around = {
  rulesOf: () => ({ ...LIMITS, failback }),
  activeId: () => 1,
  isSettled: () => true,
  hasSlept: () => false,
  freeWays: () => [2],
};

function measuring(make: (measured: Measurements) => Watch): Watch {
  const measured = new Measurements(false);
  const watch = make(measured);
  return {
    onSent: (one) => measured.onSent(one),
    onArrived: (one) => measured.onArrived(one),
    onSaid(one) {
      measured.onSaid(one);
      watch.onSaid?.(one);
    },
    onSweep: (atMs) => watch.onSweep?.(atMs),
  };
}

const unsteady = (report: Report): Watch =>
  measuring((measured) => new Unsteady(report, measured, around));
/** Under a window that is longer than the time to notice. */
const longWindowed = (report: Report): Watch =>
  measuring(
    (measured) =>
      new Unsteady(report, measured, {
        ...around,
        rulesOf: () => ({ ...LIMITS, failback, windowMs: 30_000 }),
      }),
  );
const better = (report: Report): Watch =>
  measuring((measured) => new Better(report, measured, around));

const ANSWER: ProbeAck = {
  ...{ type: 'probeAck', probeId: 1, view: 'carrying', transportId: 1, stateVersion: 1 },
  token: new Uint8Array(8),
};
let probeId = 0;

interface Asked {
  /** 0: from the begin of the story on. */
  readonly fromMs?: number;
  readonly untilMs: number;
  readonly everyMs?: number;
  readonly rttMs?: number;
  /** Of so many questions one is lost; 0: none. */
  readonly ofHowMany?: number;
  readonly transportId?: number;
}

function ask(watch: Watch, asked: Asked): void {
  const { fromMs = 0, untilMs, everyMs = 50, rttMs = 20, ofHowMany = 0, transportId = 1 } = asked;
  for (let atMs = fromMs; atMs < untilMs; atMs += everyMs) {
    probeId += 1;
    watch.onSent?.(sent(framed({ type: 'probe', probeId }), { atMs, transportId }));
    const isLost = ofHowMany > 0 && (atMs / everyMs) % ofHowMany === 0;
    const bytes = framed({ ...ANSWER, probeId });
    if (!isLost) watch.onArrived?.({ atMs: atMs + rttMs, to: 'device-0', bytes });
  }
}

function look(watch: Watch, fromMs: number, untilMs: number): void {
  for (let atMs = fromMs; atMs <= untilMs; atMs += 500) watch.onSweep?.(atMs);
}

const T1 = { transportId: 1 };
const attaches = (watch: Watch) => watch.onSaid?.(moved('BIRTH', 'ATTACHED', { atMs: 0 }));
const wavers = (watch: Watch, atMs: number, reasonCode: ReasonCode = 'failback') =>
  watch.onSaid?.(moved('ATTACHED', 'VOLATILE', { atMs, reasonCode, detail: T1 }));
const worsens = (watch: Watch, atMs: number) =>
  watch.onSaid?.(moved('VOLATILE', 'DEGRADED', { atMs, reasonCode: 'volatility_persisted' }));
const settles = (watch: Watch, atMs: number) =>
  watch.onSaid?.(
    moved('DEGRADED', 'ATTACHED', { atMs, reasonCode: 'quality_restored', detail: T1 }),
  );

/** One of so many is lost for 20 s of ATTACHED. */
function loses(watch: Watch, ofHowMany: number): void {
  attaches(watch);
  ask(watch, { untilMs: 20_000, ofHowMany });
  look(watch, 500, 20_000);
}

/** Half is lost until the binding is granted anew at 12 s; after that one of so many. */
function isGrantedAnew(watch: Watch, ofHowMany: number): void {
  attaches(watch);
  ask(watch, { untilMs: 12_000, ofHowMany: 2 });
  watch.onSaid?.(moved('RECOVERING', 'ATTACHED', { atMs: 12_000 }));
  ask(watch, { fromMs: 12_000, untilMs: 40_000, everyMs: 500, ofHowMany });
  look(watch, 12_500, 40_000);
}

/** DEGRADED for something else than its link, which loses nothing. */
function isWell(watch: Watch, isRestored: boolean): void {
  ask(watch, { untilMs: 20_000 });
  wavers(watch, 1_000);
  worsens(watch, 5_000);
  look(watch, 5_500, 9_000);
  if (isRestored) settles(watch, 9_000);
  look(watch, 9_500, 20_000);
}

/** Restored at 12 s, after so much. */
function isRestored(watch: Watch, asked: Omit<Asked, 'untilMs'>): void {
  ask(watch, { untilMs: 12_000, ...asked });
  wavers(watch, 1_000);
  settles(watch, 12_000);
}

/** Five misses in a row, where one of so many was lost before. */
function dies(watch: Watch, ofHowMany: number): void {
  attaches(watch);
  ask(watch, { untilMs: 10_000, ofHowMany });
  for (let atMs = 10_000; atMs < 10_100; atMs += 20) {
    probeId += 1;
    watch.onSent?.(sent(framed({ type: 'probe', probeId }), { atMs }));
  }
  const detail = T1;
  watch.onSaid?.(
    moved('DEGRADED', 'RECOVERING', { atMs: 10_150, reasonCode: 'heartbeat_timeout', detail }),
  );
}

/** A claim for T2, both links having answered in such times for ten seconds. */
function claims(
  watch: Watch,
  [rttMs, otherMs]: readonly [number, number],
  reasonCode: ReasonCode,
  purpose: string,
): void {
  ask(watch, { untilMs: 10_000, rttMs });
  ask(watch, { untilMs: 10_000, rttMs: otherMs, transportId: 2 });
  const detail = { transportId: 2, purpose };
  watch.onSaid?.(said({ event: 'claim', atMs: 11_000, reasonCode, detail }));
}

/** A claim for T2, of which one of so many was lost before the keys were new, and then the first of three. */
function isRotated(watch: Watch, ofHowMany: number): void {
  ask(watch, { untilMs: 60_000, ofHowMany: 10 });
  const other = { everyMs: 5_000, transportId: 2 };
  ask(watch, { ...other, untilMs: 36_000, ofHowMany });
  watch.onSaid?.(said({ event: 'notice', atMs: 41_000, reasonCode: 'channel_rotated' }));
  ask(watch, { ...other, fromMs: 45_000, untilMs: 46_000, ofHowMany: 1 });
  ask(watch, { ...other, fromMs: 50_000, untilMs: 56_000 });
  const detail = { transportId: 2, purpose: 'quality' };
  watch.onSaid?.(said({ event: 'claim', atMs: 61_000, reasonCode: 'quality_loss', detail }));
}

function failsBack(watch: Watch, mode: typeof failback, otherMs = 20): void {
  failback = mode;
  claims(watch, [20, otherMs], 'failback', 'planned');
}

/** Half of all is lost, and nothing over T2. */
function isLeft(watch: Watch, atMs: number): void {
  wavers(watch, 100);
  ask(watch, { untilMs: 20_000, ofHowMany: 2 });
  ask(watch, { untilMs: 20_000, everyMs: 500, transportId: 2 });
  look(watch, 500, atMs);
  watch.onSaid?.(moved('VOLATILE', 'ATTACHED', { atMs, reasonCode: 'quality_loss' }));
  look(watch, atMs, 20_000);
}

function comesBack(watch: Watch, atMs: number, why: string | null): void {
  const detail = { transportId: 1, usable: true, why };
  watch.onSaid?.(said({ event: 'notice', atMs, reasonCode: 'link_changed', detail }));
}

export const QUALITY_RULES: readonly Rule[] = [
  {
    rule: 'liveness qualityNoticed',
    make: unsteady,
    good: (watch) => loses(watch, 10),
    bad: (watch) => loses(watch, 2),
  },
  {
    // What was lost before a grant may be forgotten.
    rule: 'liveness qualityNoticed',
    make: longWindowed,
    good: (watch) => isGrantedAnew(watch, 0),
    bad: (watch) => isGrantedAnew(watch, 2),
  },
  {
    rule: 'I8 falseFloor',
    make: unsteady,
    good(watch) {
      ask(watch, { untilMs: 5_000, ofHowMany: 3 });
      wavers(watch, 5_000, 'quality_loss');
    },
    bad(watch) {
      ask(watch, { untilMs: 5_000, ofHowMany: 10 });
      wavers(watch, 5_000, 'quality_loss');
    },
  },
  {
    // A link that comes back is measured anew: what was well before does not count.
    rule: 'I8 falseFloor',
    make: unsteady,
    good(watch) {
      ask(watch, { untilMs: 4_000 });
      comesBack(watch, 4_000, null);
      ask(watch, { fromMs: 4_000, untilMs: 4_500, ofHowMany: 3 });
      wavers(watch, 4_500, 'quality_loss');
    },
    bad(watch) {
      ask(watch, { untilMs: 4_000 });
      comesBack(watch, 4_000, 'address_changed');
      ask(watch, { fromMs: 4_000, untilMs: 4_500, ofHowMany: 3 });
      wavers(watch, 4_500, 'quality_loss');
    },
  },
  {
    rule: 'liveness volatileBounded',
    make: unsteady,
    good(watch) {
      wavers(watch, 1_000);
      look(watch, 1_500, 5_500);
    },
    bad(watch) {
      wavers(watch, 1_000);
      look(watch, 1_500, 6_500);
    },
  },
  {
    rule: 'liveness earlyDegraded',
    make: unsteady,
    good(watch) {
      wavers(watch, 1_000);
      worsens(watch, 5_000);
    },
    bad(watch) {
      wavers(watch, 1_000);
      worsens(watch, 4_500);
    },
  },
  {
    rule: 'liveness qualityRestored',
    make: unsteady,
    good: (watch) => isWell(watch, true),
    bad: (watch) => isWell(watch, false),
  },
  {
    rule: 'liveness settledFirst',
    make: unsteady,
    good: (watch) => isRestored(watch, { ofHowMany: 12 }),
    bad: (watch) => isRestored(watch, { ofHowMany: 2 }),
  },
  {
    rule: 'liveness settledFirst',
    make: unsteady,
    good(watch) {
      wavers(watch, 1_000);
      settles(watch, 4_200);
    },
    bad(watch) {
      wavers(watch, 1_000);
      settles(watch, 3_000);
    },
  },
  {
    rule: 'liveness leaveHeld',
    make: unsteady,
    good: (watch) => isRestored(watch, { rttMs: 450 }),
    bad: (watch) => isRestored(watch, { rttMs: 550 }),
  },
  {
    rule: 'liveness degradedNotDead',
    make: unsteady,
    good: (watch) => dies(watch, 0),
    bad: (watch) => dies(watch, 2),
  },
  {
    rule: 'liveness betterTaken',
    make: better,
    good: (watch) => isLeft(watch, 6_000),
    bad: (watch) => isLeft(watch, 19_000),
  },
  {
    rule: 'I7 betterOnly',
    make: better,
    good: (watch) => claims(watch, [1_000, 880], 'quality_rtt', 'quality'),
    bad: (watch) => claims(watch, [1_000, 920], 'quality_rtt', 'quality'),
  },
  {
    // New keys may make it forget what it asked, and may not.
    rule: 'I7 betterOnly',
    make: better,
    good: (watch) => isRotated(watch, 0),
    bad: (watch) => isRotated(watch, 2),
  },
  {
    rule: 'I7 failbackMode',
    make: better,
    good: (watch) => failsBack(watch, 'always', 700),
    bad: (watch) => failsBack(watch, 'on_failure'),
  },
  {
    rule: 'I7 failbackBetter',
    make: better,
    good: (watch) => failsBack(watch, 'better', 450),
    bad: (watch) => failsBack(watch, 'better', 700),
  },
];
