/**
 * What happens to the fleet of the demo, in order, and what must come of it.
 *
 * @module
 */
import type { Overview } from '../../../../fleet/overview.ts';
import type { Crowd } from '../../crowd/crowd.ts';
import type { Operator } from '../../crowd/operator.ts';
import { push } from './push.ts';

export interface FleetStage {
  readonly fleet: string;
  readonly devices: number;
  readonly canaries: number;
  readonly crowd: Crowd;
  readonly operator: Operator;
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

const [CANARY_VERSION, FLEET_VERSION] = [8, 9];
/** Whoever is in trouble just then confirms later. */
const MOST = 0.9;
const STORM = { percent: 10, seconds: 4 } as const;
/** What the policy changes (chosen): more patience before a link that came back is used again. */
const POLICY = { name: 'demo', switching: { failback_stable_ms: 60_000 } } as const;
/** What the emergency tightens. */
const EMERGENCY = { session: { ttl_ms: 3_600_000 } } as const;
const EMERGENCY_S = 600;

export async function play(stage: FleetStage): Promise<FleetDemoFigures> {
  const { devices, canaries } = stage;
  const canary = await pushPolicy(stage);
  const policy = await pushToAll(stage);
  const storm = await makeStorm(stage);
  const emergency = await emergencyAndBack(stage);
  return { devices, canaries, canary_s: canary, policy_s: policy, ...storm, ...emergency };
}

async function pushPolicy({ operator, fleet, canaries, ...stage }: FleetStage): Promise<number> {
  stage.heading(`1 policy version ${CANARY_VERSION} for the canary, ${canaries} devices`);
  await push(operator, fleet, 'canary', {
    ...{ kind: 'policy', version: CANARY_VERSION, table: POLICY },
  });
  const { tookS, overview } = await stage.until('the canary to confirm it', ({ rollout }) => {
    return rollout?.version === CANARY_VERSION && rollout.confirmed >= canaries;
  });
  const silent = overview.rollout?.silent ?? 0;
  stage.say(
    `confirmed by all of them after ${seconds(tookS)}; ${silent} others have not heard of it`,
  );
  return tookS;
}

async function pushToAll({ operator, fleet, devices, ...stage }: FleetStage): Promise<number> {
  stage.heading(`2 policy version ${FLEET_VERSION} for all ${devices}`);
  await push(operator, fleet, 'fleet', {
    ...{ kind: 'policy', version: FLEET_VERSION, table: POLICY },
  });
  const { tookS, overview } = await stage.until('every device to follow it', ({ rollout }) => {
    if (rollout?.version !== FLEET_VERSION) return false;
    const { on_trial: trying, confirmed } = rollout;
    return trying + confirmed >= devices && confirmed >= MOST * devices;
  });
  const trying = overview.rollout?.on_trial ?? 0;
  stage.say(
    `followed by all of them after ${seconds(tookS)}; ${trying} have to be ATTACHED first to confirm it`,
  );
  return tookS;
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

async function emergencyAndBack({ operator, fleet, devices, ...stage }: FleetStage) {
  stage.heading('4 an emergency for all, and its end');
  const order = { kind: 'emergency', lastsS: EMERGENCY_S } as const;
  await push(operator, fleet, 'fleet', { ...order, version: 1, table: EMERGENCY });
  const began = await stage.until('the emergency to hold everywhere', ({ emergency }) => {
    return emergency.devices >= devices;
  });
  stage.say(`it holds on all of them after ${seconds(began.tookS)}`);
  // One without values ends it at once.
  await push(operator, fleet, 'fleet', { ...order, version: 2, table: {} });
  const ended = await stage.until('the emergency to end everywhere', ({ emergency }) => {
    return emergency.devices === 0;
  });
  stage.say(`withdrawn, and over on all of them after ${seconds(ended.tookS)}`);
  return { emergency_s: began.tookS, emergency_ended_s: ended.tookS };
}

const seconds = (value: number) => `${value.toFixed(1)} s`;
