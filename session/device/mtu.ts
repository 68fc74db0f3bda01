/**
 * The inner MTU: what fits into every transport that a switch may choose, and telling the hub of it and of our patience.
 *
 * A standby link counts as soon as it can be used, so the tun is narrow enough before data moves there.
 * The hub learns both with each claim; a change in between is told by MTU on the binding, which the hub
 * answers with the same frame (docs/protocol.md, "Inner MTU").
 *
 * @module
 */
import { innerMtuBytes } from '../innerMtu.ts';
import { timeoutMs } from '../liveness/rtt.ts';
import type { Mtu } from '../wire/frames.ts';
import { costOf } from './choice.ts';
import type { ChannelId } from './event.ts';
import { idleNoticeMs } from './pace.ts';
import { probeNow } from './probes.ts';
import type { Turn } from './turn.ts';

/** A hub that knows no MTU frame never answers: after so many it is left with what the claim said. */
const SENDS_MAX = 8;
const PAUSE_MAX_MS = 5_000;

/** Follow the links. Without a usable one the last value stays: nothing can be sent that it would spoil. */
export function fitMtu(turn: Turn): void {
  const { draft, config } = turn;
  const usable = draft.transports.filter(
    (transport) => transport.unusable === null && costOf(transport, config) !== 'never',
  );
  if (usable.length === 0 && draft.mtuBytes > 0) return;
  // Before the first assignment nobody knows: an interface that lost IPv6 loses its addresses, too.
  const mayHaveIpv6 = draft.inner6 !== null || draft.inner4 === null;
  const mtuBytes = innerMtuBytes(usable, config.mtuMaxBytes, mayHaveIpv6);
  if (mtuBytes === draft.mtuBytes) return;
  if (draft.mtuBytes > 0) turn.count('mtu_changed');
  draft.mtuBytes = mtuBytes;
  turn.emit({ kind: 'mtu', mtuBytes });
}

/**
 * While there is a binding: repeat until the hub knows both, with growing pauses.
 *
 * ◆ That it is more patient than it has to be costs nothing, so only a longer notice is told for its own sake.
 */
export function tellMtu(turn: Turn): void {
  const { draft } = turn;
  const { channel, mtuBytes, hubNoticeMs } = draft;
  const active = turn.transport(draft.activeId);
  if (active === null || channel === null) {
    draft.mtuNotice = null;
    return;
  }
  const noticeMs = idleNoticeMs(active, turn.config);
  const isPatient = hubNoticeMs !== null && hubNoticeMs >= noticeMs;
  if (isPatient && draft.hubMtuBytes === mtuBytes) {
    draft.mtuNotice = null;
    return;
  }
  const { mtuNotice } = draft;
  const isSame = mtuNotice?.mtuBytes === mtuBytes && mtuNotice.noticeMs === noticeMs;
  const notice = isSame && mtuNotice !== null ? mtuNotice : { tries: 0, repeatAtMs: 0 };
  if (notice.repeatAtMs === null || notice.repeatAtMs > turn.nowMs) return;
  const { channelId } = channel;
  const { transportId } = active;
  const frame: Mtu = { type: 'mtu', mtuBytes, noticeMs };
  turn.emit({ kind: 'send', channelId, transportId, frame });
  const tries = notice.tries + 1;
  const isLast = tries >= SENDS_MAX;
  const pauseMs = Math.min(PAUSE_MAX_MS, timeoutMs(active.liveness.rtt) * 1.5 ** notice.tries);
  draft.mtuNotice = {
    ...{ mtuBytes, noticeMs, tries },
    repeatAtMs: isLast ? null : turn.nowMs + pauseMs,
  };
  // Beside it: an answer to this one alone says that the hub does not know the other.
  if (isLast) probeNow(turn, transportId);
}

/** ◆ The binding was silent, and is not: what was told in vain meanwhile may never have met the hub. */
export function tellMtuAgain({ draft }: Turn): void {
  if (draft.mtuNotice?.repeatAtMs === null) draft.mtuNotice = null;
}

/** What the hub holds now. What is older than ours is told again. */
export function onMtu(turn: Turn, frame: Mtu, channelId: ChannelId, transportId: number): void {
  const { draft } = turn;
  if (draft.activeId !== transportId || draft.channel?.channelId !== channelId) {
    return turn.count('answer_ignored');
  }
  draft.hubMtuBytes = frame.mtuBytes;
  // A hub of a former version never says it: one answer is all that it can give.
  draft.hubNoticeMs = frame.noticeMs ?? draft.mtuNotice?.noticeMs ?? draft.hubNoticeMs;
}
