/**
 * Processes of which nothing is there but what they answer to a status command.
 *
 * @module
 */
import {
  newPacketCounters,
  type PacketCounters,
  type TunnelStatus,
} from '../../../../agent/status.ts';
import type { TunnelStatus as HubStatus, PeerStatus } from '../../../../hub/messages.ts';
import { type AskedDevice, type AskedHub, judgeTables } from '../../../sim/checkers/tables.ts';
import { invariantOf } from '../../../sim/checkers/watch.ts';

const machine = { isAwake: true, act: (work: () => void) => work() };

export const device = (readCount: number, packets: Partial<PacketCounters>): AskedDevice => ({
  ...{ name: 'device-0', machine, tun: { readCount } },
  process: {
    turn: () => {},
    status: () => ({ packets: { ...newPacketCounters(), ...packets } }) as TunnelStatus,
  },
});

interface Told {
  readonly channels?: number;
  readonly sent?: number;
  readonly held?: readonly number[];
  readonly counters?: Readonly<Record<string, number>>;
}

export const hub = (
  readCount: number,
  { channels = 0, sent = 0, held = [], counters = {} }: Told,
): AskedHub => ({
  ...{ name: 'hub-0', machine, tun: { readCount } },
  process: {
    turn: () => {},
    status: () => ({ channels, packets: { sent }, counters }) as unknown as HubStatus,
    peers: () => held.map((count) => ({ held: count }) as PeerStatus),
  },
});

/** The rules that they break. */
export function judged(devices: readonly AskedDevice[], hubs: readonly AskedHub[]): string[] {
  const rules: string[] = [];
  const report = (checker: string, _: string, fault: string | null) => {
    if (fault !== null) rules.push(`${invariantOf(fault)} ${checker}`);
  };
  judgeTables(report, devices, hubs, () => {});
  return rules;
}
