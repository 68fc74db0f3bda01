/**
 * Case 5: attempts to get less than what was agreed: plain WireGuard instead of a session, the other cipher, an old claim.
 *
 * @module
 */
import { assert } from '../../../session/assert.ts';
import { claimBytes, prove } from '../../../session/proof.ts';
import { encodeFrame } from '../../../session/wire/encode.ts';
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import { eventually } from '../process.ts';
import { type Arena, DEVICE, HUB_END } from './arena.ts';
import { type AgentStatus, ask, type HubStatus, seatOf } from './gauge.ts';
import { INNER_HUB } from './legit.ts';
import { type Attack, during, type Outcome } from './outcome.ts';
import { endText, IP_BYTES, isFragment, readUdp } from './packet.ts';
import { enrolled, innerPacket, Rogue } from './rogue.ts';
import { typeOf } from './sight.ts';

const EACH = 20;

/** Modes and claims, by devices with keys of their own. */
export async function downgradeByPeer(arena: Arena): Promise<Outcome> {
  const plain = new Rogue(arena, { address: '198.18.5.2', port: 5_002 });
  await enrolled(arena, plain, 'acts-session', ['--mode', 'plain']);
  // Each wave opens a session, which a device does once.
  const sessions = Array.from(
    { length: arena.waves },
    (_, wave) => new Rogue(arena, { address: `198.18.5.${10 + wave}`, port: 5_001 }),
  );
  for (const [wave, each] of sessions.entries()) await enrolled(arena, each, `acts-plain${wave}`);
  return during(
    arena,
    'downgrade by a peer',
    async (wave) => {
      const session = sessions[wave]!;
      const faults: string[] = [];
      const received = async () => (await ask<HubStatus>(arena.site, 'hub')).counters;
      const before = await received();
      const already = session.socket.sentCount + plain.socket.sentCount;

      // Enrolled as session: plain data under plain keys of the very same handshake, before and after ATTACH.
      await session.handshake();
      for (let at = 0; at < EACH; at += 1) {
        session.socket.send(session.sealData(innerPacket('10.77.0.9', INNER_HUB), 'plain'));
      }
      // No cipher at all in the list: the one that every end has, and nothing less.
      const opening = session.attachFrame({ ciphers: ['aes-256-gcm'] });
      session.send(withoutCiphers(encodeFrame(opening)));
      const accepted = () => session.heard.find((frame) => frame.type === 'attached');
      await session.until(() => accepted() !== undefined, 4_000);
      const attached = accepted();
      const cipher = attached?.type === 'attached' ? attached.cipher : 'none';
      if (cipher !== 'chacha20-poly1305') faults.push(`without ciphers the hub chose ${cipher}`);
      for (let at = 0; at < EACH; at += 1) {
        session.socket.send(session.sealData(innerPacket('10.77.0.9', INNER_HUB), 'plain'));
      }

      // With the true secret, but the version of before.
      const claim = { ...opening.claim, nonce: '00'.repeat(8) };
      const { handshakeHash } = session.session!;
      const secret = attached?.type === 'attached' ? attached.secret : new Uint8Array(32);
      const proof = prove('attach', secret, handshakeHash, claimBytes(claim));
      session.send({ ...opening, isNew: false, claim, proof });
      const rejected = () => session.heard.findLast((frame) => frame.type === 'reject');
      if (!(await session.until(() => rejected() !== undefined, 4_000))) {
        faults.push('an old claim was not refused');
      }
      const refusal = rejected();
      const reason = refusal?.type === 'reject' ? refusal.reasonCode : 'none';
      if (reason !== 'stale_state_version') faults.push(`the old claim was refused with ${reason}`);

      // Enrolled as plain: control and data messages of a session.
      await plain.handshake();
      for (let at = 0; at < EACH; at += 1) {
        plain.send(plain.attachFrame());
        plain.session!.enableData('aes-256-gcm');
        plain.socket.send(plain.sealData(innerPacket('10.77.0.9', INNER_HUB)));
      }
      await arena.settled();
      plain.take();
      const after = await received();
      const mismatched = (after['mode_mismatch'] ?? 0) - (before['mode_mismatch'] ?? 0);
      if (mismatched !== 4 * EACH)
        faults.push(`${mismatched} of ${4 * EACH} messages of the other mode were counted`);
      if (plain.heardTypes.some((type) => type > MESSAGE_TYPE.transport)) {
        faults.push('the hub spoke of sessions with a plain peer');
      }
      return {
        sent: session.socket.sentCount + plain.socket.sentCount - already,
        notes: [`the old claim was refused with ${reason}`],
        faults,
      };
    },
    { isAllCounted: false },
  );
}

/** Somebody on the path drops every session message; then the device must fall silent, not fall back. */
export async function downgradeByPath(arena: Arena, seconds: number): Promise<Outcome> {
  return during(
    arena,
    'downgrade by the path',
    async () => {
      const lan = arena.tap('lan');
      lan.packets();
      // The first byte of the UDP payload is the type: 16 and 17 go nowhere, handshakes pass.
      await arena.net.path([
        'udp dport 51820 @th,64,8 { 16, 17 } drop',
        'udp sport 51820 @th,64,8 { 16, 17 } drop',
      ]);
      await eventually(
        'the device has noticed',
        async () => (await ask<AgentStatus>(arena.site, DEVICE)).state !== 'ATTACHED',
        15_000,
      );
      const beganAtMs = performance.now();
      const types = new Map<number, number>();
      const strange: string[] = [];
      while (performance.now() - beganAtMs < seconds * 1_000) {
        for (const packet of lan.packets()) {
          const datagram = readUdp(packet, 0);
          if (datagram === null) strange.push(wordsOf(packet));
          else if (endText(datagram.target) !== endText(HUB_END))
            strange.push(endText(datagram.target));
          else types.set(typeOf(datagram), (types.get(typeOf(datagram)) ?? 0) + 1);
        }
        await Bun.sleep(20); // pace of the look, for as long as the path is cut
      }
      await arena.net.path([]);
      await eventually(
        'the session is back',
        async () => {
          const seat = await seatOf(arena.site, DEVICE);
          const agent = await ask<AgentStatus>(arena.site, DEVICE);
          return seat.is_carrying && agent.state === 'ATTACHED';
        },
        30_000,
      );
      const allowed = [
        MESSAGE_TYPE.initiation,
        MESSAGE_TYPE.data,
        MESSAGE_TYPE.control,
      ] as number[];
      const other = [...types.keys()].filter((type) => !allowed.includes(type));
      const sent = [...types.values()].reduce((sum, count) => sum + count, 0);
      return {
        sent,
        notes: [
          `the device sent ${[...types].map(([type, count]) => `${count} of type ${type}`).join(', ')}`,
        ],
        faults: [
          ...(sent > 0 ? [] : ['the device said nothing at all']),
          ...other.map((type) => `the device sent type ${type}`),
          ...(strange.length === 0
            ? []
            : [`outside the tunnel: ${[...new Set(strange)].join(', ')}`]),
        ],
      } satisfies Attack;
    },
    // What is dropped is gone; echoes come every 50 ms.
    { isAllCounted: false, isUntouched: false, pingsLostMax: (seconds + 30) * 20 * arena.waves },
  );
}

/** The key of the ciphers with an empty list instead of one of one. */
function withoutCiphers(frame: Uint8Array): Uint8Array {
  const hex = Buffer.from(frame).toString('hex');
  const stripped = hex.replace('078101', '0780');
  assert(stripped !== hex, 'the list of ciphers is where it was');
  return Buffer.from(stripped, 'hex');
}

function wordsOf(packet: Uint8Array): string {
  return `protocol ${packet[9]}${isFragment(packet) ? ' fragment' : ''} of ${packet.length - IP_BYTES} B`;
}
