/**
 * What happens to a simulated device: links that fail and come back, quality that drops, sessions that end.
 *
 * Pure: time and dice are handed in. Odds and times are chosen; a device has something to say of itself about every ten minutes.
 *
 * @module
 */
import type { State } from '../../../session/transitions.ts';

export type CrowdLink = 'eth0' | 'wwan0';

export interface Story {
  state: State;
  link: CrowdLink;
  stateVersion: number;
  /** How many sessions came before this one. */
  sessions: number;
  terminated: 'session_ttl_expired' | null;
  switchesTotal: number;
  /** Sessions since the agent started, by reason code. */
  ended: Record<string, number>;
  /** Events since the agent started, by reason code. */
  counters: Record<string, number>;
  /** The newest recoveries, ms. */
  recoveries: readonly number[];
  /** When something happens next. */
  nextAtMs: number;
  /** When the binding of {@link Story.state} RECOVERING was lost. */
  lostAtMs: number;
}

/** Without a storm, between two things that happen to one device, on average. */
const CALM_MS = 600_000;
/** What is kept of recoveries, as session/device/attach.ts does. */
const RECOVERIES_MAX = 64;
/** Of what happens: a link that is lost, a session that ends; the rest is quality. */
const ODDS = { lost: 0.45, ended: 0.005 } as const;

export type Dice = () => number;

export function newStory(nowMs: number, dice: Dice): Story {
  return {
    ...{ state: 'ATTACHED', link: dice() < 0.7 ? 'eth0' : 'wwan0', stateVersion: 2 },
    ...{ sessions: 0, terminated: null, switchesTotal: 0, ended: {}, counters: {}, recoveries: [] },
    ...{ nextAtMs: nowMs + calmMs(dice), lostAtMs: 0 },
  };
}

/** What was due by `nowMs` happens. */
export function goOn(story: Story, nowMs: number, dice: Dice): void {
  switch (story.state) {
    case 'ATTACHED': {
      const what = dice();
      if (what < ODDS.ended) return end(story, nowMs);
      if (what < ODDS.ended + ODDS.lost) return loseLink(story, nowMs, dice);
      count(story, 'quality_loss');
      return enter(story, 'VOLATILE', nowMs + between(dice, 2_000, 20_000));
    }
    case 'VOLATILE': {
      if (dice() < 0.15) return enter(story, 'DEGRADED', nowMs + between(dice, 10_000, 60_000));
      return enter(story, 'ATTACHED', nowMs + calmMs(dice));
    }
    case 'RECOVERING':
      return recover(story, nowMs, dice);
    case 'TERMINATED': {
      story.terminated = null;
      story.sessions += 1;
      return enter(story, 'BIRTH', nowMs + between(dice, 200, 2_000));
    }
    default:
      return enter(story, 'ATTACHED', nowMs + calmMs(dice));
  }
}

/** The link of the binding is gone, whatever the device was doing. */
export function loseLink(story: Story, nowMs: number, dice: Dice): void {
  count(story, dice() < 0.6 ? 'carrier_lost' : 'heartbeat_timeout');
  story.lostAtMs = nowMs;
  // Most find the other link at once, some have to wait for it.
  const awayMs = dice() < 0.8 ? between(dice, 150, 900) : between(dice, 1_500, 8_000);
  enter(story, 'RECOVERING', nowMs + awayMs);
}

function recover(story: Story, nowMs: number, dice: Dice): void {
  story.link = story.link === 'eth0' ? 'wwan0' : 'eth0';
  story.switchesTotal += 1;
  story.recoveries = [...story.recoveries, nowMs - story.lostAtMs].slice(-RECOVERIES_MAX);
  count(story, 'reattach_accepted');
  enter(story, 'ATTACHED', nowMs + calmMs(dice));
}

function end(story: Story, nowMs: number): void {
  story.terminated = 'session_ttl_expired';
  story.ended = { session_ttl_expired: (story.ended['session_ttl_expired'] ?? 0) + 1 };
  enter(story, 'TERMINATED', nowMs + 2_000);
}

function enter(story: Story, state: State, nextAtMs: number): void {
  story.state = state;
  story.stateVersion += 1;
  story.nextAtMs = nextAtMs;
}

function count({ counters }: Story, code: string): void {
  counters[code] = (counters[code] ?? 0) + 1;
}

const between = (dice: Dice, leastMs: number, mostMs: number) =>
  leastMs + dice() * (mostMs - leastMs);

/** Exponential: what happens to one device is no clock. */
const calmMs = (dice: Dice) => -Math.log(1 - dice()) * CALM_MS;
