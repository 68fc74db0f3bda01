/**
 * Thirty days that a fleet has behind it, written into a database by the fleet's own code (`fleet/history.ts`).
 *
 * In the order of time, as it would have come: the rows of one device lie scattered over the whole file.
 *
 * @module
 */
import type { Change } from '../../../../fleet/change.ts';
import { type Closed, HOUR_MS, MINUTE_MS } from '../../../../fleet/day.ts';
import { type Device, newMemory } from '../../../../fleet/device.ts';
import { type History, openHistory } from '../../../../fleet/history.ts';
import { addRecoveries } from '../../../../fleet/latencies.ts';
import { newSpan, type Span } from '../../../../fleet/span.ts';
import { newRandom } from '../../random.ts';

export const DAYS = 30;
const HOURS = DAYS * 24;
/** Rows of one transaction: a history takes 100,000 at a time. */
const TOGETHER = 40_000;
/** Of one device, which flaps: that the slowest timeline is one of a device with a story. */
const BUSY_ROWS = 6_000;
export const BUSY = 'gw-00001';

const BINDINGS = ['eth0→198.51.100.1:51820', 'wwan0→198.51.100.1:51820'] as const;

interface Due {
  readonly hoursMs: readonly number[];
  readonly minutes: readonly Closed[];
  readonly rows: number;
}

export interface PastParts {
  readonly file: string;
  readonly devices: number;
  readonly rows: number;
  readonly nowMs: number;
}

/** Bytes of the file that hold something. */
export function writePast({ file, devices: count, rows, nowMs }: PastParts): number {
  const opened = openHistory(file, { retentionDays: DAYS + 1, bytesMax: 2 ** 31 });
  if (!opened.ok) throw new Error(opened.message);
  const history = opened.value;
  const dice = newRandom(1, 'past');
  const devices = Array.from({ length: count }, (_, at) => deviceOf(at));
  const beganMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS - HOURS * HOUR_MS;
  const isAway = new Uint8Array(count);
  let due: Due = { hoursMs: [], minutes: [], rows: 0 };
  for (let hour = 0; hour < HOURS; hour++) {
    const atMs = beganMs + hour * HOUR_MS;
    const busy = hourOf(hour, Math.min(BUSY_ROWS, rows));
    const others = hourOf(hour, Math.max(0, rows - BUSY_ROWS));
    for (let row = 0; row < busy + others; row++) {
      const at = row < busy ? 0 : Math.floor(dice() * count);
      isAway[at] = 1 - isAway[at]!;
      const whenMs = Math.floor(atMs + (row / (busy + others)) * HOUR_MS);
      history.remember(devices[at]!, [changeOf(isAway[at] === 1, whenMs, dice)]);
    }
    due = {
      hoursMs: [...due.hoursMs, atMs],
      minutes: [...due.minutes, ...minutesOf(atMs, count, dice)],
      rows: due.rows + busy + others,
    };
    if (due.rows < TOGETHER && hour < HOURS - 1) continue;
    write(history, due);
    due = { hoursMs: [], minutes: [], rows: 0 };
  }
  history.save(devices);
  while (history.prune(nowMs));
  const bytes = history.usedBytes();
  history.close();
  return bytes;
}

const hourOf = (hour: number, total: number) =>
  Math.floor(((hour + 1) * total) / HOURS) - Math.floor((hour * total) / HOURS);

function deviceOf(at: number): Device {
  const name = `gw-${String(at + 1).padStart(5, '0')}`;
  const nothing = {
    ...{ payload: null, former: null, connection: -1, eventsOn: -1 },
    ...{ heardOn: -1, heardLiveOn: -1, shownId: 0 },
  };
  return { ...newMemory(), id: at + 1, name, ...nothing };
}

/** By turns one that loses its link, and one that is back on the other. */
function changeOf(isLost: boolean, atMs: number, dice: () => number): Change {
  const more = { atMs, count: 1, isLate: false };
  if (!isLost) {
    const [from, to] = dice() < 0.5 ? BINDINGS : [BINDINGS[1], BINDINGS[0]];
    return dice() < 0.5
      ? { kind: 'switch', reason: 'reattach_accepted', from, to, ...more }
      : { kind: 'state', reason: 'reattach_accepted', from: 'RECOVERING', to: 'ATTACHED', ...more };
  }
  const [from, to] = ['ATTACHED', dice() < 0.5 ? 'RECOVERING' : 'VOLATILE'];
  return { kind: 'state', reason: 'carrier_lost', from, to, ...more };
}

function minutesOf(atMs: number, count: number, dice: () => number): Closed[] {
  return Array.from({ length: 60 }, (_, at) => ({
    atMs: atMs + at * MINUTE_MS,
    span: minuteOf(count, dice),
  }));
}

function write(history: History, { hoursMs, minutes }: Due): void {
  const isWritten = history.flush(minutes) && hoursMs.every((atMs) => history.sumHour(atMs));
  if (!isWritten || history.dropped > 0) {
    throw new Error(`the past cannot be written: ${history.lastError}`);
  }
}

function minuteOf(count: number, dice: () => number): Span {
  const span = newSpan();
  const recovering = Math.floor(dice() * count * 0.01);
  const volatile = Math.floor(dice() * count * 0.03);
  const attached = count - recovering - volatile;
  span.states = { ATTACHED: attached, RECOVERING: recovering, VOLATILE: volatile };
  span.switches = recovering;
  span.terminated = dice() < 0.1 ? { session_ttl_expired: 1 } : {};
  span.watched = { carrier_lost: recovering, heartbeat_timeout: volatile, switch_denied: 3 };
  const spread = (p50: number) => ({ count: attached, p50, p95: p50 * 3 });
  span.spreads = {
    ...{ rtt_ms: spread(40 + dice() * 20), jitter_ms: spread(2 + dice()) },
    ...{ loss_percent: spread(dice()), memory_bytes: spread(58_000_000) },
  };
  for (let at = 0; at < 20; at++) {
    const p50 = 100 + dice() * 400;
    addRecoveries(span.recoveries, { count: 8, p50, p95: p50 * 3, max: p50 * 8 }, 2);
  }
  return span;
}
