/**
 * A seat with a store in memory. The store answers at once unless a test takes `store` over.
 *
 * @module
 */
import type { AuditEvent } from '../../../../session/audit.ts';
import type { DataRoute, SeatEffect, SeatEvent } from '../../../../session/hub/event.ts';
import type { SeatConfig, SeatLimits } from '../../../../session/hub/limits.ts';
import type { SessionRecord } from '../../../../session/hub/record.ts';
import { newSeat, nextDeadline, type Seat, step } from '../../../../session/hub/seat.ts';
import type { ReasonCode } from '../../../../session/reasons.ts';
import type { Frame } from '../../../../session/wire/frames.ts';

export const LIMITS: SeatLimits = {
  sessionTtlMs: 86_400_000,
  transportTtlMs: 60_000,
  recoveryWindowMs: 30_000,
  birthDeadlineMs: 60_000,
  resendMaxAgeMs: 2_000,
  maxSwitchesPerMinute: 8,
  cooldownMs: 1_500,
  reattachPerMinute: 30,
  silenceMs: 5_000,
  allowedLinkKinds: ['ethernet', 'wifi', 'lte'],
};

const TICKS_MAX = 1_000;

export type SendEffect = Extract<SeatEffect, { kind: 'send' }>;
export type SwapEffect = Extract<SeatEffect, { kind: 'swap' }>;
type Distributive<T> = T extends unknown ? Omit<T, 'atMs'> : never;

export class Rig {
  nowMs = 1_000_000;
  config: SeatConfig;
  seat: Seat;
  record: SessionRecord | null;
  route: DataRoute | null = null;
  /** What the last `feed` or `run` brought about. */
  effects: SeatEffect[] = [];
  readonly events: AuditEvent[] = [];
  /** `answer`: compare and swap at once. `hold`: swaps pile up in `held`. */
  store: 'answer' | 'hold' = 'answer';
  held: SwapEffect[] = [];
  /** Watches the store from outside. */
  onWrite: (before: SessionRecord | null, after: SessionRecord) => void = () => {};
  lives = 1;
  channels = 0;

  constructor(limits: Partial<SeatLimits> = {}, record: SessionRecord | null = null) {
    this.config = {
      hubId: 'hub-a',
      device: 'ZGV2aWNl',
      inner4: '10.77.0.5/32',
      inner6: null,
      routes: ['10.79.0.0/24'],
      ciphers: ['aes-256-gcm', 'chacha20-poly1305'],
      seed: new Uint8Array(32).fill(1),
      limits: { ...LIMITS, ...limits },
    };
    this.record = record;
    this.seat = newSeat(record, this.nowMs, this.config);
  }

  feed(event: Distributive<SeatEvent>): SeatEffect[] {
    this.effects = [];
    this.#feed(event);
    return this.effects;
  }

  #feed(event: Distributive<SeatEvent>): void {
    const next = step(this.seat, { ...event, atMs: this.nowMs } as SeatEvent, this.config);
    this.seat = next.seat;
    this.effects.push(...next.effects);
    const swaps: SwapEffect[] = [];
    for (const effect of next.effects) {
      if (effect.kind === 'route') this.route = effect.route;
      if (effect.kind === 'report') this.events.push(effect.event);
      if (effect.kind === 'swap') swaps.push(effect);
    }
    for (const swap of swaps) {
      if (this.store === 'answer') this.#answer(swap);
      else this.held.push(swap);
    }
  }

  #answer(swap: SwapEffect): void {
    const isMatch = this.write(swap);
    const { swapId } = swap;
    const outcome = isMatch ? 'committed' : 'mismatch';
    this.#feed({ kind: 'swapped', swapId, outcome, current: isMatch ? null : this.record });
  }

  /** Compare and swap in the store; tell nobody. */
  write({ expectedRevision, record }: SwapEffect): boolean {
    if ((this.record?.revision ?? 0) !== expectedRevision) return false;
    this.onWrite(this.record, record);
    this.record = record;
    return true;
  }

  /** Answer the oldest held swap. */
  release(outcome: 'answer' | 'unknown' = 'answer'): SeatEffect[] {
    this.effects = [];
    const swap = this.held.shift();
    if (swap === undefined) throw new Error('no swap is held');
    if (outcome === 'unknown') {
      this.#feed({ kind: 'swapped', swapId: swap.swapId, outcome, current: null });
    } else this.#answer(swap);
    return this.effects;
  }

  /** Let time pass, with a tick at every deadline on the way. */
  run(ms: number): SeatEffect[] {
    this.effects = [];
    const untilMs = this.nowMs + ms;
    for (let ticks = 0; ; ticks++) {
      if (ticks > TICKS_MAX) throw new Error('the seat ticks without end');
      const dueAtMs = nextDeadline(this.seat);
      if (dueAtMs === null || dueAtMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, dueAtMs);
      this.#feed({ kind: 'tick' });
    }
    this.nowMs = untilMs;
    return this.effects;
  }

  /** The hub process dies and comes back with what the store holds. */
  restart(afterMs = 500): SeatEffect[] {
    this.nowMs += afterMs;
    this.lives += 1;
    this.config = { ...this.config, seed: new Uint8Array(32).fill(this.lives) };
    this.route = null;
    this.held = [];
    this.store = 'answer';
    this.seat = newSeat(this.record, this.nowMs, this.config);
    return this.run(0);
  }

  sent(type: Frame['type']): SendEffect[] {
    return this.effects.filter(
      (effect): effect is SendEffect => effect.kind === 'send' && effect.frame.type === type,
    );
  }

  /** The one frame of `type` that the last feed sent. */
  frame<Type extends Frame['type']>(type: Type): Extract<Frame, { type: Type }> {
    const [only, ...more] = this.sent(type);
    if (only === undefined || more.length > 0) {
      const kinds = this.effects.map((effect) =>
        effect.kind === 'send' ? JSON.stringify(effect.frame) : effect.kind,
      );
      throw new Error(`one ${type} expected, got ${kinds.join(' ')}`);
    }
    return only.frame as Extract<Frame, { type: Type }>;
  }

  refusal(): ReasonCode {
    return this.frame('reject').reasonCode;
  }

  /** Reports of the last feed, as `event reason`. */
  reports(kind?: AuditEvent['event']): string[] {
    return this.effects
      .filter((effect) => effect.kind === 'report')
      .filter(({ event }) => kind === undefined || event.event === kind)
      .map(({ event }) => {
        const move = event.from === null ? '' : ` ${event.from}→${event.to}`;
        return `${event.event} ${event.reasonCode}${move}`;
      });
  }

  dropped(): { channelId: number; refuseForMs: number }[] {
    return this.effects
      .filter((effect) => effect.kind === 'dropChannel')
      .map(({ channelId, refuseForMs }) => ({ channelId, refuseForMs }));
  }
}
