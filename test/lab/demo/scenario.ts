/**
 * What is done to the links, in order, and what must come of it.
 *
 * wlan0 stays silent until step 4, so that nothing tempts the session away from wwan0 while its NAT changes.
 *
 * @module
 */
import type { ReasonCode } from '../../../session/reasons.ts';
import { monotonicMs } from '../libc.ts';
import type { LinkName } from '../plan.ts';
import type { Cut, Stage } from './stage.ts';

export interface Step {
  /** Stable: it is the cut's name in the figures. */
  readonly name: string;
  readonly title: string;
  /** Why the session must say it moved. */
  readonly reasonCode: ReasonCode;
  readonly from: LinkName;
  readonly to: LinkName;
  /** Whose word on the reason counts: only the hub sees that an address changed. */
  readonly witness: 'device' | 'hub';
  /** Done before, without being part of the cut. */
  readonly prepare?: (stage: Stage) => Promise<void>;
  /** Resolves to when it took effect (CLOCK_MONOTONIC). */
  readonly act: (stage: Stage) => Promise<number>;
}

const STEP_MAX_MS = 20_000;

export const STEPS: readonly Step[] = [
  {
    name: 'carrier_lost',
    title: 'the cable of eth0 is pulled',
    reasonCode: 'carrier_lost',
    from: 'eth0',
    to: 'wlan0',
    witness: 'device',
    act: ({ parties }) => parties.net.carrier('eth0', 'down'),
  },
  {
    name: 'silence',
    title: 'wlan0 drops every packet both ways, its link stays up',
    reasonCode: 'heartbeat_timeout',
    from: 'wlan0',
    to: 'wwan0',
    witness: 'device',
    act: ({ parties }) => parties.net.silence('wlan0', true),
  },
  {
    name: 'nat_rebind',
    title: 'the NAT in front of wwan0 changes its address and port',
    reasonCode: 'nat_rebind',
    from: 'wwan0',
    to: 'wwan0',
    witness: 'hub',
    act: async ({ parties }) => {
      const beganAtMs = monotonicMs();
      await parties.net.rebind('wwan0');
      return beganAtMs;
    },
  },
  {
    name: 'one_way',
    title: 'wwan0 drops what the device sends, and only that',
    reasonCode: 'one_way_out',
    from: 'wwan0',
    to: 'wlan0',
    witness: 'device',
    prepare: async (stage) => {
      await stage.parties.net.silence('wlan0', false);
      await untilAnswering(stage, 'wlan0');
    },
    act: ({ parties }) => parties.net.oneWay('wwan0', 'out', true),
  },
  {
    name: 'failback',
    title: 'eth0 is back, and preferred again once it has proven itself',
    reasonCode: 'failback',
    from: 'wlan0',
    to: 'eth0',
    witness: 'device',
    prepare: async ({ parties }) => {
      await parties.net.oneWay('wwan0', 'out', false);
    },
    act: ({ parties }) => parties.net.carrier('eth0', 'up'),
  },
  {
    name: 'agent_killed',
    title: 'the agent is killed with -9 and started again',
    reasonCode: 'agent_restarted',
    from: 'eth0',
    to: 'eth0',
    witness: 'device',
    act: async ({ parties }) => {
      const beganAtMs = monotonicMs();
      await parties.killAgent();
      return beganAtMs;
    },
  },
];

/** Play one step and see it through: the reason, the new binding at both ends, the flows going on. */
export async function play(stage: Stage, step: Step): Promise<Cut> {
  const { parties, timeline } = stage;
  const { name, reasonCode, from, to } = step;
  await step.prepare?.(stage);
  const feed = step.witness === 'hub' ? parties.hubFeed : parties.agentFeed;
  const mark = feed.rows.length;
  const fromAtMs = await step.act(stage);
  const cause = await stage.until(
    `${step.witness} to say ${reasonCode}`,
    () =>
      // A claim repeats the reason of the transition before it.
      feed.rows.slice(mark).find((row) => row.event !== 'claim' && row.reason_code === reasonCode),
    STEP_MAX_MS,
  );
  const isMove = step.witness === 'device';
  const done = isMove ? await stage.untilAttached(to, mark, STEP_MAX_MS) : cause;
  const toAtMs = await stage.untilSettled();
  const stateVersion = done.state_version;
  const cut: Cut = { name, reasonCode, from, to, stateVersion, fromAtMs, toAtMs };
  const { gapMs, lost, gaps } = stage.damageOf(cut);
  const both = `uplink ${Math.round(gaps.uplink)} ms, downlink ${Math.round(gaps.downlink)} ms`;
  const atMs = stage.elapsedMs(toAtMs);
  timeline.row({ atMs, transport: to, gapMs, lost, note: `flows go on; ${both}` });
  return cut;
}

/** The probes on a standby link are answered again. */
async function untilAnswering(stage: Stage, name: LinkName): Promise<void> {
  await stage.until(
    `answers on ${name}`,
    async () => {
      const { links } = await stage.parties.agentStatus();
      return links.some(({ link, missed_in_row }) => link === name && missed_in_row === 0);
    },
    STEP_MAX_MS,
  );
}
