/**
 * The course of a soak: links flap all the time, and at fixed fractions of it, or soon after, the broker goes, the policy changes (with
 * the agent killed), and the hub is killed.
 *
 * Restarts lie near the beginning and the end, so that most of the time the same two processes are watched.
 *
 * @module
 */
import { monotonicMs } from '../libc.ts';
import { eventually } from '../process.ts';
import { newRandom } from '../random.ts';
import type { Topology } from '../topology.ts';
import { type Disturbance, linkDisturbances } from './disturbance.ts';
import type { Parties } from './parties.ts';

export interface Pace {
  readonly durationMs: number;
  /** Bounds of how long a link is disturbed, and left alone. */
  readonly holdMs: readonly [number, number];
  readonly restMs: readonly [number, number];
  readonly brokerAwayMs: number;
  readonly sampleMs: number;
  readonly pollMs: number;
  readonly warmUpMs: number;
}

export interface Course {
  /** How often each disturbance was played. */
  readonly played: Record<string, number>;
  readonly faults: string[];
}

/** All links silent for longer would end the session by its own policy. */
const BLACKOUT_MAX_MS = 8_000;

interface Event {
  readonly atFraction: number;
  readonly name: string;
  readonly act: (parties: Parties, pace: Pace) => Promise<unknown>;
}

const away = async (parties: Parties, { brokerAwayMs }: Pace) => {
  await parties.stopBroker();
  // Not awaited by the flapping: the links go on while it is away.
  await Bun.sleep(brokerAwayMs);
  await parties.startBroker();
};

// biome-ignore format: this is a table
const EVENTS: readonly Event[] = [
  { atFraction: 0.06, name: 'policy changed, agent killed', act: (parties) => parties.changePolicy() },
  { atFraction: 0.12, name: 'hub killed',                   act: (parties) => parties.killHub() },
  { atFraction: 0.18, name: 'policy changed, agent killed', act: (parties) => parties.changePolicy() },
  { atFraction: 0.30, name: 'broker away',                  act: away },
  { atFraction: 0.60, name: 'broker away',                  act: away },
  { atFraction: 0.88, name: 'hub killed',                   act: (parties) => parties.killHub() },
  { atFraction: 0.94, name: 'policy changed, agent killed', act: (parties) => parties.changePolicy() },
];

export async function playSoak(
  net: Topology,
  parties: Parties,
  pace: Pace,
  seed: number,
  tell: (line: string) => void,
  isInterrupted: () => boolean,
): Promise<Course> {
  const course: Course = { played: {}, faults: [] };
  const random = newRandom(seed, 'soak');
  const links = linkDisturbances(net);
  const startedAtMs = monotonicMs();
  const fraction = () => (monotonicMs() - startedAtMs) / pace.durationMs;
  const note = (name: string) => {
    course.played[name] = (course.played[name] ?? 0) + 1;
  };
  let broker: Promise<unknown> = Promise.resolve();
  let next = 0;
  using _sampling = every(pace.sampleMs, () => parties.sample());
  using _polling = every(pace.pollMs, () => void parties.poll());
  // What a long recovery has pushed beyond the end is played all the same: a run is to say what it says it does.
  while ((fraction() < 1 || next < EVENTS.length) && !isInterrupted()) {
    const event = EVENTS[next];
    if (event !== undefined && fraction() >= event.atFraction) {
      next += 1;
      note(event.name);
      tell(event.name);
      // It may still be away from the time before.
      if (event.act === away) await broker;
      const acting = event.act(parties, pace);
      if (event.act === away) broker = acting;
      else await acting;
    } else {
      const chosen = links[Math.floor(random() * links.length)]!;
      note(chosen.name);
      await disturb(chosen, pace, random);
    }
    const fault = await recovered(parties);
    if (fault !== null) {
      course.faults.push(`after ${Object.keys(course.played).at(-1)}: ${fault}`);
      tell(fault);
      if (parties.missing() !== null) return course;
    }
    await Bun.sleep(between(pace.restMs, random));
  }
  await broker;
  return course;
}

async function disturb(
  { name, begin, end }: Disturbance,
  { holdMs }: Pace,
  random: () => number,
): Promise<void> {
  const heldMs = between(holdMs, random);
  await begin();
  try {
    await Bun.sleep(name === 'all silent' ? Math.min(heldMs, BLACKOUT_MAX_MS) : heldMs);
  } finally {
    await end();
  }
}

async function recovered(parties: Parties): Promise<string | null> {
  try {
    await parties.untilAttached();
    return parties.missing();
  } catch (error) {
    return parties.missing() ?? (error as Error).message;
  }
}

export async function allDelivered(parties: Parties): Promise<void> {
  await eventually('the last state', async () => (await parties.poll()) !== null, 10_000);
}

const between = ([least, most]: readonly [number, number], random: () => number) =>
  least + random() * (most - least);

function every(periodMs: number, act: () => void): Disposable {
  const timer = setInterval(act, periodMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
