/**
 * How often the binding is asked beside the data that travels, and how soon the core has to hear of data.
 *
 * A question is a datagram of its own beside the data, paced; it goes alone only for a short while after
 * data stopped. Several are on their way at once, so that misses overlap inside one round trip. What it
 * costs: docs/protocol.md, "Liveness".
 *
 * @module
 */
import { type Liveness, onHaste, onHeard, SILENCE_MAX_MS } from '../liveness/liveness.ts';
import { timeoutMs } from '../liveness/rtt.ts';
import { costOf } from './choice.ts';
import type { DeviceEvent } from './event.ts';
import type { DeviceConfig } from './limits.ts';
import { type Device, type Transport, transportOf } from './state.ts';
import type { Turn } from './turn.ts';

/**
 * Never more often beside data: five misses have to cover about as much as this gives them
 * (`missRun.ts`), so more questions would bring no verdict earlier.
 */
const PACE_MIN_MS = 12;
/** Each question costs money there; what data brings back stands in for the answers (chosen). */
const METERED_PACE_MS = 250;
/** … unless so many packets went out since the last one that it is a small part of them (chosen: 3 % of small ones). */
const METERED_PACKETS = 32;
/** At most so many on their way at once, however long an answer may take. */
const ON_THE_WAY_MAX = 32;
/**
 * A binding that carried data a moment ago is asked alone, ever more rarely. From 50 packets a second on
 * every question finds data to go beside.
 */
const LINGER_PAUSE_MIN_MS = 25;
const LINGER_PAUSE_MAX_MS = 100;
/** … and behind small talk that is not answered yet no more often than this: each question wakes the device twice (chosen). */
const TALK_PAUSE_MAX_MS = 400;
/**
 * Data that was told of so often without a pause is a flow; less is small talk, as a health report or a ping of MQTT: up to
 * six (chosen). Of a dense flow the first 150 ms.
 */
export const FLOW_BEATS = 10;
/** The core hears of traffic at least so often. */
const TELL_MAX_MS = 20;

/** How long the binding goes unasked while the session is ATTACHED and nothing travels. */
export function idlePauseMs(transport: Transport, config: DeviceConfig): number {
  const { limits } = config;
  const isMetered = costOf(transport, config) === 'metered';
  return isMetered ? limits.meteredStandbyProbeMs : limits.heartbeatIdleMs;
}

/** ◆ What the hub is told with a claim: before that has passed in silence we may not know of it. */
export function idleNoticeMs(transport: Transport, config: DeviceConfig): number {
  return idlePauseMs(transport, config) + SILENCE_MAX_MS;
}

export function isBusy(turn: Turn): boolean {
  const { trafficAtMs } = turn.draft;
  return trafficAtMs !== null && turn.nowMs - trafficAtMs < turn.config.limits.activeLingerMs;
}

/** Whether somebody would notice how soon a verdict comes: data has been travelling, and does or did a moment ago. */
export function isFlowing(turn: Turn): boolean {
  return isBusy(turn) && turn.draft.trafficBeats >= FLOW_BEATS;
}

/** The least time between two questions beside data. */
function paceMs(transport: Transport, config: DeviceConfig, unaskedPackets = 0): number {
  const { rtt } = transport.liveness;
  if (rtt === null) return LINGER_PAUSE_MAX_MS;
  const isDear = costOf(transport, config) === 'metered' && unaskedPackets < METERED_PACKETS;
  const leastMs = isDear ? METERED_PACE_MS : PACE_MIN_MS;
  return Math.max(leastMs, rtt.srttMs / 8, timeoutMs(rtt) / ON_THE_WAY_MAX);
}

/** Without more data: twice as long each time. */
export function lingerPauseMs(turn: Turn, transport: Transport): number {
  const sinceMs = turn.nowMs - (turn.draft.trafficAtMs ?? turn.nowMs);
  const pauseMs = Math.max(LINGER_PAUSE_MIN_MS, paceMs(transport, turn.config), sinceMs);
  return Math.min(isFlowing(turn) ? LINGER_PAUSE_MAX_MS : TALK_PAUSE_MAX_MS, pauseMs);
}

/** How often the shell tells of traffic: no less often than questions may go beside it. */
export function tellEveryMs(device: Device, config: DeviceConfig): number {
  const active = transportOf(device, device.activeId);
  const { unaskedPackets } = device;
  return active === null
    ? TELL_MAX_MS
    : Math.min(TELL_MAX_MS, paceMs(active, config, unaskedPackets));
}

/** Data moved: the next question goes beside it, and what was sent expects to hear something. */
export function onTraffic(turn: Turn, event: DeviceEvent & { kind: 'traffic' }): void {
  const { draft } = turn;
  for (const { transportId, atMs } of event.heardOn) {
    const transport = turn.transport(transportId);
    if (transport === null) continue;
    turn.change(transportId, { liveness: onHeard(transport.liveness, atMs) });
    if (transportId === draft.activeId) draft.isAnswering = true;
  }
  countBeat(turn);
  draft.trafficAtMs = turn.nowMs;
  const active = turn.transport(draft.activeId);
  if (active === null) return;
  const { askedAtMs } = active.liveness;
  draft.unaskedPackets += event.sentPackets;
  const pauseMs = paceMs(active, turn.config, draft.unaskedPackets);
  const atMs = Math.max(turn.nowMs, (askedAtMs ?? 0) + pauseMs);
  if (active.probeAtMs === null || active.probeAtMs > atMs)
    turn.change(active.transportId, { probeAtMs: atMs, keepaliveAtMs: null });
  if (event.sentPackets > 0 && !isAwaiting(draft.sentSinceMs, active.liveness))
    draft.sentSinceMs = turn.nowMs;
}

/** A flow begins: whoever waits for an answer is in a hurry from here on. */
function countBeat(turn: Turn): void {
  const { draft } = turn;
  const beats = isBusy(turn) ? draft.trafficBeats : 0;
  draft.trafficBeats = Math.min(FLOW_BEATS, beats + 1);
  if (draft.trafficBeats === FLOW_BEATS && beats < FLOW_BEATS) hasten(turn);
}

/** No question that is under way has more time than one that is asked now. */
export function hasten(turn: Turn): void {
  for (const { transportId, liveness } of turn.draft.transports) {
    turn.change(transportId, { liveness: onHaste(liveness, turn.nowMs) });
  }
}

/** Whether data was sent at `sentSinceMs` and nothing has been heard since. */
function isAwaiting(sentSinceMs: number | null, { heardAtMs }: Liveness): boolean {
  return sentSinceMs !== null && (heardAtMs === null || heardAtMs <= sentSinceMs);
}

/**
 * When data that was sent has been met by silence for too long, or null.
 *
 * Only where data has come back before, and once for each time it has: a flow that goes one way is met
 * by silence all the time. A question under way has a timer of its own.
 */
export function quietAtMs(device: Device): number | null {
  const active = transportOf(device, device.activeId);
  const { sentSinceMs, isAnswering } = device;
  if (active === null || sentSinceMs === null || !isAnswering) return null;
  const { liveness } = active;
  if (liveness.outstanding.length > 0 || liveness.missedInRow > 0) return null;
  return isAwaiting(sentSinceMs, liveness) ? sentSinceMs + timeoutMs(liveness.rtt) : null;
}

/** ◆ Sent and nothing heard: ask at once instead of when the next question is due. */
export function doubtQuiet(turn: Turn): void {
  const { draft } = turn;
  const atMs = quietAtMs(draft);
  if (atMs === null || atMs > turn.nowMs || draft.activeId === null) return;
  turn.count('doubt_quiet');
  draft.isAnswering = false;
  draft.sentSinceMs = null;
  turn.change(draft.activeId, { probeAtMs: turn.nowMs });
}
