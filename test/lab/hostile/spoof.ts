/**
 * Case 9: messages to the device in the hub's name, and ICMP errors to both.
 *
 * The forger knows addresses, ports and the indices in use, as one who sees the cable does: more than somebody off the
 * path has. It has no keys. While attached, and while a handshake is under way whose answer is held back.
 *
 * @module
 */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { macKeysOf, writeMacs } from '../../../session/channel/macs.ts';
import { timestampOf } from '../../../session/channel/timestamp.ts';
import {
  CLOCK_HINT_BYTES,
  COOKIE_REPLY_BYTES,
  MESSAGE_TYPE,
  RESPONSE_BYTES,
  SESSION_VERSION,
} from '../../../session/wire/messages.ts';
import { writeU32 } from '../../../session/wire/transport.ts';
import { eventually } from '../process.ts';
import { newRandom } from '../random.ts';
import { isAttached, untilAudit } from '../site.ts';
import { type Arena, DEVICE, HUB_END } from './arena.ts';
import { type AgentStatus, ask, sumOf } from './gauge.ts';
import { pointOf } from './memory.ts';
import { DEVICE_ADDRESS, HUB_OUTER, ROUTER_ADDRESS } from './net.ts';
import { countedBetween, during, HELD_EARLY_MAX, type Outcome, uncountedCount } from './outcome.ts';
import { icmpError, isFragment, readUdp, type TappedDatagram, udpHeaders } from './packet.ts';

const EACH = 250;
/** A busy machine counts late; a device that does not count never does. */
const COUNTED_MS = 10_000;
/** How much of the traffic after forged errors is looked at: thirty echoes and a third of a megabyte of TCP. Chosen. */
const AFTERWARDS_MS = 1_500;
/** A device tries a handshake several times in so long. */
const HELD_BACK_MS = 3_000;
const TEN_YEARS_MS = 10 * 365 * 86_400_000;
const PROBE_MTU = [68, 552, 576, 1_280];
const ICMP_UNREACHABLE = 3;

type Write = (index: number) => Uint8Array;

/** Every type of message a hub sends, with the given receiver index and nothing true behind it. */
function forgeries(publicKey: Uint8Array): readonly Write[] {
  const random = newRandom(9, 'spoof');
  const noise = (bytes: number) => Uint8Array.from({ length: bytes }, () => random() * 256);
  const keys = macKeysOf(publicKey);
  const of = (type: number, bytes: number, second: number, receiverAt: number): Write => {
    return (index) => {
      const message = noise(bytes);
      message.set([type, second, 0, 0]);
      if (type === MESSAGE_TYPE.data || type === MESSAGE_TYPE.control) message[2] = 1;
      writeU32(message, receiverAt, index);
      if (type === MESSAGE_TYPE.response) writeMacs(message, keys, null);
      return message;
    };
  };
  return [
    of(MESSAGE_TYPE.response, RESPONSE_BYTES, 0, 8),
    of(MESSAGE_TYPE.cookieReply, COOKIE_REPLY_BYTES, 0, 4),
    of(MESSAGE_TYPE.clockHint, CLOCK_HINT_BYTES, SESSION_VERSION, 4),
    of(MESSAGE_TYPE.control, 120, SESSION_VERSION, 4),
    of(MESSAGE_TYPE.data, 120, SESSION_VERSION, 4),
    of(MESSAGE_TYPE.transport, 120, 0, 4),
    of(MESSAGE_TYPE.initiation, 148, 0, 4),
  ];
}

export async function spoofAttached(arena: Arena): Promise<Outcome> {
  const publicKey = Buffer.from(arena.devicePublicKey, 'base64');
  return during(arena, 'spoofed hub, attached', async () => {
    const wan = arena.tap('wan');
    const forger = arena.forger(await arena.deviceEnd());
    const before = await arena.read();
    let seen: TappedDatagram | undefined;
    await eventually(
      'the hub says something',
      () => {
        seen = wan.datagrams().findLast(({ target }) => target.address === DEVICE_ADDRESS);
        return seen !== undefined;
      },
      10_000,
    );
    const index = new DataView(seen!.payload.buffer).getUint32(4, true);
    for (let at = 0; at < EACH; at += 1) {
      for (const write of forgeries(publicKey))
        forger.send(write(at % 2 === 0 ? index : at), HUB_END);
      if (at % 10 === 9) await Bun.sleep(10); // a steady flow, so that no buffer overflows
    }
    const isCounted = async () => {
      const counted = countedBetween(before, await arena.read());
      return uncountedCount(forger.sentCount, counted) <= HELD_EARLY_MAX;
    };
    await eventually('the device has counted what came', isCounted, COUNTED_MS);
    return { sent: forger.sentCount, sentBytes: forger.sentBytes };
  });
}

/**
 * The device begins anew and the hub's answers are held back; into that gap come forged ones for the right handshake. A
 * cookie reply is sealed under a key that follows from the hub's public key, so a true-looking one can be made by whoever
 * sees the initiation: it must do no harm.
 */
export async function spoofHandshake(arena: Arena): Promise<Outcome> {
  await arena.agent.stop('SIGKILL');
  await arena.net.path([`ip saddr ${HUB_OUTER} udp sport 51820 drop`]);
  const lan = arena.tap('lan');
  await arena.startAgent();
  const { agent } = arena;
  const devicePublic = Buffer.from(arena.devicePublicKey, 'base64');
  const hubKeys = macKeysOf(arena.hubPublicKey);
  let sent = 0;
  let cookies = 0;
  const answer = () => {
    for (const { payload, source } of lan.datagrams()) {
      if (payload[0] !== MESSAGE_TYPE.initiation) continue;
      const index = new DataView(payload.buffer).getUint32(4, true);
      using forger = arena.net.namespaces.middle.inside(() => arena.forger(source));
      for (const write of forgeries(devicePublic)) forger.send(write(index), HUB_END);
      forger.send(futureHint(index), HUB_END);
      const nonce = crypto.getRandomValues(new Uint8Array(24));
      const reply = new Uint8Array(COOKIE_REPLY_BYTES);
      reply.set([MESSAGE_TYPE.cookieReply, 0, 0, 0]);
      writeU32(reply, 4, index);
      reply.set(nonce, 8);
      const mac1 = payload.subarray(116, 132);
      reply.set(xchacha20poly1305(hubKeys.cookie, nonce, mac1).encrypt(new Uint8Array(16)), 32);
      forger.send(reply, HUB_END);
      cookies += 1;
      sent += forger.sentCount;
    }
  };
  const isUp = () => ask<AgentStatus>(arena.site, DEVICE).then(Boolean, () => false);
  await eventually('the agent answers', isUp, COUNTED_MS);
  const series = arena.waves > 1 ? [await pointOf(arena)] : [];
  for (let wave = 0; wave < arena.waves; wave += 1) {
    const beganAtMs = performance.now();
    while (performance.now() - beganAtMs < HELD_BACK_MS) {
      answer();
      await Bun.sleep(10); // pace of the look, for as long as the answers are held back
    }
    if (arena.waves > 1) series.push(await pointOf(arena));
  }
  const refused = sumOf((await ask<AgentStatus>(arena.site, DEVICE)).packets.refused);
  await arena.net.path([]);
  await untilAudit(agent, 'ATTACHED after all', isAttached, 30_000);
  const outcome = await during(
    arena,
    'spoofed hub, handshake',
    async () => ({
      sent,
      notes: [`${refused} refused by the device, ${cookies} made-up cookies taken and of no use`],
      faults: [
        ...(agent.stdout.some((line) => line.includes('clock_hint_used'))
          ? ['the device believed a forged clock']
          : []),
        ...(sent > 0 ? [] : ['there was no handshake to answer']),
        ...(refused + cookies >= sent
          ? []
          : [`${sent - refused - cookies} of ${sent} not counted`]),
      ],
      ...(arena.waves > 1 ? { series } : {}),
    }),
    { isAllCounted: false, waves: 1 },
  );
  return outcome;
}

/** A clock hint that says ten years from today, for whoever believed it without its tag. */
function futureHint(index: number): Uint8Array {
  const hint = new Uint8Array(CLOCK_HINT_BYTES);
  hint.set([MESSAGE_TYPE.clockHint, SESSION_VERSION, 0, 0]);
  writeU32(hint, 4, index);
  hint.set(timestampOf(Date.now() + TEN_YEARS_MS), 32);
  return hint;
}

/** Unreachable of every kind and "fragmentation needed" with tiny MTUs, quoting the real flow, to both ends. */
export async function spoofIcmp(arena: Arena): Promise<Outcome> {
  return during(
    arena,
    'spoofed ICMP',
    async () => {
      const end = await arena.deviceEnd();
      const cables = { lan: arena.tap('lan'), wan: arena.tap('wan') };
      const toHub = arena.forger();
      const toDevice = arena.forger(end);
      const fromDevice = udpHeaders(end, HUB_END, 1_200);
      const fromHub = udpHeaders(HUB_END, end, 1_200);
      let sent = 0;
      const send = (error: { type: number; code: number; mtuBytes?: number }) => {
        sent += Number(
          toDevice.sendPacket(icmpError(ROUTER_ADDRESS, DEVICE_ADDRESS, error, fromDevice)),
        );
        sent += Number(toHub.sendPacket(icmpError(ROUTER_ADDRESS, HUB_OUTER, error, fromHub)));
      };
      for (let round = 0; round < 40; round += 1) {
        for (let code = 0; code <= 15; code += 1) {
          if (code !== 4) send({ type: ICMP_UNREACHABLE, code });
        }
        for (const mtuBytes of PROBE_MTU) send({ type: ICMP_UNREACHABLE, code: 4, mtuBytes });
        await Bun.sleep(10); // a steady flow: kernels limit how many errors they look at
      }
      for (const cable of Object.values(cables)) cable.packets();
      await Bun.sleep(AFTERWARDS_MS);
      const [lan, wan] = [cables.lan.packets(), cables.wan.packets()];
      const fragments = [...lan, ...wan].filter(isFragment).length;
      const longest = Math.max(
        0,
        ...[...lan, ...wan].flatMap((packet) => readUdp(packet, 0)?.payload.length ?? 0),
      );
      return {
        sent,
        notes: [`afterwards ${fragments} fragments on the cables, longest datagram ${longest} B`],
        faults:
          fragments === 0
            ? []
            : [`forged ICMP made the ends cut their datagrams: ${fragments} fragments`],
      };
    },
    { isAllCounted: false },
  );
}
