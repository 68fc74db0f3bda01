/**
 * What the fleet counts of the events of all devices, for `/metrics`. Pure.
 *
 * @module
 */
import { type EventNews, MISSING_WHYS, type TakenEvent } from './events.ts';

export class EventCounts {
  /** Each once. */
  received = 0;
  /** Of those, the ones that were sent late or by a later process. */
  historical = 0;
  /** Came again: at least once is what MQTT promises. */
  duplicates = 0;
  /** Beyond what a device has room for, or longer than any event: they are not in the history. */
  notKept = 0;
  /** How often numbers did not go on where they were. */
  gaps = 0;
  /** Events that are missing, by why; of `cut` at most so many. */
  readonly missing = { dropped: 0, cut: 0, lost: 0, while_away: 0 };

  count({ outcome, missing, changes }: TakenEvent, { isHistorical }: EventNews): void {
    if (outcome === 'duplicate') {
      this.duplicates += 1;
      return;
    }
    this.received += 1;
    if (isHistorical) this.historical += 1;
    this.gaps += changes.length;
    for (const why of MISSING_WHYS) this.missing[why] += missing[why];
  }
}
