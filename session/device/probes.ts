/**
 * What is asked of which transport, and what the answers mean for the binding.
 *
 * Cadence follows traffic and doubt: an idle binding is asked rarely, a busy one beside its data
 * (`pace.ts`), a doubted one in a burst, together with the candidates, so that verdict and choice arrive
 * together.
 *
 * @module
 */
import {
  onDoubted,
  onProbeAnswered,
  onProbeSent,
  onSlept,
  onStoodStill,
  onTime,
  sentAtMs,
} from '../liveness/liveness.ts';
import { timeoutMs } from '../liveness/rtt.ts';
import { verdictOf } from '../liveness/verdict.ts';
import type { ProbeAck } from '../wire/frames.ts';
import { burstPauseMs, DOUBT_CANDIDATE_MS, endTalk, mayAsk, schedule } from './cadence.ts';
import { costOf } from './choice.ts';
import { die } from './die.ts';
import type { ChannelId } from './event.ts';
import { isLongEnough } from './missRun.ts';
import { tellMtuAgain } from './mtu.ts';
import { seekKeys, tellMissing } from './onlyLink.ts';
import { hasten, isFlowing } from './pace.ts';
import type { Transport } from './state.ts';
import type { Turn } from './turn.ts';

/** A metered candidate that answered so lately is not asked again because doubt began: it costs (chosen). */
const METERED_FRESH_MS = 10_000;
/** After an answer there is no verdict for so long, however late it came: answers are arriving (chosen: as a run). */
const ANSWERED_CALM_MS = 50;

/** What anybody can say makes us ask no more often than this (chosen). */
const HEARSAY_PROBE_MS = 1_000;

/** Later than this is a machine that stood still (chosen: above the jitter of a busy scheduler). */
const LATE_MIN_MS = 30;
/** Time to read what waits: the largest socket buffer at the slowest that we promise (chosen). */
const READING_MS = 25;
/** A machine that is late by this much did not run (chosen: above what a busy scheduler does). */
const SLEPT_MIN_MS = 1_000;

export function sendProbe(turn: Turn, transport: Transport): void {
  const { draft } = turn;
  if (draft.channel === null) return;
  draft.probeCount = (draft.probeCount + 1) >>> 0;
  const probeId = draft.probeCount;
  const { transportId } = transport;
  turn.emit({
    kind: 'send',
    channelId: draft.channel.channelId,
    transportId,
    frame: { type: 'probe', probeId },
  });
  if (transportId === draft.activeId) draft.unaskedPackets = 0;
  turn.change(transportId, {
    liveness: onProbeSent(transport.liveness, probeId, turn.nowMs, isCalm(turn)),
  });
}

/** Nobody waits for a verdict: no data travels, and the binding is not in doubt. */
export function isCalm(turn: Turn): boolean {
  const active = turn.transport(turn.draft.activeId);
  return active !== null && !active.liveness.isDoubted && !isFlowing(turn);
}

export function probeNow(turn: Turn, transportId: number): void {
  const transport = turn.transport(transportId);
  if (transport === null || turn.draft.state === 'TERMINATED' || !mayAsk(turn, transport)) return;
  sendProbe(turn, transport);
  schedule(turn, transportId);
}

/** Doubt begins: whom have we not heard of lately? Doubts may follow each other quickly on a bad link. */
function askOthers(turn: Turn): void {
  const { draft, nowMs, config } = turn;
  for (const { transportId, liveness } of draft.transports) {
    if (transportId === draft.activeId) continue;
    const transport = turn.transport(transportId);
    const { askedAtMs, answeredAtMs } = liveness;
    const isAsked = askedAtMs !== null && nowMs - askedAtMs < DOUBT_CANDIDATE_MS;
    const isKnown = answeredAtMs !== null && nowMs - answeredAtMs < METERED_FRESH_MS;
    const isMetered = transport !== null && costOf(transport, config) === 'metered';
    if (isAsked || (isMetered && isKnown)) schedule(turn, transportId);
    else probeNow(turn, transportId);
  }
}

/** Ask every usable transport but the binding at once. */
export function probeOthers(turn: Turn): void {
  for (const { transportId } of turn.draft.transports) {
    if (transportId !== turn.draft.activeId) probeNow(turn, transportId);
  }
}

/** Send the probes and keepalives that are due. */
export function probeDue(turn: Turn): void {
  for (const transport of turn.draft.transports) {
    const { transportId, probeAtMs, keepaliveAtMs } = transport;
    if (probeAtMs !== null && probeAtMs <= turn.nowMs) {
      if (turn.draft.channel !== null && mayAsk(turn, transport)) sendProbe(turn, transport);
      schedule(turn, transportId);
    } else if (keepaliveAtMs !== null && keepaliveAtMs <= turn.nowMs) keepAlive(turn, transportId);
  }
}

function keepAlive(turn: Turn, transportId: number): void {
  const { channel } = turn.draft;
  if (channel !== null) turn.emit({ kind: 'keepalive', channelId: channel.channelId, transportId });
  turn.change(transportId, { keepaliveAtMs: turn.nowMs + turn.config.limits.meteredKeepaliveMs });
}

/** Time passed: count misses, begin doubt, give the verdict on the binding. */
export function judge(turn: Turn): void {
  const { draft } = turn;
  for (const before of draft.transports) {
    const liveness = onTime(before.liveness, turn.nowMs);
    if (liveness === before.liveness) continue;
    turn.change(before.transportId, { liveness });
  }
  doubt(turn);
  const active = turn.transport(draft.activeId);
  if (active === null) return;
  seekKeys(turn, active);
  const verdict = verdictOf(active.liveness, turn.nowMs, turn.config.limits.deadAfterMissed);
  if (verdict === 'alive' || verdict === 'doubt') return;
  const { answeredAtMs } = active.liveness;
  if (answeredAtMs !== null && turn.nowMs - answeredAtMs < ANSWERED_CALM_MS) return;
  if (!isLongEnough(turn, active)) return;
  die(turn, verdict === 'dead' ? 'heartbeat_timeout' : 'one_way_out');
}

/**
 * ◆ We were called so much later than we had asked for: the machine slept, or had no time for us. What came
 * meanwhile waits in the sockets and is read before anything is taken for missing.
 */
export function onLate(turn: Turn, lateMs: number): void {
  if (lateMs < LATE_MIN_MS) return;
  for (const { transportId, liveness } of turn.draft.transports) {
    const slept = lateMs < SLEPT_MIN_MS ? liveness : onSlept(liveness);
    const postponed = onStoodStill(slept, turn.nowMs + READING_MS);
    if (postponed !== liveness) turn.change(transportId, { liveness: postponed });
  }
}

/** A miss of the binding: doubt where somebody waits; in calm the question is put once more before. */
function doubt(turn: Turn): void {
  const active = turn.transport(turn.draft.activeId);
  if (active === null) return;
  const { transportId, liveness } = active;
  if (liveness.missedInRow === 0 || liveness.isDoubted) return;
  if (liveness.missedInRow > 1 || !isCalm(turn)) return beginDoubt(turn, active);
  if (liveness.outstanding.length > 0) return;
  turn.count('asked_again');
  probeNow(turn, transportId);
}

/** A burst on the binding, and the candidates at once. */
function beginDoubt(turn: Turn, { transportId, liveness }: Transport): void {
  turn.count('doubt');
  turn.change(transportId, { liveness: onDoubted(liveness) });
  hasten(turn);
  const transport = turn.transport(transportId);
  if (transport === null) return;
  const askedAtMs = transport.liveness.askedAtMs ?? turn.nowMs;
  schedule(turn, transportId);
  const probeAtMs = Math.max(turn.nowMs, askedAtMs + burstPauseMs(transport));
  turn.change(transportId, { probeAtMs });
  askOthers(turn);
}

/**
 * ◆ Somebody, or a local firewall, says that the binding's link leads nowhere: ask, and believe the silence, not the saying.
 *
 * Who forges it must not make us send: one question a second, on a metered link one in the time of a keepalive.
 */
export function onHearsay(turn: Turn, linkName: string): void {
  const active = turn.transport(turn.draft.activeId);
  if (active === null || active.linkName !== linkName) return;
  if (!mayAskUnbidden(turn, active, HEARSAY_PROBE_MS)) return;
  turn.count('doubt_hearsay');
  turn.change(active.transportId, { probeAtMs: turn.nowMs });
}

/** Whether a question that somebody else gives rise to may be asked: `freeMs` behind the one before, where that costs nothing. */
function mayAskUnbidden(turn: Turn, transport: Transport, freeMs: number): boolean {
  const { config } = turn;
  const isMetered = costOf(transport, config) === 'metered';
  const { askedAtMs } = transport.liveness;
  const leastMs = isMetered ? config.limits.meteredKeepaliveMs : freeMs;
  return askedAtMs === null || turn.nowMs - askedAtMs >= leastMs;
}

/** ◆ An answer proves the path; what it says of the record may show that the binding is elsewhere. */
export function onProbeAck(
  turn: Turn,
  ack: ProbeAck,
  channelId: ChannelId,
  transportId: number,
): void {
  const transport = turn.transport(transportId);
  if (transport === null) return;
  const askedAtMs = sentAtMs(transport.liveness, ack.probeId);
  const { isDoubted: wasDoubted, missedInRow, unansweredSinceMs } = transport.liveness;
  const liveness = onProbeAnswered(transport.liveness, ack.probeId, turn.nowMs);
  if (askedAtMs === null) {
    turn.count('probe_ack_ignored');
    return;
  }
  turn.change(transportId, { liveness, token: ack.token });
  const isActive = transportId === turn.draft.activeId;
  if (isActive && missedInRow > 0) tellMtuAgain(turn);
  if (isActive && wasDoubted) endDoubt(turn);
  else if (isActive) endTalk(turn, transportId, askedAtMs);
  else if (missedInRow > 0) schedule(turn, transportId);
  if (turn.draft.channel?.channelId !== channelId) return;
  if (missesBinding(turn, ack, transportId)) return askBinding(turn, ack.transportId);
  if (deniesBinding(turn, ack, askedAtMs)) return die(turn, 'binding_lost');
  if (isActive && wasDoubted) tellMissing(turn, turn.nowMs - (unansweredSinceMs ?? turn.nowMs));
}

/** The binding was in doubt, which is over; `sinceMs`: when the first question of the row was sent. */
export function onBindingBack(turn: Turn, sinceMs: number | null): void {
  endDoubt(turn);
  tellMissing(turn, turn.nowMs - (sinceMs ?? turn.nowMs));
}

/** Everybody goes back to the usual cadence, counted from here. */
function endDoubt(turn: Turn): void {
  for (const { transportId } of turn.draft.transports) schedule(turn, transportId);
}

/**
 * ◆ Asked over another link, the hub says that nothing comes over ours: so it is on one that we ask more rarely than the hub
 * waits, and on one that is silent. Over the binding itself the same words deny it.
 */
function missesBinding({ draft }: Turn, ack: ProbeAck, transportId: number): boolean {
  const { activeId, answeredVersion } = draft;
  const isOurs = ack.transportId === activeId && ack.stateVersion === answeredVersion;
  return ack.view === 'recovering' && isOurs && transportId !== activeId;
}

/** At once, unless a question is under way: its answer, or its silence, is the verdict. */
function askBinding(turn: Turn, transportId: number): void {
  const binding = turn.transport(transportId);
  if (binding === null || !mayAskUnbidden(turn, binding, timeoutMs(binding.liveness.rtt))) return;
  turn.count('doubt_by_hub');
  probeNow(turn, transportId);
}

/** Whichever transport it came on: does the hub, knowing our last answered claim, see us elsewhere? */
function deniesBinding(turn: Turn, ack: ProbeAck, askedAtMs: number): boolean {
  const { activeId, claim, granted, answeredVersion, answeredAtMs } = turn.draft;
  if (activeId === null) return false;
  if (ack.view === 'unattached' || ack.view === 'standby') {
    // These name no record: only a question asked after the answer tells old from new.
    return answeredAtMs !== null && askedAtMs >= answeredAtMs;
  }
  if (ack.stateVersion < answeredVersion) return false;
  if (ack.view === 'carrying' && ack.transportId === activeId) return false;
  // The commit of our own newest claim, heard of before its answer: the repeat will be answered.
  const own = claim?.claim ?? granted?.open.claim;
  return (
    own === undefined ||
    own.transportId !== ack.transportId ||
    own.stateVersion !== ack.stateVersion
  );
}
