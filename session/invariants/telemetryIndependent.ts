/**
 * I10 telemetry-independent: no transition depends on a log, a metric or a broker being reachable.
 *
 * Nothing to assert at a moment: the core takes no event that telemetry could send. What telemetry does reach is the
 * shell, which it asks for its status while a broker is connected. So two runs of one seed that differ in telemetry
 * alone (a broker gone) have to move in the same way, at the same times.
 *
 * Source: docs/protocol.md, "Invariants". Compared by the simulator.
 *
 * @module
 */
import type { WatchedEvent } from './watchedEvent.ts';

/** What is wrong with two runs that may not differ, or null. */
export function divergence(quiet: readonly string[], loud: readonly string[]): string | null {
  const length = Math.max(quiet.length, loud.length);
  for (let at = 0; at < length; at++) {
    if (quiet[at] !== loud[at]) {
      return `I10: move ${at + 1} is ${quiet[at] ?? 'none'} in one run, ${loud[at] ?? 'none'} in the other`;
    }
  }
  return null;
}

/** The moves of one run, to be compared with those of another. */
export class MoveTrace {
  readonly #moves: string[] = [];

  get moves(): readonly string[] {
    return this.#moves;
  }

  /** @param writer whose event it is: one device, one hub. */
  see(writer: string, event: WatchedEvent): void {
    if (event.event !== 'transition' && event.event !== 'switch') return;
    const { atMs, from, to, reasonCode, stateVersion, detail } = event;
    const move = event.event === 'switch' ? 'switch' : `${from} → ${to}`;
    const facts = JSON.stringify(detail);
    this.#moves.push(`${writer} ${move} (${reasonCode}) v${stateVersion} at ${atMs} ${facts}`);
  }
}
