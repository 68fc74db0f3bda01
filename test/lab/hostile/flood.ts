/**
 * Sends datagrams at a rate from many source addresses: templates with bytes that change from one to the next.
 *
 * ```text
 * flood.ts FILE      FILE: a `FloodOrder` as JSON; runs in the namespace that it is to send from
 * {"event":"flooded","sent":…,"bytes":…,"refused":…,"seconds":…,"rate":…}
 * ```
 *
 * `rate` is what was reached, not what was asked for. A mac1 is computed for each datagram where the order names the
 * public key it is for. Seeded: the same order sends the same datagrams.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { macKeysOf, writeMacs } from '../../../session/channel/macs.ts';
import { report } from '../flows/command.ts';
import { monotonicMs } from '../libc.ts';
import { newRandom } from '../random.ts';
import { ipv4Number, type UdpEnd } from './packet.ts';
import { Forger } from './raw.ts';

export interface FloodOrder {
  readonly target: UdpEnd;
  readonly perSecond: number;
  readonly seconds: number;
  /** Sources are `base` + 0…count−1, each with a port that goes around. */
  readonly sources: { readonly base: string; readonly count: number };
  /** Hex; they take turns. */
  readonly templates: readonly string[];
  /** Bytes that are random in each datagram. Beyond the end of a template nothing happens. */
  readonly random: readonly { readonly at: number; readonly bytes: number }[];
  /** Hex: make a valid mac1 for whoever has this public key. */
  readonly mac1Key: string | null;
  readonly seed: number;
}

export interface Flooded {
  readonly event: 'flooded';
  readonly sent: number;
  readonly bytes: number;
  readonly refused: number;
  readonly seconds: number;
  readonly rate: number;
}

/** Chosen: small enough to be a steady flow, large enough that sleeping costs nothing. */
const TICK_MS = 2;

export async function flood(order: FloodOrder): Promise<Flooded> {
  using forger = new Forger(order.target);
  const next = newRandom(order.seed, 'flood');
  const templates = order.templates.map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));
  const keys = order.mac1Key === null ? null : macKeysOf(Buffer.from(order.mac1Key, 'hex'));
  const base = ipv4Number(order.sources.base);
  const beganAtMs = monotonicMs();
  const wanted = order.perSecond * order.seconds;
  let refused = 0;
  for (let at = 0; at < wanted; ) {
    const elapsedMs = monotonicMs() - beganAtMs;
    // A machine that is busy with others falls behind; it stops in time all the same.
    if (elapsedMs > order.seconds * 1_500) break;
    const due = Math.min(wanted, Math.floor((elapsedMs * order.perSecond) / 1_000));
    for (; at < due; at += 1) {
      const datagram = templates[at % templates.length]!;
      for (const range of order.random) fill(datagram, range, next);
      if (keys !== null) writeMacs(datagram, keys, null);
      const source = (base + (at % order.sources.count)) >>> 0;
      if (!forger.sendFrom(datagram, source, 1_024 + (at % 60_000))) refused += 1;
    }
    await Bun.sleep(TICK_MS);
  }
  const seconds = (monotonicMs() - beganAtMs) / 1_000;
  const { sentCount: sent, sentBytes: bytes } = forger;
  return { event: 'flooded', sent, bytes, refused, seconds, rate: Math.round(sent / seconds) };
}

function fill(
  datagram: Uint8Array,
  { at, bytes }: { readonly at: number; readonly bytes: number },
  next: () => number,
): void {
  const end = Math.min(datagram.length, at + bytes);
  for (let place = at; place < end; place += 4) {
    const word = (next() * 2 ** 32) >>> 0;
    for (let i = 0; i < 4 && place + i < end; i += 1) datagram[place + i] = word >>> (8 * i);
  }
}

if (import.meta.main) {
  const order = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as FloodOrder;
  report({ ...(await flood(order)) });
}
