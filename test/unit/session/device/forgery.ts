/**
 * Frames that no honest hub would send: any type, with fields that are ours as often as not.
 *
 * @module
 */
import type { Device } from '../../../../session/device/state.ts';
import type { ReasonCode } from '../../../../session/reasons.ts';
import type { Frame, HubView } from '../../../../session/wire/frames.ts';
import type { Random } from '../../../sim/random.ts';

export const VIEWS: readonly HubView[] = [
  'unattached',
  'carrying',
  'recovering',
  'terminated',
  'standby',
];
export const REFUSALS: readonly ReasonCode[] = [
  'rate_limited',
  'stale_state_version',
  'policy_denied',
  'switch_rate_limited',
  'store_unavailable',
  'invalid_transport',
  'session_live',
  'identity_conflict',
  'unknown_session',
];

export function forgery(random: Random, device: Device): Frame {
  const own = device.ownClaims[random.below(Math.max(1, device.ownClaims.length))];
  const sessionId = random.chance(60) ? (device.sessionId ?? 'aa'.repeat(16)) : 'aa'.repeat(16);
  const claim =
    own !== undefined && random.chance(70)
      ? own
      : {
          sessionId,
          stateVersion: random.between(1, 5_000),
          transportId: 1,
          nonce: '00'.repeat(8),
        };
  const bytes = (count: number) => random.bytes(count);
  const ids = { claim, ownerEpoch: 1, hubSeq: 1 };
  const renewed = random.chance(50) ? null : { secret: bytes(32), memoryKey: bytes(32) };
  const stateVersion = random.between(0, device.stateVersion + 100);
  switch (random.below(9)) {
    case 0:
      return {
        type: 'attached',
        ...ids,
        secret: bytes(32),
        memoryKey: bytes(32),
        inner4: null,
        inner6: null,
        routes: [],
        cipher: 'chacha20-poly1305',
      };
    case 1:
      return { type: 'reattached', ...ids, renewed, heardMs: random.below(1_000) };
    case 2: {
      const reasonCode = REFUSALS[random.below(REFUSALS.length)] ?? 'rate_limited';
      const isFatal = random.chance(10);
      const recordedVersion = random.chance(5) ? Number.MAX_SAFE_INTEGER : stateVersion;
      return { type: 'reject', claim, reasonCode, isFatal, retryAfterMs: 0, recordedVersion };
    }
    case 3:
      return {
        type: 'probeAck',
        probeId: random.between(0, device.probeCount),
        view: VIEWS[random.below(VIEWS.length)] ?? 'carrying',
        transportId: random.below(5),
        stateVersion,
        token: bytes(8),
      };
    case 4:
      return { type: 'terminate', sessionId, reasonCode: 'session_ttl_expired', stateVersion };
    case 5:
      return { type: 'challenge', token: bytes(8), claim: random.chance(50) ? claim : null };
    case 6:
      return { type: 'rotated', sessionId };
    case 7:
      return { type: 'redirect', endpoints: ['192.0.2.9:51820'] };
    default:
      return { type: 'probe', probeId: 1 };
  }
}
