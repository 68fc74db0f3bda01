/**
 * A frame as the device sends it. Source: docs/protocol.md, "Frames".
 *
 * @module
 */
import { encodeFrame, encodePaddedFrame } from '../session/wire/encode.ts';
import type { Frame } from '../session/wire/frames.ts';

/** REATTACHED with renewed keys is the longest answer to a REATTACH (chosen). */
const CLAIM_PADDED_BYTES = 256;

/** From an address the hub has not validated yet, a claim is as long as what may answer it. */
export function frameBytes(frame: Frame): Uint8Array {
  const isUnvalidated = frame.type === 'reattach' && frame.token === null;
  return isUnvalidated ? encodePaddedFrame(frame, CLAIM_PADDED_BYTES) : encodeFrame(frame);
}
