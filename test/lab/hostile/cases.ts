/**
 * All cases by name: what each is about, and how to play it in full and in short.
 *
 * @module
 */
import { amplify, MANY_ROUTES } from './amplify.ts';
import { Arena, type ArenaOptions } from './arena.ts';
import { controlFlood } from './control.ts';
import { downgradeByPath, downgradeByPeer } from './downgrade.ts';
import type { Point } from './flat.ts';
import { rogueFlood, rogueFrames } from './frames.ts';
import { handshakeBadMac, handshakeGarbage, handshakeReplayed } from './handshakes.ts';
import type { Outcome } from './outcome.ts';
import { races } from './racer.ts';
import { redirectHalf, redirectRace, redirectRelay, redirectSuppress } from './redirect.ts';
import { recordedArena, replay } from './replay.ts';
import { spoofAttached, spoofHandshake, spoofIcmp } from './spoof.ts';
import { stormEmpty, stormKnown, stormUnknown } from './storm.ts';
import { strangers } from './strangers.ts';

/** Datagrams a second that floods ask for. What was reached is in the outcome. */
const FLOOD_PER_SECOND = 10_000;

export interface Scale {
  /** How often an attack is repeated. More than one: even, and memory is measured in halves (`flat.ts`). */
  readonly waves: number;
  /** How long a wave of a flood lasts. */
  readonly seconds: number;
  /** How long one of handshakes lasts: long enough for a newcomer's retries. */
  readonly handshakeSeconds: number;
  /** How long one of copies that overtake lasts: at most one challenge a second. */
  readonly raceSeconds: number;
  /** In a wave. */
  readonly rounds: number;
  readonly laterMs: number;
}

export const FULL: Scale = {
  ...{ waves: 4, seconds: 2.5, handshakeSeconds: 5, raceSeconds: 5 },
  ...{ rounds: 10, laterMs: 3_000 },
};
export const SHORT: Scale = {
  ...{ waves: 1, seconds: 2, handshakeSeconds: 8, raceSeconds: 1 },
  ...{ rounds: 5, laterMs: 1_000 },
};

export interface Case {
  readonly about: string;
  readonly play: (
    binary: string,
    scale: Scale,
    /** How much growth is none, from `calm.ts`; needed with more than one wave. */
    allowed?: Point,
  ) => Promise<readonly Outcome[]>;
}

export const CASES: Readonly<Record<string, Case>> = {
  replay: {
    about: 'all that was said is said again, to the hub and to the device',
    play: async (binary, { laterMs, waves }, allowed) => {
      const { arena, recorder } = await recordedArena(binary, optionsOf(waves, allowed));
      await using _ = arena;
      return await replay(arena, recorder, laterMs);
    },
  },
  storm: {
    about: 'control messages from unknown sources',
    play: onArena(async (arena, { seconds }) => {
      const load = { perSecond: FLOOD_PER_SECOND, seconds };
      return [
        await stormUnknown(arena, load),
        await stormKnown(arena, load),
        await stormEmpty(arena, load),
      ];
    }),
  },
  handshakes: {
    about: 'floods of handshakes, while a new device attaches',
    play: onArena(async (arena, { seconds, handshakeSeconds }) => {
      const load = { perSecond: FLOOD_PER_SECOND, seconds };
      return [
        await handshakeBadMac(arena, load),
        await handshakeReplayed(arena, load),
        await handshakeGarbage(arena, { ...load, seconds: handshakeSeconds }),
      ];
    }),
  },
  redirect: {
    about: 'somebody on the path, or faster than it, sends packets on from another address',
    play: onArena(async (arena, { rounds, raceSeconds }) => [
      ...(await races(arena, raceSeconds)),
      await redirectRace(arena, Math.min(rounds, 3)),
      await redirectSuppress(arena),
      await redirectHalf(arena),
      await redirectRelay(arena),
    ]),
  },
  downgrade: {
    about: 'plain instead of session, the other cipher, an old claim',
    play: onArena(async (arena, { seconds }) => [
      await downgradeByPeer(arena),
      await downgradeByPath(arena, Math.max(3, seconds)),
    ]),
  },
  frames: {
    about: 'garbage inside authentic frames',
    play: onArena(async (arena, { rounds, seconds }) => [
      await rogueFrames(arena, rounds),
      await rogueFlood(arena, seconds),
    ]),
  },
  control: {
    about: 'clients of the control sockets that ask nothing, or never stop',
    play: onArena(async (arena, { seconds }) => [
      await controlFlood(arena, 'hub', seconds),
      await controlFlood(arena, 'agent', seconds),
    ]),
  },
  strangers: {
    about: 'unknown and revoked keys, a wrong preshared key',
    play: onArena(async (arena) => [await strangers(arena)]),
  },
  spoof: {
    about: 'messages to the device in the name of the hub',
    play: onArena(async (arena) => [await spoofAttached(arena), await spoofHandshake(arena)]),
  },
  icmp: {
    about: 'forged ICMP errors to both ends',
    play: onArena(async (arena) => [await spoofIcmp(arena)]),
  },
  amplification: {
    about: 'datagrams in the name of a victim',
    play: async (binary, { waves }, allowed) => {
      const options = { ...optionsOf(waves, allowed), site: { routes: MANY_ROUTES } };
      await using arena = await Arena.create(binary, options);
      return [await amplify(arena)];
    },
  },
};

export type CaseName = keyof typeof CASES & string;

const optionsOf = (waves: number, allowed: Point | undefined): ArenaOptions => ({
  waves,
  ...(allowed === undefined ? {} : { allowed }),
});

function onArena(play: (arena: Arena, scale: Scale) => Promise<readonly Outcome[]>): Case['play'] {
  return async (binary, scale, allowed) => {
    await using arena = await Arena.create(binary, optionsOf(scale.waves, allowed));
    return await play(arena, scale);
  };
}
