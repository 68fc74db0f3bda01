/**
 * All cases by name: what each is about, and how to play it in full and in short.
 *
 * @module
 */
import { amplify, MANY_ROUTES } from './amplify.ts';
import { Arena } from './arena.ts';
import { controlFlood } from './control.ts';
import { downgradeByPath, downgradeByPeer } from './downgrade.ts';
import { rogueFlood, rogueFrames } from './frames.ts';
import { handshakeBadMac, handshakeGarbage, handshakeReplayed } from './handshakes.ts';
import type { Outcome } from './outcome.ts';
import { redirectHalf, redirectRace, redirectRelay, redirectSuppress } from './redirect.ts';
import { recordedArena, replay } from './replay.ts';
import { spoofAttached, spoofHandshake, spoofIcmp } from './spoof.ts';
import { stormEmpty, stormKnown, stormUnknown } from './storm.ts';
import { strangers } from './strangers.ts';

/** Datagrams a second that floods ask for. What was reached is in the outcome. */
const FLOOD_PER_SECOND = 10_000;

export interface Scale {
  /** How long a flood lasts. */
  readonly seconds: number;
  /** How long a handshake flood lasts at most: long enough for a newcomer's retries. */
  readonly handshakeSeconds: number;
  readonly rounds: number;
  readonly laterMs: number;
}

export const FULL: Scale = { seconds: 10, handshakeSeconds: 20, rounds: 40, laterMs: 5_000 };
export const SHORT: Scale = { seconds: 2, handshakeSeconds: 8, rounds: 5, laterMs: 1_000 };

export interface Case {
  readonly about: string;
  readonly play: (binary: string, scale: Scale) => Promise<readonly Outcome[]>;
}

export const CASES: Readonly<Record<string, Case>> = {
  replay: {
    about: 'all that was said is said again, to the hub and to the device',
    play: async (binary, { laterMs }) => {
      const { arena, recorder } = await recordedArena(binary);
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
    about: 'somebody on the path sends packets on from another address',
    play: onArena(async (arena, { rounds }) => [
      await redirectRace(arena, Math.min(rounds, 5)),
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
    play: async (binary) => {
      await using arena = await Arena.create(binary, { site: { routes: MANY_ROUTES } });
      return [await amplify(arena)];
    },
  },
};

export type CaseName = keyof typeof CASES & string;

function onArena(play: (arena: Arena, scale: Scale) => Promise<readonly Outcome[]>): Case['play'] {
  return async (binary, scale) => {
    await using arena = await Arena.create(binary);
    return await play(arena, scale);
  };
}
