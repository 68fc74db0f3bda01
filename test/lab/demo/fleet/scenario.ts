/**
 * What happens to the fleet of the demo, in order, and what must come of it.
 *
 * @module
 */
import type { Overview } from '../../../../fleet/overview.ts';
import type { Crowd } from '../../crowd/crowd.ts';
import type { Pusher, Pushing } from './push.ts';

export interface FleetStage {
  readonly devices: number;
  readonly canaries: number;
  readonly crowd: Crowd;
  readonly pusher: Pusher;
  /** The overview, once `fits` it; throws when it is too late. How long that took, in seconds. */
  readonly until: (
    what: string,
    fits: (overview: Overview) => boolean,
  ) => Promise<{ readonly overview: Overview; readonly tookS: number }>;
  readonly say: (line: string) => void;
  readonly heading: (line: string) => void;
}

/** The document that `--json` writes. */
export interface FleetDemoFigures {
  readonly devices: number;
  readonly canaries: number;
  readonly canary_s: number;
  readonly policy_s: number;
  readonly storm_devices: number;
  /** The most that were seen without a binding at one moment. */
  readonly storm_recovering_max: number;
  readonly storm_over_s: number;
  readonly emergency_s: number;
  readonly emergency_ended_s: number;
}

const VERSION = 8;
/** Whoever is in trouble just then confirms later. */
const MOST = 0.9;
const STORM = { percent: 10, seconds: 4 } as const;
/** Of the devices (chosen). */
export const CANARY_PERCENT = 10;
/** Long enough to be seen (chosen); a fleet has ten minutes. */
const SOAK = '5s';
/** Whoever is in trouble for longer is not waited for. */
const ANSWER_WITHIN = '40s';
/** What the policy changes (chosen): more patience before a link that came back is used again. */
const POLICY = `version = ${VERSION}
name = "demo"
[switching]
failback_stable_ms = 60_000
`;
/** What all of them follow at first, and would again. */
const BEFORE = 'version = 1\nname = "before"\n';
/** What the emergency tightens. */
const EMERGENCY = '[session]\nttl_ms = 3_600_000\n';

export async function play(stage: FleetStage): Promise<FleetDemoFigures> {
  const { devices, canaries } = stage;
  const { canary, policy } = await rollOut(stage);
  const storm = await makeStorm(stage);
  const emergency = await emergencyAndBack(stage);
  return { devices, canaries, canary_s: canary, policy_s: policy, ...storm, ...emergency };
}

async function rollOut({ pusher, devices, canaries, ...stage }: FleetStage) {
  stage.heading(`1 policy version ${VERSION} for a canary of ${canaries} devices`);
  const file = pusher.file('policy.toml', POLICY);
  const back = ['--revert-to', pusher.file('before.toml', BEFORE)];
  const watched = [
    '--canary',
    `${CANARY_PERCENT}%`,
    '--soak',
    SOAK,
    '--abort-if',
    'terminated > 50%',
  ];
  const pushing = pusher.push([file, ...watched, ...back, '--answer-within', ANSWER_WITHIN]);
  const { tookS, overview } = await stage.until('the canary to confirm it', ({ rollout }) => {
    return rollout?.version === VERSION && rollout.confirmed >= canaries;
  });
  const silent = overview.rollout?.silent ?? 0;
  stage.say(
    `confirmed by all of them after ${seconds(tookS)}; ${silent} others have not heard of it`,
  );
  await pushing.at('rest');
  stage.heading(`2 the same for all ${devices}`);
  const all = await stage.until('every device to follow it', ({ rollout }) => {
    if (rollout?.version !== VERSION) return false;
    const { on_trial: trying, confirmed } = rollout;
    return trying + confirmed >= devices && confirmed >= MOST * devices;
  });
  const trying = all.overview.rollout?.on_trial ?? 0;
  stage.say(
    `followed by all of them after ${seconds(all.tookS)}; ${trying} have to be ATTACHED first to confirm it`,
  );
  const { line } = await pushing.ended;
  // Some may be in trouble for as long as it waits.
  if (!/^(not )?done: \d+ confirmed/.test(line) || line.includes('rolled back')) {
    throw new Error(`jvpn policy push: ${line}`);
  }
  return { canary: tookS, policy: all.tookS };
}

async function makeStorm({ crowd, devices, ...stage }: FleetStage) {
  stage.heading(`3 ${STORM.percent} % of the devices lose their links within ${STORM.seconds} s`);
  const before = (await stage.until('the fleet', () => true)).overview;
  const away = (overview: Overview) => overview.states['RECOVERING'] ?? 0;
  const hit = await crowd.storm(STORM.percent, STORM.seconds);
  let most = away(before);
  const beganMs = performance.now();
  // What is calm again need not be calmer than it was.
  const calm = Math.max(away(before), Math.ceil(devices / 100));
  const { overview } = await stage.until('the storm to be over', (now) => {
    most = Math.max(most, away(now));
    return performance.now() - beganMs > STORM.seconds * 1_000 + 2_000 && away(now) <= calm;
  });
  const overS = (performance.now() - beganMs) / 1_000;
  stage.say(
    `${hit} devices were hit, at most ${most} seen without a binding at once, ${away(overview)} after ${seconds(overS)}`,
  );
  return { storm_devices: hit, storm_recovering_max: most, storm_over_s: overS };
}

async function emergencyAndBack({ pusher, devices, ...stage }: FleetStage) {
  stage.heading('4 an emergency for all, and its end');
  const file = pusher.file('emergency.toml', EMERGENCY);
  const beginning = pusher.push([file, '--emergency', '--expires', '10m']);
  const began = await stage.until('the emergency to hold everywhere', ({ emergency }) => {
    return emergency.devices >= devices;
  });
  stage.say(`it holds on all of them after ${seconds(began.tookS)}`);
  await good(beginning);
  const ending = pusher.push(['--emergency', '--end']);
  const ended = await stage.until('the emergency to end everywhere', ({ emergency }) => {
    return emergency.devices === 0;
  });
  stage.say(`withdrawn, and over on all of them after ${seconds(ended.tookS)}`);
  await good(ending);
  return { emergency_s: began.tookS, emergency_ended_s: ended.tookS };
}

async function good({ ended }: Pushing): Promise<void> {
  const { isGood, line } = await ended;
  if (!isGood) throw new Error(`jvpn policy push: ${line}`);
}

const seconds = (value: number) => `${value.toFixed(1)} s`;
