/**
 * What a datagram says, for people who read a trace: the frame inside, where it is a run with stand-in ciphers.
 *
 * Those leave the plaintext as it is; a really sealed one does not decode, and is named by its outside.
 *
 * @module
 */
import { decodeFrame } from '../../../session/wire/decode.ts';
import type { Frame } from '../../../session/wire/frames.ts';
import {
  MESSAGE_TYPE,
  TRANSPORT_BYTES_MIN,
  TRANSPORT_HEADER_BYTES,
} from '../../../session/wire/messages.ts';
import { transportIdOf } from '../../../session/wire/transport.ts';
import { wordsOf } from './datagram.ts';

const TAG_BYTES = TRANSPORT_BYTES_MIN - TRANSPORT_HEADER_BYTES;

/** `REATTACH v8 T2 planned`; what is not to be read, as `wordsOf` names it. */
export function frameWordsOf(bytes: Uint8Array): string {
  if (bytes[0] !== MESSAGE_TYPE.control || bytes.length < TRANSPORT_BYTES_MIN)
    return wordsOf(bytes);
  const way = `T${transportIdOf(bytes)}`;
  if (bytes.length === TRANSPORT_BYTES_MIN) return `keepalive ${way}`;
  const frame = decodeFrame(bytes.subarray(TRANSPORT_HEADER_BYTES, bytes.length - TAG_BYTES));
  return frame.ok ? `${spoken(frame.value)} ${way}` : wordsOf(bytes);
}

function spoken(frame: Frame): string {
  switch (frame.type) {
    case 'attach':
      return `ATTACH v${frame.claim.stateVersion}${frame.isNew ? ' new' : ''}`;
    case 'attached':
      return `ATTACHED v${frame.claim.stateVersion} e${frame.ownerEpoch}`;
    case 'reattach':
      return `REATTACH v${frame.claim.stateVersion} ${frame.purpose}`;
    case 'reattached':
      return `REATTACHED v${frame.claim.stateVersion} e${frame.ownerEpoch}`;
    case 'reject':
      return `REJECT v${frame.claim.stateVersion} ${frame.reasonCode}`;
    case 'probe':
      return `PROBE ${frame.probeId}`;
    case 'probeAck':
      return `PROBE_ACK ${frame.probeId} ${frame.view}${frame.transportId === 0 ? '' : ` v${frame.stateVersion} is T${frame.transportId}`}`;
    case 'terminate':
      return `TERMINATE v${frame.stateVersion} ${frame.reasonCode}`;
    case 'challenge':
      return `CHALLENGE${frame.claim === null ? '' : ` about v${frame.claim.stateVersion}`}`;
    case 'response':
      return `RESPONSE ${frame.isMine ? 'mine' : 'not mine'}`;
    case 'mtu':
      return `MTU ${frame.mtuBytes}`;
    default:
      return frame.type.toUpperCase();
  }
}
