import { expect, test } from 'bun:test';
import { Random } from '../../../sim/random.ts';
import { Joiner } from './joining.ts';
import { parseDelivered } from './parse.ts';
import { randomPacket } from './traffic.ts';
import { cut, encodeMarked, encodeWhole, FIN, type Packet, PSH } from './twin.ts';

const SEEDS = process.env['SLICE'] === '1' ? 4 : 20;

const flowOf = (packet: Packet) =>
  [
    packet.version,
    packet.protocol,
    packet.source,
    packet.target,
    packet.sourcePort,
    packet.targetPort,
  ].join();

/** With DF set an id means nothing, and joining renumbers it. */
const comparable = (packet: Packet) =>
  encodeWhole(packet.dontFragment ? { ...packet, id: 0 } : packet);

/** One flow's packets, mostly joinable, with everything that may break a run in between. */
function randomFlow(random: Random, twin: Packet | null): Packet[] {
  const segmentBytes = random.between(1, 400);
  let base = randomPacket(random, 0);
  // The same addresses as another flow, told apart by a port.
  if (twin !== null) base = { ...twin, sourcePort: twin.sourcePort ^ (1 << random.below(16)) };
  const packets: Packet[] = [];
  for (let burst = 0; burst < 5; burst++) {
    const payload = [...random.bytes(random.below(segmentBytes * 12))];
    const sent = cut({ ...base, payload }, segmentBytes);
    packets.push(...sent);
    const last = sent[sent.length - 1]!;
    base = {
      ...base,
      id: (last.id + 1) % 65536,
      sequence: base.protocol === 6 ? (last.sequence + last.payload.length) % 2 ** 32 : 0,
      flags:
        base.protocol === 6 ? 16 + (random.chance(30) ? PSH : 0) + (random.chance(5) ? FIN : 0) : 0,
    };
    if (random.chance(20)) base = { ...base, trafficClass: random.below(256) };
    if (random.chance(20)) base = { ...base, ttl: random.below(256) };
    if (random.chance(20)) base = { ...base, id: base.version === 4 ? random.below(65536) : 0 };
    if (base.protocol === 6 && random.chance(20)) base = { ...base, window: random.below(65536) };
    if (base.protocol === 6 && random.chance(20)) base = { ...base, sequence: random.next() };
  }
  return packets;
}

/**
 * Goal: whatever is joined, cut again it is what went in, flow by flow in order, and nothing else.
 * Method: seeded flows, interleaved, more of them than runs; some packets with whole checksums.
 */
for (let seed = 1; seed <= SEEDS; seed++) {
  test(`what is joined and cut again is what went in, seed ${seed}`, () => {
    const random = new Random(seed);
    const flows: Packet[][] = [];
    for (let i = random.between(1, 12); i > 0; i--) {
      const twin = random.chance(40) ? (flows[flows.length - 1]?.[0] ?? null) : null;
      flows.push(randomFlow(random, twin));
    }
    const joiner = new Joiner();
    const sent = new Map<string, number[][]>();
    const received = new Map<string, number[][]>();
    const note = (log: Map<string, number[][]>, packet: Packet) => {
      const flow = flowOf(packet);
      log.set(flow, [...(log.get(flow) ?? []), comparable(packet)]);
    };
    let joined = 0;
    const deliver = () => {
      for (const frame of joiner.flush()) {
        const { packets } = parseDelivered(frame);
        for (const packet of packets) note(received, packet);
        joined += packets.length - 1;
      }
    };
    while (flows.some((flow) => flow.length > 0)) {
      const flow = flows[random.below(flows.length)]!;
      for (let burst = random.between(1, 8); burst > 0 && flow.length > 0; burst--) {
        const packet = flow.shift()!;
        note(sent, packet);
        const bytes = random.chance(5) ? encodeWhole(packet) : encodeMarked(packet);
        expect(joiner.add(bytes, random.below(8))).toBe(true);
      }
      if (random.chance(5)) deliver();
    }
    deliver();
    expect([...received.keys()].sort()).toEqual([...sent.keys()].sort());
    for (const [flow, packets] of sent) expect(received.get(flow)).toEqual(packets);
    expect(joined).toBeGreaterThan(0);
  });
}
