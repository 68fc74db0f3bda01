/**
 * A control frame from bytes, which may be anyone's who holds a channel. Never throws; bounded work.
 *
 * Layout in `layout.ts`. Vectors: test/vectors/frames.json.
 *
 * @module
 */
import { fail, ok, type Result } from '../result.ts';
import { type CborMap, decodeCborMap } from './cbor.ts';
import * as field from './field.ts';
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
  FRAME_HEAD_BYTES,
  FRAME_VERSION,
  KEY,
  PROBE_ACK_BYTES,
  PROBE_BYTES,
} from './layout.ts';

export type FrameError =
  | 'frameTooShort'
  | 'frameTooLong'
  | 'frameTypeUnknown'
  | 'frameVersionUnknown'
  | 'cborMalformed'
  | 'fieldInvalid';

/** Read one frame. Nothing of the result shares memory with `bytes`. */
export function decodeFrame(bytes: Uint8Array): Result<Frame, FrameError> {
  if (bytes.length < FRAME_HEAD_BYTES) return fail('frameTooShort');
  if (bytes.length > FRAME_BYTES_MAX) return fail('frameTooLong');
  const type = field.nameOf(bytes[0], FRAME_TYPE);
  if (type === null) return fail('frameTypeUnknown');
  if (bytes[1] !== FRAME_VERSION) return fail('frameVersionUnknown');
  if (type === 'probe') return decodeProbe(bytes);
  if (type === 'probeAck') return decodeProbeAck(bytes);

  const map = decodeCborMap(bytes.subarray(FRAME_HEAD_BYTES));
  if (!map.ok) return map;
  try {
    return ok(READ[type](map.value));
  } catch (error) {
    if (error instanceof field.FieldError) return fail('fieldInvalid');
    throw error;
  }
}

function decodeProbe(bytes: Uint8Array): Result<Probe, FrameError> {
  if (bytes.length < PROBE_BYTES) return fail('frameTooShort');
  if (bytes.length > PROBE_BYTES) return fail('frameTooLong');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return ok({ type: 'probe', probeId: view.getUint32(2) });
}

function decodeProbeAck(bytes: Uint8Array): Result<ProbeAck, FrameError> {
  if (bytes.length < PROBE_ACK_BYTES) return fail('frameTooShort');
  if (bytes.length > PROBE_ACK_BYTES) return fail('frameTooLong');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const hubView = field.nameOf(view.getUint8(6), HUB_VIEW);
  const stateVersion = view.getBigUint64(9);
  if (hubView === null || stateVersion > BigInt(Number.MAX_SAFE_INTEGER)) {
    return fail('fieldInvalid');
  }
  return ok({
    type: 'probeAck',
    probeId: view.getUint32(2),
    view: hubView,
    transportId: view.getUint16(7),
    stateVersion: Number(stateVersion),
    token: bytes.slice(17, PROBE_ACK_BYTES),
  });
}

type CborFrame = Exclude<Frame, Probe | ProbeAck>;

const READ: { readonly [Type in CborFrame['type']]: (map: CborMap) => CborFrame } = {
  attach: (map) => ({
    type: 'attach',
    claim: field.claim(map, KEY.attach.claim),
    isNew: field.flag(map, KEY.attach.isNew),
    previousSessionId: field.sessionIdOrNull(map, KEY.attach.previousSessionId),
    proof: field.byteStringOrNull(map, KEY.attach.proof, field.KEY_BYTES),
    linkKind: field.named(map, KEY.attach.linkKind, LINK_KIND),
    linkName: field.label(map, KEY.attach.linkName, field.LINK_NAME_MAX),
    ciphers: field.namedList(map, KEY.attach.ciphers, field.CIPHERS_MAX, DATA_CIPHER),
    reasonCode: field.reasonCode(map, KEY.attach.reasonCode, 'binding_lost'),
    mtuBytes: field.innerMtuOrNull(map, KEY.attach.mtuBytes),
    noticeMs: field.countOrNull(map, KEY.attach.noticeMs),
  }),
  attached: (map) => ({
    type: 'attached',
    claim: field.claim(map, KEY.attached.claim),
    secret: field.byteString(map, KEY.attached.secret, field.KEY_BYTES),
    memoryKey: field.byteString(map, KEY.attached.memoryKey, field.KEY_BYTES),
    inner4: field.innerAddressOrNull(map, KEY.attached.inner4, 4),
    inner6: field.innerAddressOrNull(map, KEY.attached.inner6, 6),
    routes: field.labels(map, KEY.attached.routes, field.ROUTES_MAX),
    cipher: field.named(map, KEY.attached.cipher, DATA_CIPHER),
    ownerEpoch: field.count(map, KEY.attached.ownerEpoch),
    hubSeq: field.count(map, KEY.attached.hubSeq),
  }),
  reattach: (map) => ({
    type: 'reattach',
    claim: field.claim(map, KEY.reattach.claim),
    proof: field.byteString(map, KEY.reattach.proof, field.KEY_BYTES),
    token: field.byteStringOrNull(map, KEY.reattach.token, field.TOKEN_BYTES),
    linkKind: field.named(map, KEY.reattach.linkKind, LINK_KIND),
    linkName: field.label(map, KEY.reattach.linkName, field.LINK_NAME_MAX),
    purpose: field.named(map, KEY.reattach.purpose, CLAIM_PURPOSE),
    reasonCode: field.reasonCode(map, KEY.reattach.reasonCode, 'binding_lost'),
    mtuBytes: field.innerMtuOrNull(map, KEY.reattach.mtuBytes),
    noticeMs: field.countOrNull(map, KEY.reattach.noticeMs),
  }),
  reattached: (map) => ({
    type: 'reattached',
    claim: field.claim(map, KEY.reattached.claim),
    ownerEpoch: field.count(map, KEY.reattached.ownerEpoch),
    hubSeq: field.count(map, KEY.reattached.hubSeq),
    renewed: field.renewedKeys(map, KEY.reattached.renewed),
    heardMs: field.countOrNull(map, KEY.reattached.heardMs),
  }),
  reject: (map) => ({
    type: 'reject',
    claim: field.claim(map, KEY.reject.claim),
    reasonCode: field.reasonCode(map, KEY.reject.reasonCode, 'claim_refused'),
    isFatal: field.flag(map, KEY.reject.isFatal),
    retryAfterMs: field.count(map, KEY.reject.retryAfterMs),
    recordedVersion: field.count(map, KEY.reject.recordedVersion),
  }),
  terminate: (map) => ({
    type: 'terminate',
    sessionId: field.sessionId(map, KEY.terminate.sessionId),
    reasonCode: field.reasonCode(map, KEY.terminate.reasonCode, 'operator_terminated'),
    stateVersion: field.count(map, KEY.terminate.stateVersion),
  }),
  redirect: (map) => ({
    type: 'redirect',
    endpoints: field.labels(map, KEY.redirect.endpoints, field.ENDPOINTS_MAX),
  }),
  challenge: (map) => ({
    type: 'challenge',
    token: field.byteString(map, KEY.challenge.token, field.TOKEN_BYTES),
    claim: field.claimOrNull(map, KEY.challenge.claim),
  }),
  response: (map) => ({
    type: 'response',
    token: field.byteString(map, KEY.response.token, field.TOKEN_BYTES),
    isMine: field.flag(map, KEY.response.isMine),
  }),
  received: (map) => ({
    type: 'received',
    keypairIndex: field.count(map, KEY.received.keypairIndex, 0xffff_ffff),
    counterMax: field.countOrNone(map, KEY.received.counterMax),
    bitmap: field.byteString(map, KEY.received.bitmap, BITMAP_BYTES),
    stateVersion: field.count(map, KEY.received.stateVersion),
    round: field.count(map, KEY.received.round),
    bytesPerSecond: field.count(map, KEY.received.bytesPerSecond),
  }),
  rotate: (map) => ({
    type: 'rotate',
    sessionId: field.sessionId(map, KEY.rotate.sessionId),
    proof: field.byteString(map, KEY.rotate.proof, field.KEY_BYTES),
  }),
  rotated: (map) => ({ type: 'rotated', sessionId: field.sessionId(map, KEY.rotated.sessionId) }),
  mtu: (map) => ({
    type: 'mtu',
    mtuBytes: field.innerMtu(map, KEY.mtu.mtuBytes),
    noticeMs: field.countOrNull(map, KEY.mtu.noticeMs),
  }),
};
