/**
 * What a signed command asks of the session, as an event of its core.
 *
 * Ending it is what `jvpn terminate` asks for, with a reason of its own, and the process stays where there is none to end. Other
 * keys are those of the channel, asked for as by their age: the device's own key is not touched.
 *
 * @module
 */
import type { DeviceEvent } from '../session/device/event.ts';
import type { Device } from '../session/device/state.ts';
import { carriesData } from '../session/transitions.ts';
import type { NotOrdered, Order } from './messages.ts';

/** The event, or why nothing is begun. */
export function orderEvent(device: Device, order: Order, atMs: number): DeviceEvent | NotOrdered {
  const { state, channel } = device;
  if (state === 'TERMINATED') return 'session_over';
  if (order === 'terminate') return { kind: 'terminate', atMs, reasonCode: 'command_terminated' };
  if (!carriesData(state) || channel === null) return 'no_binding';
  return { kind: 'channelDue', atMs, channelId: channel.channelId };
}
