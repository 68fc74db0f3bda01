/**
 * Case 4 as well: somebody is faster than the network, and drops nothing.
 *
 * Each datagram of the device comes to the hub twice: first as a copy from the racer's address, then as the device sent it.
 * `keeps`: what the hub sends to the racer stays there, answers to probes included. `hands on`: the racer hands it to the
 * device in the hub's name, challenges as well, and is the first with the device's answers, too. Neither has keys. Who hands on
 * is sent copies of data from its answer to the device's own (docs/decisions/0028-both-addresses-while-one-is-asked.md): each of
 * them goes to the device as well, and they are few.
 *
 * @module
 */
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import { monotonicMs } from '../libc.ts';
import { eventually } from '../process.ts';
import { type Arena, DEVICE, HUB_END } from './arena.ts';
import { seatOf } from './gauge.ts';
import { askedAndRefused, judged } from './otherAddress.ts';
import { type Attack, during, type Outcome } from './outcome.ts';
import { endText, type TappedDatagram } from './packet.ts';
import { DELAY_MS, RACER, Raceway } from './raceway.ts';

/** Transport id, receiver and counter: no two datagrams of the device have all three alike. */
const HEADER_BYTES = 16;
/** Of the pairs: the racer is a program on a busy machine. Chosen. */
const WON_MIN = 0.5;
const PAIRS_MIN = 50;
/** A round lasts as long as the device's own answer is late, once a second. Three times that. */
const COPIED_MAX = (3 * DELAY_MS) / 1_000;
/** How often the hub is asked where the binding is. */
const LOOK_MS = 20;

/** @param seconds how long a wave of each lasts. */
export async function races(arena: Arena, seconds: number): Promise<readonly Outcome[]> {
  await using way = await Raceway.create(arena.net);
  return [
    await raced(arena, way, seconds, 'race without drops, answers kept', false),
    await raced(arena, way, seconds, 'race without drops, answers handed on', true),
  ];
}

function raced(
  arena: Arena,
  way: Raceway,
  seconds: number,
  name: string,
  isHandingOn: boolean,
): Promise<Outcome> {
  const attack = async () => {
    const seen = arena.hubAudit().length;
    const raced = await race(arena, way, seconds, isHandingOn);
    const lines = arena.hubAudit(seen);
    // Overtaken in a claim of its own the device may be away for a moment, and that it is back is told as a rebind.
    const isTaken = lines.some(
      ({ reason_code, detail }) =>
        reason_code === 'nat_rebind' && detail['source'] === endText(RACER),
    );
    const outcome = askedAndRefused(raced, lines);
    return isTaken
      ? { ...outcome, faults: [...(outcome.faults ?? []), 'the racer was taken for a NAT'] }
      : outcome;
  };
  return during(arena, name, attack);
}

async function race(
  arena: Arena,
  way: Raceway,
  seconds: number,
  isHandingOn: boolean,
): Promise<Attack> {
  const device = await arena.deviceEnd();
  const lan = arena.tap('lan');
  const wan = arena.tap('wan');
  using arrivals = way.arrivals();
  using racer = way.socket();
  const back = arena.forger(device);
  const got: { readonly payload: Uint8Array }[] = [];
  const copies: Uint8Array[] = [];
  /** Headers of the data that the hub sent to the device itself. */
  const own = new Set<string>();
  const before = await seatOf(arena.site, DEVICE);
  const places = new Set<string>();
  let isAdopted = false;
  let isOver = false;
  const look = async () => {
    while (!isOver) {
      const { binding, is_source_validated: isValidated } = await seatOf(arena.site, DEVICE);
      if (binding !== before.binding) places.add(`${binding}`);
      if (binding?.endsWith(`→${endText(RACER)}`) === true && isValidated) isAdopted = true;
      await Bun.sleep(LOOK_MS); // a look from outside
    }
  };
  const run = async (untilMs: number) => {
    while (monotonicMs() < untilMs) {
      for (const { payload, target } of lan.datagrams()) {
        if (target.port === HUB_END.port) racer.send(payload);
      }
      for (const payload of racer.receive()) {
        if (isHandingOn && isData(payload)) copies.push(payload);
        else got.push({ payload });
        if (isHandingOn) back.send(payload, HUB_END);
      }
      for (const { payload } of wan.datagrams()) if (isData(payload)) own.add(headerOf(payload));
      await Bun.sleep(1); // pace of the racer
    }
  };
  lan.packets();
  wan.packets();
  arrivals.packets();
  await way.lengthen();
  const looking = look();
  await run(monotonicMs() + seconds * 1_000);
  await way.shorten();
  // Who stops with originals still under way has not raced for them.
  await run(monotonicMs() + 2 * DELAY_MS);
  isOver = true;
  await looking;
  await eventually(
    'the session carries where it did',
    async () => {
      const { binding, is_carrying: isCarrying } = await seatOf(arena.site, DEVICE);
      return isCarrying && binding === before.binding;
    },
    20_000,
  );
  const after = await seatOf(arena.site, DEVICE);
  const { pairs, won } = finish(arrivals.datagrams());
  const attack = judged(got, racer, isAdopted);
  return {
    ...attack,
    notes: [
      `the copy first in ${won} of ${pairs} pairs`,
      ...(isHandingOn ? [`${copies.length} copies of ${own.size} data messages`] : []),
      ...(places.size > 0 ? [`the binding was at ${[...places].join(', ')} for a moment`] : []),
    ],
    faults: [
      ...(attack.faults ?? []),
      ...copyFaults(copies, own),
      ...(after.session_id === before.session_id ? [] : ['the session is another one']),
      ...(pairs >= PAIRS_MIN && won >= WON_MIN * pairs
        ? []
        : [`no race: the copy came first in ${won} of ${pairs} pairs`]),
    ],
  };
}

const isData = (payload: Uint8Array) => payload[0] === MESSAGE_TYPE.data;

const headerOf = (payload: Uint8Array) =>
  Buffer.from(payload.subarray(0, HEADER_BYTES)).toString('hex');

/** Nothing is taken from the device, and copies end with its own answer. */
function copyFaults(copies: readonly Uint8Array[], own: ReadonlySet<string>): string[] {
  const alone = copies.filter((payload) => !own.has(headerOf(payload))).length;
  const limit = Math.ceil(COPIED_MAX * own.size);
  return [
    ...(alone > 0 ? [`${alone} data messages went to the attacker and not to the device`] : []),
    ...(copies.length > limit
      ? [
          `${copies.length} copies of ${own.size} data messages went to the attacker, not at most ${limit}`,
        ]
      : []),
  ];
}

/** What came from both, and how often from the racer first. */
function finish(arrived: readonly TappedDatagram[]): { readonly pairs: number; won: number } {
  const firsts = new Map<string, boolean>();
  let pairs = 0;
  let won = 0;
  for (const { payload, source, target } of arrived) {
    if (target.port !== HUB_END.port) continue;
    const key = headerOf(payload);
    const isCopy = source.address === RACER.address;
    const wasCopy = firsts.get(key);
    if (wasCopy === undefined) firsts.set(key, isCopy);
    else if (wasCopy !== isCopy) {
      pairs += 1;
      if (wasCopy) won += 1;
    }
  }
  return { pairs, won };
}
