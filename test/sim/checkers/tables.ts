/**
 * I11 bounded-memory, as operators see it: what status commands of running processes tell of queues and tables.
 *
 * The lists inside the cores are asserted by the product itself; here a process that grows is seen from outside.
 *
 * @module
 */
import { overfull } from '../../../session/invariants/boundedMemory.ts';
import type { DeviceSite } from '../site/deviceSite.ts';
import type { HubSite } from '../site/hubSite.ts';
import type { Report } from './watch.ts';

/** As `agent/dataPath.ts` holds packets that wait, and `hub/sessionData.ts`. */
const HELD_PACKETS_MAX = 4_096;
const HELD_AT_HUB_MAX = 512;
/** Chosen: sessions keep at most 8 (session/hub/state.ts), handshakes under way come on top. */
const CHANNELS_PER_DEVICE_MAX = 16;

export function judgeTables(
  report: Report,
  devices: readonly DeviceSite[],
  hubs: readonly HubSite[],
): void {
  // One that sleeps is not asked: what waits for it when it wakes would be the observer's doing.
  for (const { name, machine, process } of devices.filter(isAwake)) {
    machine.act(() => {
      const held = process.status()?.packets.held ?? 0;
      report('heldAtDevice', name, overfull([{ name: 'held', size: held, max: HELD_PACKETS_MAX }]));
    });
  }
  const channelsMax = CHANNELS_PER_DEVICE_MAX * devices.length;
  for (const { name, machine, process } of hubs.filter(isAwake)) {
    machine.act(() => {
      const channels = process.status()?.channels ?? 0;
      const held = Math.max(0, ...process.peers().map((peer) => peer.held));
      const sizes = [
        { name: 'channels', size: channels, max: channelsMax },
        { name: 'held', size: held, max: HELD_AT_HUB_MAX },
      ];
      report('tablesAtHub', name, overfull(sizes));
    });
  }
}

const isAwake = ({ machine }: DeviceSite | HubSite) => machine.isAwake;
