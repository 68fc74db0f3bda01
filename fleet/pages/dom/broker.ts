/**
 * Whether the server hears the broker. While it does not, the stream is live and the figures are old all the same.
 *
 * @module
 */
import type { Overview } from '../answers.ts';
import { named, say } from './element.ts';

export function showBroker({ connected }: Overview): void {
  const place = named('broker', HTMLElement);
  const isHeard = connected !== false;
  place.hidden = isHeard;
  const told = 'The server does not hear the broker: devices are shown as they were.';
  say(place, isHeard ? '' : told);
}
