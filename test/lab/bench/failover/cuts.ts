/**
 * How each kind of trouble is made, on the links of a lane whose session is attached and whose flows run.
 *
 * @module
 */
import { monotonicMs } from '../../libc.ts';
import { LINK_PLANS, LINKS, type LinkName } from '../../plan.ts';
import { eventually } from '../../process.ts';
import type { Topology } from '../../topology.ts';
import { type ClassName, FAILBACK_STABLE_MS, type RttMs } from './classes.ts';
import type { JvpnSession } from './jvpn.ts';
import type { Running } from './running.ts';

export interface Scene {
  readonly net: Topology;
  readonly rttMs: RttMs;
  /** Null for a peer. */
  readonly session: JvpnSession | null;
  /** Null for jvpn. */
  readonly peer: Running | null;
}

export interface Cut {
  /** The links that are there when the session begins; the first one is used. */
  readonly links: readonly LinkName[];
  /** As that, for a peer; the same if left out. */
  readonly peerLinks?: readonly LinkName[];
  /** Before the flows are looked at: what comes before the cut and is not part of it. */
  readonly prepare?: (scene: Scene) => Promise<void>;
  /** Returns when it took effect, CLOCK_MONOTONIC. */
  readonly act: (scene: Scene) => Promise<number>;
  /** What a session must have done for it to be over; what flows show is waited for in any case. */
  readonly isOver?: (scene: Scene, sinceRow: number) => boolean;
  /** How long is watched at most where a session may as well do nothing, or there is none to ask. */
  readonly watchMs?: (scene: Scene) => number;
  /** Whether the link may be used on although it is bad. */
  readonly isBadAfterwards?: boolean;
  /** What giving every link back what it had leaves undone. */
  readonly undo?: (net: Topology) => Promise<void>;
}

const [PREFERRED, OTHER, MOBILE] = LINKS;
const BOTH = [PREFERRED, OTHER] as const;
const FLAP_MS = 250;
const FLAPS = 3;
/** Quality is judged over windows of 2 s (docs/policy.md) and has to settle. */
const QUALITY_MS = 4_000;
const PREPARE_MAX_MS = 10_000;
const DEATH_MAX_MS = 20_000;

const hasMovedTo =
  (link: LinkName) =>
  ({ session, peer }: Scene, sinceRow: number): boolean =>
    session?.isAttachedOn(link, sinceRow) ?? (peer?.moves === undefined || peer.moves() > 0);

export const CUTS: Readonly<Record<ClassName, Cut>> = {
  carrier: {
    links: BOTH,
    act: ({ net }) => net.carrier(PREFERRED, 'down'),
    isOver: hasMovedTo(OTHER),
  },
  silent: {
    links: BOTH,
    act: ({ net }) => net.silence(PREFERRED, true),
    isOver: hasMovedTo(OTHER),
  },
  'one-way-out': {
    links: BOTH,
    act: ({ net }) => net.oneWay(PREFERRED, 'out', true),
    isOver: hasMovedTo(OTHER),
  },
  'one-way-in': {
    links: BOTH,
    act: ({ net }) => net.oneWay(PREFERRED, 'in', true),
    // MPTCP goes on sending for a while before it misses the answers, and nothing tells when it has.
    isOver: (scene, sinceRow) =>
      scene.peer?.protocol !== 'mptcp' && hasMovedTo(OTHER)(scene, sinceRow),
    watchMs: ({ peer, rttMs }) => (peer?.protocol === 'mptcp' ? 500 + 8 * rttMs : DEATH_MAX_MS),
  },
  'nat-rebind': {
    links: [MOBILE],
    act: async ({ net }) => {
      const beganAtMs = monotonicMs();
      await net.rebind(MOBILE);
      return beganAtMs;
    },
    isOver: ({ session }) => session?.hubSaid('nat_rebind') ?? true,
  },
  loss30: {
    links: BOTH,
    act: ({ net }) => net.impair(PREFERRED, { lossPercent: 30 }),
    isOver: hasMovedTo(OTHER),
    watchMs: () => QUALITY_MS,
    isBadAfterwards: true,
  },
  latency10x: {
    links: BOTH,
    act: ({ net, rttMs }) => net.impair(PREFERRED, { delayMs: 5 * rttMs }),
    isOver: hasMovedTo(OTHER),
    // Long enough for what was sent afterwards to be back some times over.
    watchMs: ({ rttMs }) => 1_000 + 20 * rttMs,
  },
  'address-change': {
    links: BOTH,
    act: async ({ net }) => {
      const beganAtMs = monotonicMs();
      await changeAddress(net, '2', '3');
      return beganAtMs;
    },
    isOver: ({ session }, sinceRow) => session?.hasReattached(sinceRow) ?? true,
    watchMs: ({ rttMs }) => 500 + 10 * rttMs,
    undo: (net) => changeAddress(net, '3', '2'),
  },
  // A session begins without the preferred link: one that it has seen die has to wait for its penalty to end, five
  // seconds at the least, and that makes no difference to what the flows see.
  failback: {
    links: [OTHER],
    peerLinks: BOTH,
    prepare: async (scene) => {
      const { net, peer } = scene;
      if (peer === null) return;
      await net.carrier(PREFERRED, 'down');
      const hasMoved = () => hasMovedTo(OTHER)(scene, 0);
      await eventually('the other link in use', hasMoved, PREPARE_MAX_MS);
    },
    act: ({ net }) => net.carrier(PREFERRED, 'up'),
    isOver: ({ session, peer }, sinceRow) =>
      session?.isAttachedOn(PREFERRED, sinceRow) ?? (peer?.moves?.() ?? 0) > 1,
    // Nothing tells when MPTCP is back.
    watchMs: ({ peer, rttMs }) =>
      peer?.protocol === 'mptcp' ? FAILBACK_STABLE_MS + 500 + 4 * rttMs : DEATH_MAX_MS,
  },
  flap: {
    links: BOTH,
    act: async ({ net }) => {
      const atMs = await net.carrier(PREFERRED, 'down');
      for (let flap = 1; flap < FLAPS; flap += 1) {
        await Bun.sleep(FLAP_MS);
        await net.carrier(PREFERRED, 'up');
        await Bun.sleep(FLAP_MS);
        await net.carrier(PREFERRED, 'down');
      }
      await Bun.sleep(FLAP_MS);
      await net.carrier(PREFERRED, 'up');
      return atMs;
    },
    isOver: hasMovedTo(OTHER),
  },
  'hub-restart': {
    links: BOTH,
    act: async ({ session }) => {
      const beganAtMs = monotonicMs();
      await session?.restartHub();
      return beganAtMs;
    },
  },
  'agent-restart': {
    links: BOTH,
    act: async ({ session }) => {
      const beganAtMs = monotonicMs();
      await session?.restartAgent();
      return beganAtMs;
    },
    isOver: ({ session }, sinceRow) => session?.hasReattached(sinceRow) ?? true,
  },
};

/** Every link as it is at the beginning of a round: `rttMs`, nothing lost, carrier where `links` says so. */
export async function resetLinks(
  net: Topology,
  rttMs: RttMs,
  links: readonly LinkName[],
): Promise<void> {
  for (const name of LINKS) {
    await net.impair(name, { delayMs: rttMs / 2, lossPercent: 0 });
    await net.silence(name, false);
    await net.carrier(name, links.includes(name) ? 'up' : 'down');
  }
}

/** Another last number of the address on the preferred link. */
async function changeAddress(net: Topology, before: string, after: string): Promise<void> {
  const { v4 } = LINK_PLANS[0]!;
  const prefix = v4.lanPrefix.replace(/0$/, '');
  await net.namespaces.device.ip([
    `addr replace ${prefix}${after}/${v4.lanBits} dev ${PREFERRED}`,
    `addr del ${prefix}${before}/${v4.lanBits} dev ${PREFERRED}`,
  ]);
}
