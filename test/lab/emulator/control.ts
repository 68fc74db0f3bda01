/**
 * What the emulator can be told while it runs: one JSON object a line, each answered by one line
 * `{"id":…,"ok":true,…}` or `{"id":…,"ok":false,"error":"…"}`.
 *
 * ```text
 * {"id":1,"op":"impair","link":"eth0","direction":"both","changes":{"delayMs":25}}
 * {"id":2,"op":"cut","link":"wlan0","direction":"out","on":true}
 * {"id":3,"op":"carrier","link":"eth0","up":false}
 * {"id":4,"op":"counters"}
 * ```
 *
 * @module
 */
import type { Impairment } from './impairment.ts';
import type { Direction, LaneCounters } from './lane.ts';

export type Directions = Direction | 'both';

export type Command =
  | {
      readonly op: 'impair';
      readonly link: string;
      readonly direction: Directions;
      readonly changes: Partial<Impairment>;
    }
  | {
      readonly op: 'cut';
      readonly link: string;
      readonly direction: Directions;
      readonly on: boolean;
    }
  | { readonly op: 'carrier'; readonly link: string; readonly up: boolean }
  | { readonly op: 'counters' };

export type Request = Command & { readonly id: number };

export type LinkCounters = Readonly<Record<Direction, LaneCounters>>;

/** Answer to a request; `counters` by link name if asked for; `atMs` (CLOCK_MONOTONIC) is when it took effect. */
export type Answer =
  | {
      readonly id: number;
      readonly ok: true;
      readonly atMs: number;
      readonly counters?: Readonly<Record<string, LinkCounters>>;
    }
  | { readonly id: number; readonly ok: false; readonly error: string };

/** The directions that `which` names; throws on anything else. */
export function directionsOf(which: Directions): readonly Direction[] {
  if (which === 'both') return ['out', 'in'];
  if (which === 'out' || which === 'in') return [which];
  throw new Error(`direction is ${JSON.stringify(which)}, allowed out, in, both`);
}
