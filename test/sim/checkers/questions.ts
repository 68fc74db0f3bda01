/**
 * The number of a question or of its answer, read from outside: only where frames can be.
 *
 * @module
 */
import { decodeFrame } from '../../../session/wire/decode.ts';
import { PROBE_ACK_BYTES, PROBE_BYTES } from '../../../session/wire/layout.ts';
import {
  MESSAGE_TYPE,
  TRANSPORT_BYTES_MIN,
  TRANSPORT_HEADER_BYTES,
} from '../../../session/wire/messages.ts';

const TAG_BYTES = TRANSPORT_BYTES_MIN - TRANSPORT_HEADER_BYTES;

/** Null: it asks nothing. */
export const questionIn = (bytes: Uint8Array): number | null => probeIdIn(bytes, PROBE_BYTES);

/** Null: it answers nothing. */
export const answerIn = (bytes: Uint8Array): number | null => probeIdIn(bytes, PROBE_ACK_BYTES);

/** Of a control message whose frame has `frameBytes`: the number behind type and version; null: it is another one. */
function probeIdIn(bytes: Uint8Array, frameBytes: number): number | null {
  if (bytes[0] !== MESSAGE_TYPE.control || bytes.length !== TRANSPORT_BYTES_MIN + frameBytes) {
    return null;
  }
  const frame = decodeFrame(bytes.subarray(TRANSPORT_HEADER_BYTES, bytes.length - TAG_BYTES));
  if (!frame.ok) return null;
  const { value } = frame;
  return value.type === 'probe' || value.type === 'probeAck' ? value.probeId : null;
}
