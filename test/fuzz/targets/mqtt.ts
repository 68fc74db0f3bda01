/**
 * What an MQTT broker may answer: over a real connection on loopback, byte for byte as the tape says.
 *
 * Nothing is subscribed and no payload is read, so what comes in is CONNACK with its properties, PUBACK,
 * DISCONNECT, and whatever else a broker that means harm sends. MQTT.js parses it; our side of it is
 * `agent/broker.ts`. Held against it: nothing throws, here or in a callback; the end is told exactly
 * once, by a documented code and in one printable line; a report is delivered at most once.
 *
 * @module
 */
import type { Socket, TCPSocketListener } from 'bun';
import { Broker, type BrokerEnd } from '../../../agent/broker.ts';
import type { Random } from '../../sim/random.ts';
import { Tape, TapeWriter } from '../tape.ts';
import { demand, Finding, type Target } from '../target.ts';

const CODES: readonly BrokerEnd['code'][] = [
  ...(['unreachable', 'versionRefused', 'hungUp', 'refused', 'lost'] as const),
  ...(['silent', 'misbehaves', 'fileUnreadable', 'closed'] as const),
];
const CONNECT_MS_MAX = 1_000;
const WAIT_MS_MAX = 10_000;
const BLOCKS_MAX = 6;

/** First byte: bit 0 the version, bit 1 whether the device leaves by itself. Then what the broker sends, in pieces. */
export const mqtt: Target = {
  name: 'mqtt',
  what: 'the answers of an MQTT broker',
  covers: [
    ...['agent/broker.ts', 'agent/incomingLimits.ts', 'hal/mqtt/connection.ts'],
    ...['hal/mqtt/leave.ts', 'hal/mqtt/packetLimits.ts', 'hal/mqtt/packetSizes.ts'],
  ],
  bytesMax: 2_048,
  generate(random) {
    const tape = new TapeWriter().byte(random.below(4));
    for (let blocks = random.between(1, 4); blocks > 0; blocks--) tape.block(answer(random));
    return tape.done();
  },
  async judge(input) {
    const tape = new Tape(input);
    const how = tape.byte();
    const blocks: Uint8Array[] = [];
    while (tape.hasMore && blocks.length < BLOCKS_MAX) blocks.push(tape.block());
    let wasUp = false;
    const strayed: unknown[] = [];
    const stray = (error: unknown) => void strayed.push(error);
    process.on('uncaughtException', stray);
    process.on('unhandledRejection', stray);
    try {
      wasUp = await speak(how, blocks);
    } finally {
      process.off('uncaughtException', stray);
      process.off('unhandledRejection', stray);
    }
    if (strayed.length > 0) throw strayed[0];
    return wasUp ? 'accepted' : 'refused';
  },
};

/** One connection at a time: what the next one is answered. */
let script: readonly Uint8Array[] = [];
let listener: TCPSocketListener<{ isTalking: boolean }> | null = null;

function port(): number {
  listener ??= Bun.listen<{ isTalking: boolean }>({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open: (socket) => {
        socket.data = { isTalking: false };
      },
      data: (socket) => void say(socket),
      drain: () => {},
      error: () => {},
    },
  });
  listener.unref();
  return listener.port;
}

/** Behind the CONNECT, piece by piece; then the connection ends. */
async function say(socket: Socket<{ isTalking: boolean }>): Promise<void> {
  if (socket.data.isTalking) return;
  socket.data.isTalking = true;
  for (const block of script) {
    if (block.length > 0) socket.write(block);
    socket.flush();
    await Bun.sleep(0);
  }
  socket.end();
}

async function speak(how: number, blocks: readonly Uint8Array[]): Promise<boolean> {
  script = blocks;
  const ended = Promise.withResolvers<BrokerEnd>();
  const counts = { up: 0, ended: 0, outcomes: 0 };
  const report = { topic: 'jvpn/v1/a/b/health', payload: new Uint8Array([1]) };
  const broker: Broker = new Broker(
    {
      ...{ url: `mqtt://127.0.0.1:${port()}`, username: null, passwordFile: null, caFile: null },
      ...{ certificateFile: null, keyFile: null },
      format: 'cbor',
      ...{ clientId: 'fuzz', level: how & 1 ? 4 : 5, keepaliveMs: 60_000 },
      ...{ connectMaxMs: CONNECT_MS_MAX, will: report },
    },
    {
      onUp: () => {
        counts.up += 1;
        broker.publish(report, () => {
          counts.outcomes += 1;
        });
        if (how & 2 && how & 4) broker.close();
        else if (how & 2) broker.change();
      },
      onEnd: (end) => {
        counts.ended += 1;
        ended.resolve(end);
      },
    },
  );
  const patience = setTimeout(
    () => ended.reject(new Finding(`no end within ${WAIT_MS_MAX} ms`)),
    WAIT_MS_MAX,
  );
  const { code, detail } = await ended.promise.finally(() => clearTimeout(patience));
  await Bun.sleep(0);
  demand(CODES.includes(code), `a documented code: ${code}`);
  demand(/^[\x20-\x7e]{0,160}$/.test(detail), 'one printable line');
  demand(counts.ended === 1, 'the end is told once');
  demand(counts.up <= 1 && counts.outcomes <= 1, 'up once, and one outcome for a report');
  demand(!broker.isUp, 'what has ended is not up');
  return counts.up > 0;
}

function answer(random: Random): Uint8Array {
  const properties = [
    ...[
      [0x21, 0, random.below(3)],
      [0x24, random.below(3)],
      [0x25, random.below(3)],
    ],
    ...[
      [0x27, 0, 0, 0, random.below(256)],
      [0x12, 0, 1, 0x61],
      [0x13, 0, random.below(8)],
    ],
    ...[
      [0x1f, 0, 2, 0x1b, 0x5b],
      [0x26, 0, 1, 0x61, 0, 1, 0x62],
      [0x22, 0xff, 0xff],
    ],
  ].filter(() => random.chance(25));
  const flat = properties.flat();
  const reason = random.chance(70) ? 0 : [1, 2, 0x80, 0x84, 0x87, 0x9c][random.below(6)]!;
  switch (random.below(8)) {
    case 0:
    case 1:
    case 2:
      return Uint8Array.from([
        0x20,
        3 + flat.length,
        random.below(2),
        reason,
        flat.length,
        ...flat,
      ]);
    case 3:
      return Uint8Array.of(0x20, 2, random.below(2), reason);
    case 4:
      return Uint8Array.of(0x40, 2 + random.below(3), 0, random.below(3), reason, 0);
    case 5:
      return Uint8Array.of(0xe0, 2, reason, 0);
    case 6:
      return Uint8Array.of(0x30, 6, 0, 1, 0x61, 0, 1, 2);
    default:
      return random.bytes(random.below(40));
  }
}
