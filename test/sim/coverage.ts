/**
 * Counts what happened, so that what never happens is noticed.
 *
 * @module
 */
import type { FaultKind, LinkChange } from './fault.ts';
import type { Coverage, PacketFate } from './outcome.ts';

export class Seen implements Coverage {
  readonly faults: Partial<Record<FaultKind, number>> = {};
  readonly fates: Partial<Record<PacketFate, number>> = {};
  readonly states: Record<string, number> = {};
  readonly reasons: Record<string, number> = {};
  readonly moments: Record<string, number> = {};

  fault(kind: FaultKind): void {
    this.faults[kind] = (this.faults[kind] ?? 0) + 1;
  }

  /** What is said of a link, and another address of it, is told apart: it is one fault with all others that links have. */
  link({ icmp, radio, addressNumber }: LinkChange): void {
    if (addressNumber !== undefined) this.moment('link gets another address');
    if (icmp !== undefined) this.moment(`link icmp ${icmp}`);
    if (radio !== undefined) this.moment(`link radio ${radio}`);
  }

  fate(fate: PacketFate): void {
    this.fates[fate] = (this.fates[fate] ?? 0) + 1;
  }

  state(name: string): void {
    this.states[name] = (this.states[name] ?? 0) + 1;
  }

  reason(code: string): void {
    this.reasons[code] = (this.reasons[code] ?? 0) + 1;
  }

  moment(name: string, count = 1): void {
    if (count > 0) this.moments[name] = (this.moments[name] ?? 0) + count;
  }
}
