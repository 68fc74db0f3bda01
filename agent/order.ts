/**
 * What a signed command or an operator at the device asks of the session, as an event of its core.
 *
 * Ending it ends nothing else: the process goes on, also where there is none to end. Other keys are those of the channel, asked for
 * as by their age: the device's own key is not touched.
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
  if (order !== 'rotate') return { kind: 'terminate', atMs, reasonCode: order };
  if (!carriesData(state) || channel === null) return 'no_binding';
  return { kind: 'channelDue', atMs, channelId: channel.channelId };
}
