/**
 * Case 2: a storm of control messages from unknown sources, as a fleet that reattaches would send them.
 *
 * Half carry a random receiver index; half the index of the legitimate device's channel, as somebody sees it who reads
 * along, so that the hub has to try the keys on each. Contents are random in both.
 *
 * @module
 */
import { MESSAGE_TYPE, SESSION_VERSION } from '../../../session/wire/messages.ts';
import { writeU32 } from '../../../session/wire/transport.ts';
import type { Arena } from './arena.ts';
import { during, type Outcome } from './outcome.ts';
import { readControlIndex } from './sight.ts';

const CONTROL_BYTES = 180;
const RECEIVER_AT = 4;

export interface Load {
  readonly perSecond: number;
  readonly seconds: number;
}

export async function stormUnknown(arena: Arena, { perSecond, seconds }: Load): Promise<Outcome> {
  return during(arena, 'reattach storm, random index', async () => {
    const flooded = await arena.flood({
      perSecond,
      seconds,
      sources: { base: '198.18.0.1', count: 100_000 },
      templates: [controlOf(0)],
      random: [{ at: RECEIVER_AT, bytes: CONTROL_BYTES }],
      mac1Key: null,
    });
    return { sent: flooded.sent, sentBytes: flooded.bytes, rate: flooded.rate };
  });
}

/** Datagrams of no bytes at all: the cheapest to send, and the easiest to overlook. */
export async function stormEmpty(arena: Arena, { perSecond, seconds }: Load): Promise<Outcome> {
  return during(arena, 'storm of empty datagrams', async () => {
    const flooded = await arena.flood({
      perSecond,
      seconds,
      sources: { base: '198.18.0.1', count: 100_000 },
      templates: [''],
      random: [],
      mac1Key: null,
    });
    return { sent: flooded.sent, rate: flooded.rate };
  });
}

export async function stormKnown(arena: Arena, { perSecond, seconds }: Load): Promise<Outcome> {
  const index = await readControlIndex(arena);
  return during(arena, 'reattach storm, real index', async () => {
    const flooded = await arena.flood({
      perSecond,
      seconds,
      sources: { base: '198.18.0.1', count: 100_000 },
      templates: [controlOf(index)],
      // The counter stays small, so that the window lets it through to the keys.
      random: [
        { at: 8, bytes: 2 },
        { at: 16, bytes: CONTROL_BYTES },
      ],
      mac1Key: null,
    });
    const { sent, bytes: sentBytes, rate } = flooded;
    return { sent, sentBytes, rate, notes: [`receiver index ${index} of the device's channel`] };
  });
}

function controlOf(index: number): string {
  const message = Buffer.alloc(CONTROL_BYTES);
  message[0] = MESSAGE_TYPE.control;
  message[1] = SESSION_VERSION;
  message[2] = 1;
  writeU32(message, RECEIVER_AT, index);
  // Above what the device has used: neither a duplicate nor too old.
  writeU32(message, 8, 0x0001_0000);
  return message.toString('hex');
}
