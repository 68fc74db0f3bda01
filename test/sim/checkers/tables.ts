/**
 * I11 bounded-memory, as operators see it: what status commands of running processes tell of queues and tables, and
 * whether every packet that they took from their tun was sent, waits, or is in a counter.
 *
 * The lists inside the cores are asserted by the product itself; here a process that grows, or loses something, is
 * seen from outside.
 *
 * @module
 */
import type { TunnelStatus } from '../../../agent/status.ts';
import { COUNTER_OF_REFUSAL } from '../../../hub/counters.ts';
import { overfull, type Passage, uncounted } from '../../../session/invariants/boundedMemory.ts';
import type { SealRefusal } from '../../../session/sealer.ts';
import type { Machine } from '../machine/machine.ts';
import type { AgentProcess } from '../process/agentProcess.ts';
import type { HubProcess } from '../process/hubProcess.ts';
import type { SimTun } from '../traffic/simTun.ts';
import type { Report } from './watch.ts';

/** As `agent/dataPath.ts` holds packets that wait, and `hub/sessionData.ts`. */
const HELD_PACKETS_MAX = 4_096;
const HELD_AT_HUB_MAX = 512;
/** Chosen: sessions keep at most 8 (session/hub/state.ts), handshakes under way come on top. */
const CHANNELS_PER_DEVICE_MAX = 16;
/** Nobody sends packets from the other end that are counted under one of these. */
const SEAL_REFUSALS = [
  'malformed_packet',
  'packetTooBig',
] as const satisfies readonly SealRefusal[];
const DROPPED_AT_HUB = [
  'no_destination',
  'no_route',
  ...SEAL_REFUSALS.map((code) => COUNTER_OF_REFUSAL[code]),
] as const;
/** Frames that found their keys too old are counted under it as well. */
const EXPIRED: SealRefusal = 'counterExhausted';

interface Asked {
  readonly name: string;
  readonly machine: Pick<Machine, 'isAwake' | 'act'>;
  readonly tun: Pick<SimTun, 'readCount'>;
}

export interface AskedDevice extends Asked {
  readonly process: Pick<AgentProcess, 'turn' | 'status'>;
}

export interface AskedHub extends Asked {
  readonly process: Pick<HubProcess, 'turn' | 'status' | 'peers'>;
}

export function judgeTables(
  report: Report,
  devices: readonly AskedDevice[],
  hubs: readonly AskedHub[],
  onStatus: (device: string, status: TunnelStatus) => void,
): void {
  // One that sleeps is not asked: what waits for it when it wakes would be the observer's doing.
  for (const device of devices.filter(isAwake)) {
    device.machine.act(() => judgeDevice(report, device, onStatus));
  }
  const channelsMax = CHANNELS_PER_DEVICE_MAX * devices.length;
  for (const hub of hubs.filter(isAwake)) {
    hub.machine.act(() => judgeHub(report, hub, channelsMax));
  }
}

const isAwake = ({ machine }: Asked) => machine.isAwake;

function judgeDevice(
  report: Report,
  { name, process, tun }: AskedDevice,
  onStatus: (device: string, status: TunnelStatus) => void,
): void {
  // Nothing waits in the tun after a turn, so that the answer is about all that was ever in it.
  process.turn();
  const status = process.status();
  if (status === null) return;
  onStatus(name, status);
  const { held, heldDropped, sent, refused } = status.packets;
  report('heldAtDevice', name, overfull([{ name: 'held', size: held, max: HELD_PACKETS_MAX }]));
  const dropped = SEAL_REFUSALS.reduce((sum, code) => sum + (refused[code] ?? 0), heldDropped);
  const passage = { name: 'tun', offered: tun.readCount, handedOn: sent, held, dropped };
  report('countedAtDevice', name, uncounted(withExpired(passage, refused[EXPIRED] ?? 0)));
}

/** Of what is counted for packets and frames alike, `expired`, only as many as there are packets missing. */
function withExpired(passage: Passage, expired: number): Passage {
  const { offered, handedOn, held, dropped } = passage;
  const missing = Math.max(0, offered - handedOn - held - dropped);
  return { ...passage, dropped: dropped + Math.min(missing, expired) };
}

function judgeHub(report: Report, { name, process, tun }: AskedHub, channelsMax: number): void {
  process.turn();
  const status = process.status();
  if (status === null) return;
  const waiting = process.peers().map((peer) => peer.held);
  const sizes = [
    { name: 'channels', size: status.channels, max: channelsMax },
    { name: 'held', size: Math.max(0, ...waiting), max: HELD_AT_HUB_MAX },
  ];
  report('tablesAtHub', name, overfull(sizes));
  const held = waiting.reduce((sum, count) => sum + count, 0);
  const dropped = DROPPED_AT_HUB.reduce((sum, code) => sum + (status.counters[code] ?? 0), 0);
  const { sent: handedOn } = status.packets;
  const passage = { name: 'tun', offered: tun.readCount, handedOn, held, dropped };
  const expired = status.counters[COUNTER_OF_REFUSAL[EXPIRED]] ?? 0;
  report('countedAtHub', name, uncounted(withExpired(passage, expired)));
}
