/**
 * One frame of every type and every optional field both ways, for codec tests and vectors.
 *
 * @module
 */
import type { Claim } from '../../../../session/claim.ts';
import type { Frame } from '../../../../session/wire/frames.ts';

const claim: Claim = {
  sessionId: '000102030405060708090a0b0c0d0e0f',
  stateVersion: 258,
  transportId: 7,
  nonce: 'f0f1f2f3f4f5f6f7',
};
const key = (fill: number) => new Uint8Array(32).fill(fill);
const token = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]);

export const SAMPLE_FRAMES: Readonly<Record<string, Frame>> = {
  'attach, resuming': {
    type: 'attach',
    claim,
    isNew: false,
    previousSessionId: null,
    proof: key(0x11),
    linkKind: 'ethernet',
    linkName: 'eth0',
    ciphers: ['aes-256-gcm', 'chacha20-poly1305'],
    reasonCode: 'agent_restarted',
    mtuBytes: 1_440,
  },
  'attach, new': {
    type: 'attach',
    claim: { ...claim, stateVersion: Number.MAX_SAFE_INTEGER },
    isNew: true,
    previousSessionId: 'ffeeddccbbaa99887766554433221100',
    proof: null,
    linkKind: 'lte',
    linkName: 'wwan0',
    ciphers: ['chacha20-poly1305'],
    reasonCode: 'session_created',
    mtuBytes: 576,
  },
  attached: {
    type: 'attached',
    claim,
    secret: key(0x22),
    memoryKey: key(0x33),
    inner4: '10.77.0.5/32',
    inner6: 'fd77::5/128',
    routes: ['10.0.0.0/8', 'fd00::/8'],
    cipher: 'aes-256-gcm',
    ownerEpoch: 3,
    hubSeq: 4_294_967_296,
  },
  'attached, no addresses': {
    type: 'attached',
    claim,
    secret: key(0x22),
    memoryKey: key(0x33),
    inner4: null,
    inner6: null,
    routes: [],
    cipher: 'chacha20-poly1305',
    ownerEpoch: 1,
    hubSeq: 0,
  },
  reattach: {
    type: 'reattach',
    claim,
    proof: key(0x44),
    token,
    linkKind: 'wifi',
    linkName: 'wlan0',
    purpose: 'recovery',
    reasonCode: 'carrier_lost',
    mtuBytes: 1_420,
  },
  'reattach, cold': {
    type: 'reattach',
    claim: { ...claim, transportId: 65_535 },
    proof: key(0x44),
    token: null,
    linkKind: 'other',
    linkName: 'sat 1',
    purpose: 'stay',
    reasonCode: 'switch_abandoned',
    mtuBytes: null,
  },
  reattached: { type: 'reattached', claim, ownerEpoch: 3, hubSeq: 9, renewed: null },
  'reattached, renewed': {
    type: 'reattached',
    claim,
    ownerEpoch: 3,
    hubSeq: 9,
    renewed: { secret: key(0x55), memoryKey: key(0x66) },
  },
  reject: {
    type: 'reject',
    claim,
    reasonCode: 'stale_state_version',
    isFatal: false,
    retryAfterMs: 70_000,
    recordedVersion: 9_007_199_254_740_991,
  },
  probe: { type: 'probe', probeId: 0xdead_beef },
  probeAck: {
    type: 'probeAck',
    probeId: 0xdead_beef,
    view: 'carrying',
    transportId: 7,
    stateVersion: 258,
    token,
  },
  terminate: {
    type: 'terminate',
    sessionId: claim.sessionId,
    reasonCode: 'operator_terminated',
    stateVersion: 259,
  },
  redirect: { type: 'redirect', endpoints: ['198.51.100.7:51820', '[2001:db8::7]:51820'] },
  challenge: { type: 'challenge', token, claim },
  'challenge, no claim': { type: 'challenge', token, claim: null },
  response: { type: 'response', token, isMine: true },
  received: {
    type: 'received',
    keypairIndex: 0xffff_ffff,
    counterMax: 268_435_456,
    bitmap: new Uint8Array(512).fill(0xa5),
  },
  rotate: { type: 'rotate', sessionId: claim.sessionId, proof: key(0x77) },
  rotated: { type: 'rotated', sessionId: claim.sessionId },
  mtu: { type: 'mtu', mtuBytes: 1_240 },
  'mtu, the largest': { type: 'mtu', mtuBytes: 65_535 },
};
