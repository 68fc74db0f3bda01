/**
 * A numbered flow of datagrams in each direction through the tunnel of `gw1`, both at once.
 *
 * @module
 */
import { UdpFlow } from '../lab/demo/flow.ts';
import { monotonicMs } from '../lab/libc.ts';
import { SERVER } from '../lab/plan.ts';
import { eventually } from '../lab/process.ts';
import type { Site } from '../lab/site.ts';
import type { Topology } from '../lab/topology.ts';

export interface FlowPair {
  /** At the server. */
  readonly upPort: number;
  /** At the device. */
  readonly downPort: number;
  /** Datagrams a second, each way. */
  readonly rate: number;
}

/** The uplink, then the downlink. They run until they are finished or stopped. */
export async function startFlowPair(
  net: Topology,
  site: Site,
  { upPort, downPort, rate }: FlowPair,
): Promise<UdpFlow[]> {
  const { inner4 } = await site.status<{ inner4: string }>('device', 'gw1');
  const up = `${SERVER.v4}:${upPort}`;
  const listen = `0.0.0.0:${downPort}`;
  const target = `${inner4.replace(/\/.*$/, '')}:${downPort}`;
  const uplink = { name: 'uplink', from: 'device', to: 'server', listen: up, target: up } as const;
  const downlink = { name: 'downlink', from: 'server', to: 'device', listen, target } as const;
  return [await UdpFlow.start(net, uplink, rate), await UdpFlow.start(net, downlink, rate)];
}

/** So many datagrams that are sent from here on have arrived, each way. */
export async function untilArrived(flows: readonly UdpFlow[], count: number): Promise<void> {
  const sinceMs = monotonicMs();
  for (const flow of flows) {
    await eventually(
      `${count} datagrams of the ${flow.name}`,
      () => flow.arrivedAtMs(count, sinceMs) !== null,
      15_000,
    );
  }
}

export async function stopFlows(flows: readonly UdpFlow[]): Promise<void> {
  for (const { source, sink } of flows) {
    await source.stop();
    await sink.stop();
  }
}
