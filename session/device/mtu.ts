/**
 * The inner MTU: what fits into every transport that a switch may choose, and telling the hub of it.
 *
 * A standby link counts as soon as it can be used, so the tun is narrow enough before data moves there.
 * The hub learns it with each claim; a change in between is told by MTU on the binding, which the hub
 * answers with the same frame (docs/protocol.md, "Inner MTU").
 *
 * @module
 */
import { innerMtuBytes } from '../innerMtu.ts';
import { timeoutMs } from '../liveness/rtt.ts';
import type { Mtu } from '../wire/frames.ts';
import { costOf } from './choice.ts';
import type { ChannelId } from './event.ts';
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

/** While there is a binding: repeat until the hub knows, with growing pauses. */
export function tellMtu(turn: Turn): void {
  const { draft } = turn;
  const { activeId, channel, mtuBytes } = draft;
  if (activeId === null || channel === null || draft.hubMtuBytes === mtuBytes) {
    draft.mtuNotice = null;
    return;
  }
  const isSame = draft.mtuNotice?.mtuBytes === mtuBytes;
  const notice = isSame && draft.mtuNotice !== null ? draft.mtuNotice : { tries: 0, repeatAtMs: 0 };
  if (notice.repeatAtMs === null || notice.repeatAtMs > turn.nowMs) return;
  const { channelId } = channel;
  turn.emit({ kind: 'send', channelId, transportId: activeId, frame: { type: 'mtu', mtuBytes } });
  const tries = notice.tries + 1;
  const rtoMs = timeoutMs(turn.transport(activeId)?.liveness.rtt ?? null);
  const pauseMs = Math.min(PAUSE_MAX_MS, rtoMs * 1.5 ** notice.tries);
  const repeatAtMs = tries < SENDS_MAX ? turn.nowMs + pauseMs : null;
  draft.mtuNotice = { mtuBytes, tries, repeatAtMs };
}

/** What the hub holds now. An older value than ours is told again. */
export function onMtu(turn: Turn, frame: Mtu, channelId: ChannelId, transportId: number): void {
  const { draft } = turn;
  if (draft.activeId !== transportId || draft.channel?.channelId !== channelId) {
    return turn.count('answer_ignored');
  }
  draft.hubMtuBytes = frame.mtuBytes;
}
