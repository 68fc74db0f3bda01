/**
 * Control frames out of a seed: every type, every optional field both ways, numbers at their bounds.
 *
 * @module
 */
import { bytesToHex } from '../../session/bytes.ts';
import type { Claim } from '../../session/claim.ts';
import { REASONS, type ReasonCode } from '../../session/reasons.ts';
import {
  CLAIM_PURPOSE,
  DATA_CIPHER,
  FRAME_TYPE,
  type Frame,
  HUB_VIEW,
  LINK_KIND,
} from '../../session/wire/frames.ts';
import type { Random } from '../sim/random.ts';

export const ids = ['aa'.repeat(16), 'bb'.repeat(16), '00'.repeat(16)];
const names = <T extends string>(table: Readonly<Record<T, unknown>>) => Object.keys(table) as T[];
const REASON_CODES = names<ReasonCode>(REASONS);
const ADDRESSES = [
  '10.77.0.2/32',
  'fd77::5/128',
  '10.0.0.0/8',
  '0.0.0.0/0',
  '::/0',
  '10.77.0.2',
  'zzz',
  '10.77.0.2/33',
];

export function sampleFrame(random: Random): Frame {
  const one = <T>(items: readonly T[]): T => items[random.below(items.length)]!;
  const maybe = <T>(make: () => T): T | null => (random.chance(30) ? null : make());
  const key = () => random.bytes(32);
  const token = () => random.bytes(8);
  const count = () => one([0, 1, 5, 6, 7, 258, 0xffff_ffff, Number.MAX_SAFE_INTEGER]);
  const id = () => (random.chance(80) ? one(ids) : bytesToHex(random.bytes(16)));
  const claim = sampleClaim(random);
  const linkKind = one(names(LINK_KIND));
  const linkName = one(['eth0', 'wwan0', 'a', '~'.repeat(32)]);
  const reasonCode = one(REASON_CODES);
  const mtuBytes = one([576, 1_280, 1_440, 65_535]);
  switch (one(names(FRAME_TYPE))) {
    case 'attach':
      return {
        ...{ type: 'attach', claim, isNew: random.chance(60), linkKind, linkName, reasonCode },
        previousSessionId: maybe(id),
        proof: maybe(key),
        ciphers: random.chance(50) ? ['aes-256-gcm'] : ['chacha20-poly1305', 'aes-256-gcm'],
        mtuBytes: maybe(() => mtuBytes),
        noticeMs: maybe(count),
      };
    case 'attached':
      return {
        ...{ type: 'attached', claim, secret: key(), memoryKey: key() },
        inner4: maybe(() => one(ADDRESSES)),
        inner6: maybe(() => one(ADDRESSES)),
        routes: Array.from({ length: random.below(5) }, () => one(ADDRESSES)),
        ...{ cipher: one(names(DATA_CIPHER)), ownerEpoch: count(), hubSeq: count() },
      };
    case 'reattach':
      return {
        ...{ type: 'reattach', claim, proof: key(), token: maybe(token), linkKind, linkName },
        purpose: one(names(CLAIM_PURPOSE)),
        reasonCode,
        mtuBytes: maybe(() => mtuBytes),
        noticeMs: maybe(count),
      };
    case 'reattached':
      return {
        ...{ type: 'reattached', claim, ownerEpoch: count(), hubSeq: count() },
        renewed: maybe(() => ({ secret: key(), memoryKey: key() })),
        heardMs: maybe(count),
      };
    case 'reject':
      return {
        ...{ type: 'reject', claim, reasonCode, isFatal: random.chance(40) },
        retryAfterMs: count(),
        recordedVersion: count(),
      };
    case 'probe':
      return { type: 'probe', probeId: one([0, 1, 2, 3, 0xffff_ffff]) };
    case 'probeAck':
      return {
        ...{ type: 'probeAck', probeId: random.below(6), view: one(names(HUB_VIEW)) },
        transportId: one([0, 1, 2, 65_535]),
        stateVersion: count(),
        token: token(),
      };
    case 'terminate':
      return { type: 'terminate', sessionId: id(), reasonCode, stateVersion: count() };
    case 'redirect':
      return { type: 'redirect', endpoints: one([[], ['198.51.100.7:51820'], ['x', 'y']]) };
    case 'challenge':
      return { type: 'challenge', token: token(), claim: maybe(() => claim) };
    case 'response':
      return { type: 'response', token: token(), isMine: random.chance(50) };
    case 'received':
      return {
        ...{
          type: 'received',
          keypairIndex: one([0, 1, 0xffff_ffff]),
          counterMax: one([-1, count()]),
        },
        bitmap: random.bytes(512),
        stateVersion: count(),
        round: one([0, 1, 2]),
        bytesPerSecond: one([0, 1, 1_000_000, 2 ** 52]),
      };
    case 'rotate':
      return { type: 'rotate', sessionId: id(), proof: key() };
    case 'rotated':
      return { type: 'rotated', sessionId: id() };
    case 'mtu':
      return { type: 'mtu', mtuBytes, noticeMs: maybe(count) };
  }
}

function sampleClaim(random: Random): Claim {
  const versions = [1, 5, 6, 7, 100, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER];
  return {
    sessionId: ids[random.below(ids.length)]!,
    stateVersion: versions[random.below(versions.length)]!,
    transportId: [1, 2, 3, 65_535][random.below(4)]!,
    nonce: random.chance(70) ? '0102030405060708' : bytesToHex(random.bytes(8)),
  };
}
