/**
 * The device's inner MTU, and how late it notices silence, between its claims: MTU on the binding replaces what the claim said.
 *
 * Not part of the record: neither changes anything about who may do what, and a device tells them anew with
 * each claim and after each ROTATED.
 *
 * @module
 */
import type { Mtu } from '../wire/frames.ts';
import { isSettled } from './heard.ts';
import { channelOf, type FrameEvent } from './state.ts';
import { type Turn, targetOf } from './turn.ts';

/** The newest on the binding counts; the answer names what counts, so that a lost one is asked for again. */
export function onMtu(turn: Turn, event: FrameEvent, frame: Mtu): void {
  const { draft } = turn;
  const isBinding =
    channelOf(draft, event.channelId)?.isProven === true &&
    isSettled(draft) &&
    draft.record?.transportId === event.transportId;
  if (!isBinding) return turn.count('mtu_ignored');
  if (event.isNewest || draft.mtuBytes === null) draft.mtuBytes = frame.mtuBytes;
  // A device of a former version does not say it: then its claim's counts.
  if (frame.noticeMs !== null && (event.isNewest || draft.noticeMs === null))
    draft.noticeMs = frame.noticeMs;
  const { noticeMs } = draft;
  turn.send(targetOf(event), {
    type: 'mtu',
    mtuBytes: draft.mtuBytes ?? frame.mtuBytes,
    noticeMs,
  });
}
