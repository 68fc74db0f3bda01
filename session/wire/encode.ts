/**
 * A control frame as bytes. Asserts: only our own code gets here.
 *
 * Layout in `layout.ts`. Vectors: test/vectors/frames.json.
 *
 * @module
 */
import { assert, unreachable } from '../assert.ts';
import { concatBytes, hexToBytes, isHex } from '../bytes.ts';
import type { Claim } from '../claim.ts';
import { isInnerMtu } from '../innerMtu.ts';
import { claimBytes } from '../proof.ts';
import { type CborMap, type CborValue, encodeCborMap } from './cbor.ts';
import {
  ADDRESS_CHARS_MAX,
  CIPHERS_MAX,
  ENDPOINTS_MAX,
  isLabel,
  KEY_BYTES,
  LINK_NAME_MAX,
  ROUTES_MAX,
  TOKEN_BYTES,
} from './field.ts';
import {
  CLAIM_PURPOSE,
  DATA_CIPHER,
  FRAME_TYPE,
  type Frame,
  HUB_VIEW,
  LINK_KIND,
  type Probe,
  type ProbeAck,
} from './frames.ts';
import {
  BITMAP_BYTES,
  FRAME_BYTES_MAX,
  FRAME_VERSION,
  KEY,
  PADDING_KEY,
  PROBE_ACK_BYTES,
  PROBE_BYTES,
} from './layout.ts';

/**
 * The bytes of `frame`, at most {@link FRAME_BYTES_MAX}.
 *
 * @throws InvariantError if a field is out of range or the frame would be too long.
 */
export function encodeFrame(frame: Frame): Uint8Array {
  if (frame.type === 'probe') return encodeProbe(frame);
  if (frame.type === 'probeAck') return encodeProbeAck(frame);
  return withHead(frame, bodyOf(frame));
}

/**
 * As {@link encodeFrame}, filled up to about `bytes` (never fewer, at most 4 more) so that an answer
 * to an address that is not validated does not amplify. PROBE stays as tiny as it is.
 */
export function encodePaddedFrame(frame: Frame, bytes: number): Uint8Array {
  assert(bytes <= FRAME_BYTES_MAX - 4, 'a padded frame is still a frame');
  const plain = encodeFrame(frame);
  if (frame.type === 'probe' || frame.type === 'probeAck' || plain.length >= bytes) return plain;
  const padding = new Uint8Array(Math.max(0, bytes - plain.length - 2));
  return withHead(frame, new Map([...bodyOf(frame), [PADDING_KEY, padding]]));
}

function withHead(frame: Frame, body: CborMap): Uint8Array {
  const bytes = concatBytes(
    Uint8Array.of(FRAME_TYPE[frame.type], FRAME_VERSION),
    encodeCborMap(body),
  );
  assert(bytes.length <= FRAME_BYTES_MAX, `a frame has at most ${FRAME_BYTES_MAX} bytes`);
  return bytes;
}

function encodeProbe(frame: Probe): Uint8Array {
  const bytes = new Uint8Array(PROBE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, FRAME_TYPE.probe);
  view.setUint8(1, FRAME_VERSION);
  view.setUint32(2, whole(frame.probeId, 0xffff_ffff));
  return bytes;
}

function encodeProbeAck(frame: ProbeAck): Uint8Array {
  const bytes = new Uint8Array(PROBE_ACK_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, FRAME_TYPE.probeAck);
  view.setUint8(1, FRAME_VERSION);
  view.setUint32(2, whole(frame.probeId, 0xffff_ffff));
  view.setUint8(6, HUB_VIEW[frame.view]);
  view.setUint16(7, whole(frame.transportId, 0xffff));
  view.setBigUint64(9, BigInt(whole(frame.stateVersion)));
  bytes.set(sized(frame.token, TOKEN_BYTES), 17);
  return bytes;
}

function bodyOf(frame: Exclude<Frame, Probe | ProbeAck>): CborMap {
  switch (frame.type) {
    case 'attach': {
      const key = KEY.attach;
      assert(frame.ciphers.length > 0 && frame.ciphers.length <= CIPHERS_MAX, 'ciphers: 1…8');
      return body([
        [key.claim, claimOf(frame.claim)],
        [key.isNew, frame.isNew],
        [
          key.previousSessionId,
          frame.previousSessionId === null ? null : idOf(frame.previousSessionId),
        ],
        [key.proof, frame.proof === null ? null : sized(frame.proof, KEY_BYTES)],
        [key.linkKind, LINK_KIND[frame.linkKind]],
        [key.linkName, labelOf(frame.linkName, LINK_NAME_MAX)],
        [key.ciphers, frame.ciphers.map((cipher) => DATA_CIPHER[cipher])],
        [key.reasonCode, frame.reasonCode],
        [key.mtuBytes, frame.mtuBytes === null ? null : mtuOf(frame.mtuBytes)],
        [key.noticeMs, frame.noticeMs === null ? null : whole(frame.noticeMs)],
      ]);
    }
    case 'attached': {
      const key = KEY.attached;
      assert(frame.routes.length <= ROUTES_MAX, `routes: at most ${ROUTES_MAX}`);
      return body([
        [key.claim, claimOf(frame.claim)],
        [key.secret, sized(frame.secret, KEY_BYTES)],
        [key.memoryKey, sized(frame.memoryKey, KEY_BYTES)],
        [key.inner4, frame.inner4 === null ? null : labelOf(frame.inner4, ADDRESS_CHARS_MAX)],
        [key.inner6, frame.inner6 === null ? null : labelOf(frame.inner6, ADDRESS_CHARS_MAX)],
        [key.routes, frame.routes.map((route) => labelOf(route, ADDRESS_CHARS_MAX))],
        [key.cipher, DATA_CIPHER[frame.cipher]],
        [key.ownerEpoch, whole(frame.ownerEpoch)],
        [key.hubSeq, whole(frame.hubSeq)],
      ]);
    }
    case 'reattach': {
      const key = KEY.reattach;
      return body([
        [key.claim, claimOf(frame.claim)],
        [key.proof, sized(frame.proof, KEY_BYTES)],
        [key.token, frame.token === null ? null : sized(frame.token, TOKEN_BYTES)],
        [key.linkKind, LINK_KIND[frame.linkKind]],
        [key.linkName, labelOf(frame.linkName, LINK_NAME_MAX)],
        [key.purpose, CLAIM_PURPOSE[frame.purpose]],
        [key.reasonCode, frame.reasonCode],
        [key.mtuBytes, frame.mtuBytes === null ? null : mtuOf(frame.mtuBytes)],
        [key.noticeMs, frame.noticeMs === null ? null : whole(frame.noticeMs)],
      ]);
    }
    case 'reattached': {
      const key = KEY.reattached;
      const { renewed } = frame;
      return body([
        [key.claim, claimOf(frame.claim)],
        [key.ownerEpoch, whole(frame.ownerEpoch)],
        [key.hubSeq, whole(frame.hubSeq)],
        [
          key.renewed,
          renewed === null
            ? null
            : [sized(renewed.secret, KEY_BYTES), sized(renewed.memoryKey, KEY_BYTES)],
        ],
        [key.heardMs, frame.heardMs === null ? null : whole(frame.heardMs)],
      ]);
    }
    case 'reject': {
      const key = KEY.reject;
      return body([
        [key.claim, claimOf(frame.claim)],
        [key.reasonCode, frame.reasonCode],
        [key.isFatal, frame.isFatal],
        [key.retryAfterMs, whole(frame.retryAfterMs)],
        [key.recordedVersion, whole(frame.recordedVersion)],
      ]);
    }
    case 'terminate':
      return body([
        [KEY.terminate.sessionId, idOf(frame.sessionId)],
        [KEY.terminate.reasonCode, frame.reasonCode],
        [KEY.terminate.stateVersion, whole(frame.stateVersion)],
      ]);
    case 'redirect':
      assert(frame.endpoints.length <= ENDPOINTS_MAX, `endpoints: at most ${ENDPOINTS_MAX}`);
      return body([
        [KEY.redirect.endpoints, frame.endpoints.map((at) => labelOf(at, ADDRESS_CHARS_MAX))],
      ]);
    case 'challenge':
      return body([
        [KEY.challenge.token, sized(frame.token, TOKEN_BYTES)],
        [KEY.challenge.claim, frame.claim === null ? null : claimOf(frame.claim)],
      ]);
    case 'response':
      return body([
        [KEY.response.token, sized(frame.token, TOKEN_BYTES)],
        [KEY.response.isMine, frame.isMine],
      ]);
    case 'received':
      return body([
        [KEY.received.keypairIndex, whole(frame.keypairIndex, 0xffff_ffff)],
        [KEY.received.counterMax, frame.counterMax < 0 ? null : whole(frame.counterMax)],
        [KEY.received.bitmap, sized(frame.bitmap, BITMAP_BYTES)],
        [KEY.received.stateVersion, whole(frame.stateVersion)],
        [KEY.received.round, whole(frame.round)],
        [KEY.received.bytesPerSecond, whole(frame.bytesPerSecond)],
      ]);
    case 'rotate':
      return body([
        [KEY.rotate.sessionId, idOf(frame.sessionId)],
        [KEY.rotate.proof, sized(frame.proof, KEY_BYTES)],
      ]);
    case 'rotated':
      return body([[KEY.rotated.sessionId, idOf(frame.sessionId)]]);
    case 'mtu':
      return body([
        [KEY.mtu.mtuBytes, mtuOf(frame.mtuBytes)],
        [KEY.mtu.noticeMs, frame.noticeMs === null ? null : whole(frame.noticeMs)],
      ]);
    default:
      return unreachable(frame);
  }
}

/** Null fields are left out: absent and null read the same. */
function body(fields: readonly (readonly [number, CborValue])[]): CborMap {
  return new Map(fields.filter(([, value]) => value !== null));
}

function whole(value: number, max: number = Number.MAX_SAFE_INTEGER): number {
  assert(Number.isSafeInteger(value) && value >= 0 && value <= max, `a whole number 0…${max}`);
  return value;
}

function mtuOf(mtuBytes: number): number {
  assert(Number.isSafeInteger(mtuBytes) && isInnerMtu(mtuBytes), 'an inner MTU is 576…65535');
  return mtuBytes;
}

function sized(bytes: Uint8Array, length: number): Uint8Array {
  assert(bytes.length === length, `${length} bytes`);
  return bytes;
}

function labelOf(text: string, charsMax: number): string {
  assert(isLabel(text, charsMax), `a label of 1…${charsMax} printable characters`);
  return text;
}

function idOf(sessionId: string): Uint8Array {
  assert(isHex(sessionId, 16), 'a session id is 16 bytes in hex');
  return hexToBytes(sessionId);
}

function claimOf(claim: Claim): Uint8Array {
  assert(isHex(claim.sessionId, 16) && isHex(claim.nonce, 8), 'ids of a claim are hex');
  assert(whole(claim.stateVersion) > 0, 'a version is 1…2^53−1');
  assert(whole(claim.transportId, 0xffff) > 0, 'a transport id is 1…65535');
  return claimBytes(claim);
}
