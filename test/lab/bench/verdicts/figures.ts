/**
 * What a device said of links that are bad and not dead. Pure: audit rows and counters in, figures out.
 *
 * A run whose links lost nothing has shown nothing, and is no good one: what they lost is a figure with a floor.
 *
 * @module
 */
import type { AuditRow } from '../../../../hal/linux/auditLog.ts';
import type { LaneCounters } from '../../emulator/lane.ts';
import { type Goal, goalLine, newGoal } from '../goal.ts';
import { round } from '../statistics.ts';

const MINUTE_MS = 60_000;

export const SCENES = ['one_link', 'two_links'] as const;
export type SceneName = (typeof SCENES)[number];

/** The part of an audit row that is looked at. */
export type VerdictRow = Pick<
  AuditRow,
  'mono_ms' | 'event' | 'to' | 'reason_code' | 'session_id' | 'transport'
>;

export interface Watched {
  /** From the first that the device said. */
  readonly rows: readonly VerdictRow[];
  /** Of all its links, both directions. */
  readonly lanes: readonly Pick<LaneCounters, 'entered' | 'lost'>[];
  /** Echo requests through the tunnel, and those that were answered. */
  readonly asked: number;
  readonly answered: number;
}

export interface SceneFigures {
  /** Transitions to RECOVERING or TERMINATED: every one is wrong, for no link was ever dead. */
  readonly dead_verdicts: number;
  /** `VOLATILE quality_loss: 3`: what each transition after the first ATTACHED was to, and why. */
  readonly verdicts: Readonly<Record<string, number>>;
  readonly switches: number;
  readonly switches_in_a_minute_max: number;
  readonly sessions: number;
  readonly frames: number;
  readonly frames_lost: number;
  readonly frames_lost_percent: number;
  readonly answers: number;
  readonly answers_lost: number;
  readonly answers_lost_percent: number;
}

export function sceneFiguresOf({ rows, lanes, asked, answered }: Watched): SceneFigures {
  const attachedAt = rows.findIndex(({ event, to }) => event === 'transition' && to === 'ATTACHED');
  const transitions = rows.slice(attachedAt + 1).filter(({ event }) => event === 'transition');
  const switches = rows.filter(({ event }) => event === 'switch').map(({ mono_ms }) => mono_ms);
  const frames = lanes.reduce((total, { entered }) => total + entered, 0);
  const framesLost = lanes.reduce((total, { lost }) => total + lost, 0);
  return {
    dead_verdicts: transitions.filter(({ to }) => to === 'RECOVERING' || to === 'TERMINATED')
      .length,
    verdicts: countedBy(transitions.map(({ to, reason_code }) => `${to} ${reason_code}`)),
    switches: switches.length,
    switches_in_a_minute_max: mostInAMinute(switches),
    sessions: new Set(rows.flatMap(({ session_id }) => session_id ?? [])).size,
    frames,
    frames_lost: framesLost,
    frames_lost_percent: percentOf(framesLost, frames),
    answers: answered,
    answers_lost: asked - answered,
    answers_lost_percent: percentOf(asked - answered, asked),
  };
}

export interface VerdictsFacts {
  readonly minutes: number;
  readonly publishableMinutes: number;
  readonly lossPercent: number;
  readonly jitterMs: number;
  /** Of the policy, for switches that are not a recovery. */
  readonly switchesInAMinuteMax: number;
  readonly machine: Readonly<Record<string, string | number>>;
}

export function verdictsFiguresOf(
  scenes: Readonly<Record<SceneName, SceneFigures>>,
  facts: VerdictsFacts,
) {
  const isPublishable = facts.minutes >= facts.publishableMinutes;
  return {
    ...scenes,
    minutes: facts.minutes,
    loss_percent: facts.lossPercent,
    jitter_ms: facts.jitterMs,
    publishable: isPublishable,
    publishable_obstacles: isPublishable ? [] : [`fewer than ${facts.publishableMinutes} minutes`],
    machine: facts.machine,
    goals: SCENES.flatMap((name) => goalsOf(name, scenes[name], facts)),
  };
}

export type VerdictsFigures = ReturnType<typeof verdictsFiguresOf>;

/** The last two hold the bench to its word: links as bad as they are meant to be, and a device that was asked. */
function goalsOf(
  name: SceneName,
  figures: SceneFigures,
  { lossPercent, switchesInAMinuteMax }: VerdictsFacts,
): readonly Goal[] {
  return [
    newGoal(`${name}.dead_verdicts`, figures.dead_verdicts, 0),
    newGoal(
      `${name}.switches_in_a_minute_max`,
      figures.switches_in_a_minute_max,
      name === 'one_link' ? 0 : switchesInAMinuteMax,
    ),
    newGoal(`${name}.sessions`, figures.sessions, 1),
    newGoal(
      `${name}.loss_missing_percent`,
      round(Math.max(0, lossPercent - figures.frames_lost_percent)),
      lossPercent / 2,
    ),
    newGoal(`${name}.answers_missing`, figures.answers > 0 ? 0 : 1, 0),
  ];
}

export function verdictsTable(figures: VerdictsFigures): readonly string[] {
  const lines: string[] = [];
  for (const name of SCENES) {
    const scene = figures[name];
    lines.push(
      `${name}: ${scene.dead_verdicts} dead verdicts, ${scene.switches} switches (at most ` +
        `${scene.switches_in_a_minute_max} in a minute), ${scene.sessions} session`,
      `  frames lost ${scene.frames_lost} of ${scene.frames} (${scene.frames_lost_percent} %), ` +
        `answers lost ${scene.answers_lost} of ${scene.answers + scene.answers_lost} ` +
        `(${scene.answers_lost_percent} %)`,
      ...Object.entries(scene.verdicts).map(([verdict, count]) => `  ${verdict}: ${count}`),
    );
  }
  lines.push('', ...figures.goals.map(goalLine));
  if (figures.publishable) return lines;
  return [...lines, `NOT PUBLISHABLE: ${figures.publishable_obstacles.join(', ')}`];
}

/** Of any 60 s. */
function mostInAMinute(atMs: readonly number[]): number {
  const sizes = atMs.map(
    (endMs, index) => atMs.slice(0, index + 1).filter((at) => at > endMs - MINUTE_MS).length,
  );
  return Math.max(0, ...sizes);
}

function countedBy(words: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const word of [...words].sort()) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

const percentOf = (part: number, whole: number) => (whole === 0 ? 0 : round((100 * part) / whole));
