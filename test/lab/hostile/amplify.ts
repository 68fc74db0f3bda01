/**
 * Case 10: small datagrams in a victim's name must not draw many bytes towards the victim.
 *
 * Everything an outsider, an observer and an enrolled device can forge: handshakes with a valid mac1 and without,
 * recorded ones, noise of every type, copies of the legitimate device's packets, and, of a channel of its own, probes and
 * claims. Counted is what the hub sends to the victim, against what it received in its name.
 *
 * @module
 */

import { macKeysOf, writeMacs } from '../../../session/channel/macs.ts';
import { encodeFrame } from '../../../session/wire/encode.ts';
import { INITIATION_BYTES, MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import { eventually } from '../process.ts';
import { newRandom } from '../random.ts';
import { type Arena, HUB_END, LATE_ANSWERS_MS } from './arena.ts';
import { type Attack, during, type Outcome } from './outcome.ts';
import type { UdpEnd } from './packet.ts';
import { enrolled, Rogue } from './rogue.ts';

const FACTOR_MAX = 3;
/** Different packets of the device to send again: some hundred milliseconds of its traffic. Chosen. */
const COPIES_MIN = 100;
const COPIES_MS = 10_000;
/** Of each kind, in all waves. */
const EACH = 300;
const ATTACH_MS = 4_000;
/** As many as a hub may name: ATTACHED is as long as it gets. */
export const MANY_ROUTES = Array.from({ length: 14 }, (_, at) => `fd79:1111:2222:${at + 1}::/64`);
const TYPES = [0, 1, 2, 3, 4, 16, 17, 18, 255];

interface Kind {
  readonly name: string;
  readonly victim: UdpEnd;
  readonly datagram: (at: number) => Uint8Array;
}

export async function amplify(arena: Arena): Promise<Outcome> {
  const rogue = new Rogue(arena, { address: '198.18.10.10', port: 1_010 });
  await enrolled(arena, rogue, 'amplifier');
  await rogue.handshake();
  await rogue.attach();
  // Says nothing after its claim, so that a repeat still counts as that of a lost answer.
  const newborn = new Rogue(arena, { address: '198.18.10.11', port: 1_011 });
  await enrolled(arena, newborn, 'newborn');
  await newborn.handshake();
  const opening = newborn.attachFrame({ linkName: 'e', ciphers: ['aes-256-gcm'] });
  newborn.send(opening);
  await newborn.until(() => newborn.heard.some(({ type }) => type === 'attached'), ATTACH_MS);
  const recordedInitiation = rogue.initiation();
  const random = newRandom(10, 'amplify');
  const lan = arena.tap('lan');
  const victim = (at: number): UdpEnd => ({ address: `198.18.99.${at}`, port: 9_900 + at });
  const keys = macKeysOf(arena.hubPublicKey);
  const noise = (bytes: number) => Uint8Array.from({ length: bytes }, () => random() * 256);

  return during(
    arena,
    'amplification',
    async () => {
      const copies: Uint8Array[] = [];
      const enough = () => {
        for (const { payload, target } of lan.datagrams()) {
          if (target.port === HUB_END.port) copies.push(payload);
        }
        return copies.length >= COPIES_MIN;
      };
      await eventually('the device sends something to copy', enough, COPIES_MS);
      copies.sort((a, b) => a.length - b.length);
      const kinds: Kind[] = [
        {
          name: 'handshakes',
          victim: victim(1),
          datagram: () => {
            const message = noise(INITIATION_BYTES);
            message.set([MESSAGE_TYPE.initiation, 0, 0, 0]);
            writeMacs(message, keys, null);
            return message;
          },
        },
        { name: 'recorded handshake', victim: victim(2), datagram: () => recordedInitiation },
        {
          name: 'noise',
          victim: victim(3),
          datagram: (at) => {
            const message = noise(1 + Math.floor(random() * 200));
            message.set([TYPES[at % TYPES.length]!]);
            return message;
          },
        },
        {
          name: 'copies of packets',
          victim: victim(4),
          datagram: (at) => copies[at % copies.length]!,
        },
        {
          name: 'own probes',
          victim: victim(5),
          datagram: (at) => rogue.sealControl(encodeFrame({ type: 'probe', probeId: at })),
        },
        {
          name: 'own claims',
          victim: victim(6),
          datagram: () => rogue.sealControl(encodeFrame(rogue.attachFrame())),
        },
        {
          name: 'own keepalives',
          victim: victim(7),
          datagram: () => rogue.sealControl(new Uint8Array(0)),
        },
        // Known and committed: each repeat is answered with all that a session needs.
        {
          name: 'the same claim again',
          victim: victim(9),
          datagram: () => newborn.sealControl(encodeFrame(opening)),
        },
        { name: 'handshake, authentic', victim: victim(8), datagram: () => rogue.initiation() },
      ];
      return attackWith(arena, kinds);
    },
    // Handshakes, claims and noise at once, at a hub that has just started: an echo may be late.
    { isAllCounted: false, pingsLostMax: 10 },
  );
}

async function attackWith(arena: Arena, kinds: readonly Kind[]): Promise<Attack> {
  const wan = arena.tap('wan');
  const forger = arena.forger();
  const sentBytes = new Map<string, number>();
  const count = Math.ceil(EACH / arena.waves);
  for (let at = 0; at < count; at += 1) {
    for (const { victim, datagram } of kinds) {
      const payload = datagram(at);
      while (!forger.send(payload, victim)) await Bun.sleep(1); // until the kernel has room
      sentBytes.set(victim.address, (sentBytes.get(victim.address) ?? 0) + payload.length);
    }
    if (at % 10 === 9) await Bun.sleep(20); // a steady flow, so that no buffer overflows
  }
  await Bun.sleep(LATE_ANSWERS_MS);
  const drawn = new Map<string, number>();
  let answered = 0;
  for (const { target, payload } of wan.datagrams()) {
    if (!sentBytes.has(target.address)) continue;
    answered += 1;
    drawn.set(target.address, (drawn.get(target.address) ?? 0) + payload.length);
  }
  const rows = kinds.map(({ name, victim }) => {
    const [sent, got] = [sentBytes.get(victim.address) ?? 0, drawn.get(victim.address) ?? 0];
    return { name, sent, got, factor: got / sent };
  });
  return {
    sent: forger.sentCount,
    sentBytes: forger.sentBytes,
    answered,
    answeredBytes: [...drawn.values()].reduce((sum, bytes) => sum + bytes, 0),
    notes: rows.map(
      ({ name, sent, got, factor }) => `${name}: ${sent} B drew ${got} B, ${factor.toFixed(2)}×`,
    ),
    faults: rows
      .filter(({ factor }) => factor > FACTOR_MAX)
      .map(({ name, factor }) => `${name} drew ${factor.toFixed(1)} times what was sent`),
  };
}
