/**
 * Goal: what a cut swallows comes out of the tunnel all the same, once, before what was sent after it.
 * Method: one agent and one hub; packets go into both ends while a link is cut, and are counted where they come out.
 */
import { expect, test } from 'bun:test';
import { loadPolicy } from '../../../policies/load.ts';
import type { Policy } from '../../../policies/schema.ts';
import { decodeFrame } from '../../../session/wire/decode.ts';
import {
  MESSAGE_TYPE,
  TRANSPORT_BYTES_MIN,
  TRANSPORT_HEADER_BYTES,
} from '../../../session/wire/messages.ts';
import { fastPrimitives } from './primitives.ts';
import { DEVICE_INNER, HUB_INNER, packet, Rig } from './rig.ts';

const START_MS = 30_000;
const GAP_MS = 5;

function attached(policy: Policy | null = null): Rig {
  const rig = new Rig(fastPrimitives);
  rig.devicePolicy = policy;
  rig.hubPolicy = policy;
  rig.boot();
  expect(rig.runUntil(() => rig.isAttached, START_MS)).toBe(true);
  rig.run(2_000);
  return rig;
}

const marks = (packets: readonly Uint8Array[]) => packets.map((one) => one[20]!);

/** `packet` with zeros behind it, so that it has so many bytes. */
function filled(packet: Uint8Array, bytes: number): Uint8Array {
  const made = new Uint8Array(bytes);
  made.set(packet);
  new DataView(made.buffer).setUint16(2, bytes);
  return made;
}

/** Packets with the marks 0…`count` − 1 at both ends, one each every 5 ms; `cutAt` happens before that one. */
function flow(rig: Rig, count: number, cutAt: number, cut: () => void, bytes = 60): void {
  for (let mark = 0; mark < count; mark++) {
    if (mark === cutAt) cut();
    rig.fromAgent(filled(packet(DEVICE_INNER, HUB_INNER, mark), bytes));
    rig.fromHub(filled(packet(HUB_INNER, DEVICE_INNER, mark), bytes));
    rig.run(GAP_MS);
  }
}

for (const kind of ['carrier', 'silent'] as const) {
  test(`${kind}: nothing is lost, nothing comes twice, and older goes first`, () => {
    const rig = attached();
    flow(rig, 240, 20, () => {
      if (kind === 'carrier') rig.setCarrier('eth0', false);
      else rig.silence('eth0', true);
    });
    rig.run(2_000);
    expect(rig.agent.device?.activeId).toBe(2);
    const all = sequence(0, 240);
    const up = marks(rig.hubTun.takeDelivered());
    const down = marks(rig.agentTun.takeDelivered());
    expect(up).toEqual(all);
    expect(down).toEqual(all);
    expect(rig.violations).toEqual([]);
  });
}

const sequence = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => from + at);

test('rekeyed in the middle: what either keypair sealed comes out', () => {
  const rig = attached();
  flow(rig, 2, -1, () => {});
  // Keys are renewed 120 s after the first data packet.
  rig.run(119_900);
  rig.hubTun.takeDelivered();
  rig.agentTun.takeDelivered();
  const isRotated = () => rig.audit.some(({ reasonCode }) => reasonCode === 'channel_rotated');
  expect(isRotated()).toBe(false);
  let cutAt = -1;
  for (let mark = 0; mark < 240; mark++) {
    if (cutAt < 0 && isRotated()) {
      cutAt = mark;
      rig.silence('eth0', true);
    }
    rig.fromAgent(packet(DEVICE_INNER, HUB_INNER, mark));
    rig.fromHub(packet(HUB_INNER, DEVICE_INNER, mark));
    rig.run(GAP_MS);
  }
  rig.run(2_000);
  expect(cutAt).toBeGreaterThan(0);
  expect(rig.agent.device?.activeId).toBe(2);
  expect(marks(rig.hubTun.takeDelivered())).toEqual(sequence(0, 240));
  expect(marks(rig.agentTun.takeDelivered())).toEqual(sequence(0, 240));
  expect(rig.violations).toEqual([]);
});

const TAG_BYTES = TRANSPORT_BYTES_MIN - TRANSPORT_HEADER_BYTES;

function isReceived(bytes: Uint8Array): boolean {
  if (bytes[0] !== MESSAGE_TYPE.control) return false;
  const frame = decodeFrame(bytes.subarray(TRANSPORT_HEADER_BYTES, bytes.length - TAG_BYTES));
  return frame.ok && frame.value.type === 'received';
}

test('a peer that knows nothing of it: nothing is sent again, and everything works', () => {
  const rig = attached();
  rig.swallows = isReceived;
  flow(rig, 240, 20, () => rig.silence('eth0', true));
  rig.run(2_000);
  const up = marks(rig.hubTun.takeDelivered());
  const down = marks(rig.agentTun.takeDelivered());
  for (const arrived of [up, down]) {
    expect(new Set(arrived).size).toBe(arrived.length);
    expect(arrived.slice(0, 15)).toEqual(sequence(0, 15));
    expect(arrived.slice(-50)).toEqual(sequence(190, 240));
    expect(arrived.length).toBeLessThan(240);
  }
  expect(rig.agent.status()?.packets.resend.datagrams).toBe(0);
  expect(rig.hub.status()?.resend.datagrams).toBe(0);
  expect(rig.violations).toEqual([]);
});

test('one RECEIVED is lost: it is said again, and nothing is missing all the same', () => {
  const rig = attached();
  let left = 1;
  rig.swallows = (bytes) => isReceived(bytes) && left-- > 0;
  flow(rig, 240, 20, () => rig.silence('eth0', true));
  rig.run(2_000);
  expect(left).toBeLessThanOrEqual(0);
  for (const tun of [rig.hubTun, rig.agentTun]) {
    expect(marks(tun.takeDelivered()).sort((a, b) => a - b)).toEqual(sequence(0, 240));
  }
  expect(rig.violations).toEqual([]);
});

/** One slot: 45 packets of 1,400 bytes. */
function smallestBuffer(): Policy {
  const loaded = loadPolicy({ resend: { buffer_bytes: 65_536 } });
  if (!loaded.ok) throw new Error('the policy does not load');
  return loaded.policy;
}

test('a buffer too small for the cut: each end counts as gone what the other never gets, and nothing else', () => {
  const rig = attached(smallestBuffer());
  const missing = { up: 0, down: 0 };
  for (const cut of [60, 100, 140, 180]) {
    const link = rig.agent.device?.activeId === 1 ? 'eth0' : 'wlan0';
    flow(rig, 240, cut, () => rig.silence(link, true), 1_400);
    rig.run(2_000);
    rig.silence(link, false);
    rig.run(10_000);
    missing.up += 240 - rig.hubTun.takeDelivered().length;
    missing.down += 240 - rig.agentTun.takeDelivered().length;
  }
  const device = rig.agent.status()!.packets;
  const hub = rig.hub.status()!;
  expect([device.heldDropped, hub.counters['no_route']]).toEqual([0, 0]);
  expect(device.resend).toMatchObject({ gone: missing.up, tooOld: 0, overPace: 0 });
  expect(hub.resend).toMatchObject({ gone: missing.down, tooOld: 0, overPace: 0 });
  expect(Math.min(missing.up, missing.down)).toBeGreaterThan(0);
  expect(rig.violations).toEqual([]);
});
