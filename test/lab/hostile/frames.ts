/**
 * Case 6: a device that is enrolled, has real keys and sends garbage inside its own channel.
 *
 * All of it is authentic, so it gets as far as the decoders and the seat. Only the rogue's own state may change, nothing
 * may be dropped uncounted, and the hub goes on.
 *
 * @module
 */
import { FRAMES_AT_ONCE_MAX, FRAMES_PER_SECOND_MAX } from '../../../hub/frameBudget.ts';
import { bytesToHex, concatBytes } from '../../../session/bytes.ts';
import { claimBytes, prove } from '../../../session/proof.ts';
import { encodeFrame } from '../../../session/wire/encode.ts';
import { type Attached, FRAME_TYPE } from '../../../session/wire/frames.ts';
import { FRAME_VERSION } from '../../../session/wire/layout.ts';
import { eventually } from '../process.ts';
import { newRandom } from '../random.ts';
import { type Arena, DEVICE } from './arena.ts';
import { ask, type HubStatus, seatOf } from './gauge.ts';
import { type Attack, during, type Outcome } from './outcome.ts';
import { enrolled, innerPacket, Rogue } from './rogue.ts';

const ATTACHED_MS = 5_000;
/** A busy machine counts late; a hub that does not count never does. */
const COUNTED_MS = 10_000;
/** A round has 38 frames: slow enough for all of them to be read, and not turned away as a flood. */
const ROUND_MS = 120;
/** UDP carries no longer one. */
const LONGEST_BYTES = 65_507 - 32;
/** Two about others, one of its own session. */
const HUGE_CLAIMS = 3;
/** More than the kernel's own IPv6 chatter makes of them. */
const FORBIDDEN = 20;
const OTHERS_INNER = '10.77.0.2';

interface Sent {
  /** Malformed ones: each must be counted as `unknown_frame`. */
  malformed: number;
  all: number;
}

export async function rogueFrames(arena: Arena, rounds: number): Promise<Outcome> {
  // Each wave opens a session, which a device does once.
  const rogues = Array.from({ length: arena.waves }, (_, wave) => {
    const rogue = new Rogue(arena, { address: `198.18.6.${10 + wave}`, port: 6_666 });
    return { rogue, name: `rogue${wave}` };
  });
  for (const { rogue, name } of rogues) await enrolled(arena, rogue, name);
  const outcome = await during(
    arena,
    'garbage of an enrolled device',
    async (wave) => {
      const { rogue, name } = rogues[wave]!;
      const already = {
        sent: rogue.socket.sentCount,
        heard: rogue.heardTypes.length,
      };
      if (!(await rogue.handshake())) return { sent: 0, faults: ['the rogue got no channel'] };
      const before = await garbage(arena, rogue, rounds);
      const attached = await rogue.attach();
      const inside =
        attached === null ? { malformed: 0, all: 0 } : await garbage(arena, rogue, rounds);
      const claims = await strangeClaims(arena, rogue);
      if (attached !== null) await hugeVersion(arena, rogue, name, attached);
      await transports(arena, rogue);
      const answers = await stillThere(rogue);
      return {
        sent: rogue.socket.sentCount - already.sent,
        answered: rogue.heardTypes.length - already.heard,
        notes: [
          `${before.malformed + inside.malformed} malformed frames, ${claims} claims about others`,
          `the hub ${answers ? 'still answers' : 'has ended with'} the rogue`,
        ],
        countedAs: { malformed_sent: before.malformed + inside.malformed },
        faults: attached === null ? ['the rogue got no session of its own'] : [],
      } satisfies Attack;
    },
    { isAllCounted: false },
  );
  const names = rogues.map(({ name }) => name);
  return withCounts(arena, names, outcome);
}

/** Authentic frames as fast as this process seals them: probes, which the hub answers, and claims, which it refuses. */
export async function rogueFlood(arena: Arena, seconds: number): Promise<Outcome> {
  const rogue = new Rogue(arena, { address: '198.18.6.7', port: 6_667 });
  await enrolled(arena, rogue, 'flooder');
  return during(
    arena,
    'flood of an enrolled device',
    async () => {
      const limitedCount = async () =>
        (await ask<HubStatus>(arena.site, 'hub')).counters['rate_limited'] ?? 0;
      const limitedBefore = await limitedCount();
      rogue.heard.length = 0; // what an earlier wave was told
      if (!(await rogue.handshake())) return { sent: 0, faults: ['the rogue got no channel'] };
      await rogue.attach();
      const beganAtMs = performance.now();
      const before = rogue.socket.sentCount;
      const claim = encodeFrame(rogue.attachFrame());
      while (performance.now() - beganAtMs < seconds * 1_000) {
        for (let at = 0; at < 20; at += 1) {
          rogue.send({ type: 'probe', probeId: at });
          if (at % 10 === 9) rogue.send(claim);
        }
        rogue.socket.receive();
        await Bun.sleep(1); // pace of the flood
      }
      const sent = rogue.socket.sentCount - before;
      const rate = Math.round((sent / (performance.now() - beganAtMs)) * 1_000);
      await arena.settled();
      const acted = sent - ((await limitedCount()) - limitedBefore);
      const actedMax = FRAMES_PER_SECOND_MAX * (seconds + 1) + FRAMES_AT_ONCE_MAX;
      return {
        sent,
        rate,
        notes: [`${acted} frames were acted upon`],
        faults: [
          ...(sent > 2 * actedMax ? [] : [`${sent} frames are no flood`]),
          ...(acted <= actedMax
            ? []
            : [`${acted} frames were acted upon, at most ${actedMax} may be`]),
        ],
      };
    },
    { isAllCounted: false },
  );
}

/** Every malformed frame is in a counter; what concerns others is refused with a reason. */
async function withCounts(
  arena: Arena,
  names: readonly string[],
  outcome: Outcome,
): Promise<Outcome> {
  const { malformed_sent: malformed = 0, ...countedAs } = outcome.countedAs;
  const unknown = countedAs['unknown_frame'] ?? 0;
  const counters: Record<string, number> = {};
  for (const name of names) {
    const seat = await seatOf(arena.site, name);
    for (const [code, count] of Object.entries(seat.counters)) {
      counters[code] = (counters[code] ?? 0) + count;
    }
  }
  const huge = counters['version_out_of_range'] ?? 0;
  const hugeSent = HUGE_CLAIMS * names.length;
  const rows = Object.entries(counters).map(([code, count]) => `${code} ${count}`);
  return {
    ...outcome,
    countedAs,
    notes: [...outcome.notes, `the rogues' seats: ${rows.join(', ')}`],
    faults: [
      ...outcome.faults,
      ...(unknown >= malformed && malformed > 0
        ? []
        : [`${malformed} malformed frames, ${unknown} counted as unknown_frame`]),
      ...((countedAs['source_forbidden'] ?? 0) >= FORBIDDEN
        ? []
        : ['foreign inner sources were not counted']),
      ...(huge >= hugeSent ? [] : [`${huge} of ${hugeSent} impossible versions were counted`]),
      ...((countedAs['invariant_violated'] ?? 0) === 0 ? [] : ['an invariant was violated']),
    ],
  };
}

async function garbage(arena: Arena, rogue: Rogue, rounds: number): Promise<Sent> {
  const random = newRandom(6, 'garbage');
  const bytes = (count: number) => Uint8Array.from({ length: count }, () => random() * 256);
  const head = (type: number, version: number = FRAME_VERSION) => Uint8Array.of(type, version);
  const cbor = (type: keyof typeof FRAME_TYPE, ...body: number[]) =>
    concatBytes(head(FRAME_TYPE[type]), Uint8Array.from(body));
  const sent: Sent = { malformed: 0, all: 0 };
  const send = (frame: Uint8Array) => {
    rogue.send(frame);
    sent.malformed += 1;
    sent.all += 1;
  };
  for (let round = 0; round < rounds; round += 1) {
    // Frame types and versions that nobody has.
    send(concatBytes(head(0), bytes(20)));
    send(concatBytes(head(16 + (round % 200)), bytes(20)));
    send(concatBytes(head(FRAME_TYPE.attach, 2), bytes(20)));
    send(Uint8Array.of(FRAME_TYPE.probe));
    // Deep nesting: arrays in arrays, maps in maps.
    send(cbor('attach', ...Array(1_000).fill(0x81), 0));
    send(cbor('reattach', ...Array(500).fill([0xa1, 0x01]).flat(), 0));
    // Counts that promise more than there is; indefinite lengths; tags; a duplicate key; bytes behind the end.
    send(cbor('attach', 0xbb, 255, 255, 255, 255, 255, 255, 255, 255));
    send(cbor('attach', 0xa1, 0x01, 0x9b, 0, 0, 0, 1, 0, 0, 0, 0));
    send(cbor('terminate', 0xbf, 0x01, 0x02, 0xff));
    send(cbor('terminate', 0xa1, 0x01, 0xd9, 0x01, 0x02, 0x80));
    send(cbor('terminate', 0xa2, 0x01, 0x02, 0x01, 0x02));
    send(cbor('terminate', 0xa0, 0x00));
    // Wrong types for every key; a version of 2^53 and more; a claim that is no list.
    for (const type of ['attach', 'reattach', 'received', 'rotate', 'mtu', 'response'] as const) {
      send(cbor(type, 0xa3, 0x01, 0xf5, 0x02, 0xf6, 0x03, 0x61, 0x78));
      send(cbor(type, 0xa1, 0x01, 0x1b, 0x00, 0x20, 0, 0, 0, 0, 0, 0));
      send(cbor(type, 0xa1, 0x01, 0x1b, 0xff, 255, 255, 255, 255, 255, 255, 255));
      send(cbor(type, ...bytes(60)));
    }
    // Longer than any frame, up to what UDP carries.
    send(concatBytes(head(FRAME_TYPE.attach), bytes(1_300)));
    send(concatBytes(head(FRAME_TYPE.attach), bytes(LONGEST_BYTES - 2)));
    await Bun.sleep(ROUND_MS);
  }
  rogue.take();
  await arena.settled();
  return sent;
}

/** Well-formed frames that name the legitimate device's session, or numbers at the edge. */
async function strangeClaims(arena: Arena, rogue: Rogue): Promise<number> {
  const { session_id: theirs } = await seatOf(arena.site, DEVICE);
  const frame = rogue.attachFrame();
  const foreign = { ...frame.claim, sessionId: theirs ?? '', stateVersion: 1_000 };
  const proof = new Uint8Array(32).fill(9);
  const token = new Uint8Array(8).fill(9);
  const { linkKind, linkName, reasonCode, mtuBytes, noticeMs } = frame;
  const link = { linkKind, linkName, reasonCode, mtuBytes, noticeMs };
  const huge = { ...frame.claim, stateVersion: Number.MAX_SAFE_INTEGER };
  const reattach = { type: 'reattach', proof, token, purpose: 'recovery', ...link } as const;
  const frames = [
    encodeFrame({ ...frame, claim: foreign, isNew: false, proof }),
    encodeFrame({ ...frame, claim: foreign, isNew: true, previousSessionId: theirs, proof }),
    encodeFrame({ ...reattach, claim: foreign }),
    encodeFrame({ ...reattach, claim: huge }),
    encodeFrame({ ...frame, claim: huge }),
    encodeFrame({
      type: 'terminate',
      sessionId: theirs ?? '',
      reasonCode: 'shutdown',
      stateVersion: 2 ** 52,
    }),
    encodeFrame({ type: 'rotate', sessionId: theirs ?? '', proof }),
    encodeFrame({ type: 'response', token, isMine: false }),
    encodeFrame({
      type: 'received',
      keypairIndex: 0xffff_ffff,
      counterMax: Number.MAX_SAFE_INTEGER,
      bitmap: new Uint8Array(512).fill(255),
      stateVersion: Number.MAX_SAFE_INTEGER,
      round: Number.MAX_SAFE_INTEGER,
      bytesPerSecond: Number.MAX_SAFE_INTEGER,
    }),
    // What only hubs send.
    encodeFrame({ type: 'redirect', endpoints: ['198.18.6.6:6666'] }),
    encodeFrame({ type: 'challenge', token, claim: foreign }),
    encodeFrame({ type: 'rotated', sessionId: theirs ?? bytesToHex(proof) }),
  ];
  for (const each of frames) {
    rogue.send(each);
    await Bun.sleep(20); // pace: one claim after the other
    rogue.take();
  }
  return frames.length;
}

/** With the true secret of its own session, the highest version there is: what a hub adds to it is no number any more. */
async function hugeVersion(
  arena: Arena,
  rogue: Rogue,
  name: string,
  { claim: own, secret }: Attached,
): Promise<void> {
  const counted = async () =>
    (await seatOf(arena.site, name)).counters['version_out_of_range'] ?? 0;
  const before = await counted();
  const claim = { ...own, stateVersion: Number.MAX_SAFE_INTEGER, nonce: '11'.repeat(8) };
  const { handshakeHash } = rogue.session!;
  const proof = prove('attach', secret, handshakeHash, claimBytes(claim));
  rogue.send({ ...rogue.attachFrame(), isNew: false, claim, proof });
  const isCounted = async () => (await counted()) > before;
  await eventually('an impossible version is counted', isCounted, COUNTED_MS);
  rogue.take();
}

/** Transport ids until the keypair has no more, and inner packets that are not its own. */
async function transports(arena: Arena, rogue: Rogue): Promise<void> {
  const counted = async () =>
    (await ask<HubStatus>(arena.site, 'hub')).counters['source_forbidden'] ?? 0;
  const before = await counted();
  for (let id = 2; id < 40 && rogue.session!.hasRoomFor(id); id += 1) {
    rogue.send({ type: 'probe', probeId: id }, id);
  }
  if (rogue.session!.suite === null) return;
  for (let at = 0; at < FORBIDDEN; at += 1) {
    rogue.socket.send(rogue.sealData(innerPacket(OTHERS_INNER, '10.77.0.1')));
  }
  rogue.socket.send(rogue.sealData(Uint8Array.of(0x45, 0, 255, 255)));
  rogue.socket.send(rogue.sealData(new Uint8Array(1_200).fill(0xff)));
  const areCounted = async () => (await counted()) >= before + FORBIDDEN;
  await eventually('foreign inner sources are counted', areCounted, COUNTED_MS);
}

async function stillThere(rogue: Rogue): Promise<boolean> {
  const count = () => rogue.heard.filter(({ type }) => type === 'probeAck').length;
  const before = count();
  rogue.send({ type: 'probe', probeId: 77 });
  return rogue.until(() => count() > before, ATTACHED_MS);
}
