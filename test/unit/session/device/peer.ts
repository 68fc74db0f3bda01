/**
 * The other end as a script: a hub that commits whatever is newer, over paths that may lose and delay.
 *
 * Not the real hub: it has no bounds, no proofs and no store. A test replaces single answers with
 * `judge`, and single paths with `path`.
 *
 * @module
 */
import { isSameClaim } from '../../../../session/claim.ts';
import type { ReasonCode } from '../../../../session/reasons.ts';
import type {
  Attach,
  Attached,
  Frame,
  HubView,
  Reattach,
  Reattached,
  Reject,
} from '../../../../session/wire/frames.ts';
import { Random } from '../../../sim/random.ts';

export interface Path {
  /** Each way. */
  delayMs: number;
  /** Added to each way, 0 … this. */
  jitterMs: number;
  /** Each way, independently. */
  lossPercent: number;
  /** Device → hub gets through. */
  isOutOpen: boolean;
  /** Hub → device gets through. */
  isInOpen: boolean;
}

export const newPath = (delayMs = 10): Path => ({
  delayMs,
  jitterMs: 0,
  lossPercent: 0,
  isOutOpen: true,
  isInOpen: true,
});

export type ClaimFrame = Attach | Reattach;

interface Recorded {
  readonly sessionId: string;
  readonly stateVersion: number;
  readonly transportId: number;
  readonly answer: Attached | Reattached;
}

export class Peer {
  readonly paths = new Map<number, Path>();
  readonly random: Random;
  recorded: Recorded | null = null;
  view: HubView = 'carrying';
  /** Channels that the hub has seen a proof in. */
  readonly bound = new Set<number>();
  /** Answers instead of the hub; `undefined` leaves it to the hub, `null` is silence. */
  judge: (frame: ClaimFrame) => Frame | null | undefined = () => undefined;
  /** Whether handshakes are answered. */
  shakesHands = true;
  /** Whether ROTATE is answered. */
  rotates = true;
  /** Whether MTU is answered; a hub of an older version does not. */
  knowsMtu = true;
  /** What it was told of the inner MTU last. */
  mtuBytes: number | null = null;
  /** And of how late silence is noticed; a hub of an older version does not say so. */
  noticeMs: number | null = null;
  knowsNotice = true;
  /** Keys issued so far; makes each one different. */
  issued = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  path(transportId: number): Path {
    const path = this.paths.get(transportId) ?? newPath();
    this.paths.set(transportId, path);
    return path;
  }

  /** How long a datagram takes one way, or null if it is lost. */
  travelMs(transportId: number, way: 'out' | 'in'): number | null {
    const path = this.path(transportId);
    if (way === 'out' ? !path.isOutOpen : !path.isInOpen) return null;
    if (this.random.chance(path.lossPercent)) return null;
    return path.delayMs + (path.jitterMs === 0 ? 0 : this.random.between(0, path.jitterMs));
  }

  /** What the hub answers to a frame, or null. */
  answer(frame: Frame, channelId: number, transportId: number): Frame | null {
    switch (frame.type) {
      case 'attach':
      case 'reattach': {
        const scripted = this.judge(frame);
        return scripted === undefined ? this.commit(frame, channelId) : scripted;
      }
      case 'probe':
        return {
          type: 'probeAck',
          probeId: frame.probeId,
          view: this.bound.has(channelId) ? this.view : 'unattached',
          transportId: this.recorded?.transportId ?? 0,
          stateVersion: this.recorded?.stateVersion ?? 0,
          token: new Uint8Array(8).fill(transportId),
        };
      case 'rotate':
        if (!this.rotates) return null;
        this.bound.add(channelId);
        return { type: 'rotated', sessionId: frame.sessionId };
      case 'mtu':
        if (!this.knowsMtu) return null;
        this.mtuBytes = frame.mtuBytes;
        this.noticeMs = frame.noticeMs ?? this.noticeMs;
        return { ...frame, noticeMs: this.knowsNotice ? this.noticeMs : null };
      case 'terminate':
        this.recorded = null;
        this.bound.clear();
        return null;
      default:
        return null;
    }
  }

  commit(frame: ClaimFrame, channelId: number): Frame {
    const { claim } = frame;
    const { recorded } = this;
    if (recorded !== null && isSameClaim(recorded.answer.claim, claim)) {
      this.bound.add(channelId);
      return recorded.answer;
    }
    if (recorded !== null && claim.stateVersion <= recorded.stateVersion)
      return reject(frame, 'stale_state_version', { recordedVersion: recorded.stateVersion });
    this.mtuBytes = frame.mtuBytes;
    this.noticeMs = frame.noticeMs;
    const answer = frame.type === 'attach' ? this.attached(frame) : reattached(frame);
    const { sessionId, stateVersion, transportId } = claim;
    this.recorded = { sessionId, stateVersion, transportId, answer };
    this.view = 'carrying';
    this.bound.add(channelId);
    return answer;
  }

  attached({ claim }: Attach): Attached {
    this.issued += 1;
    return {
      type: 'attached',
      claim,
      secret: new Uint8Array(32).fill(this.issued),
      memoryKey: new Uint8Array(32).fill(128 + (this.issued % 100)),
      inner4: '10.77.0.5/32',
      inner6: null,
      routes: ['10.0.0.0/8'],
      cipher: 'aes-256-gcm',
      ownerEpoch: 1,
      hubSeq: 1,
    };
  }
}

export function reattached({ claim }: ClaimFrame): Reattached {
  return { type: 'reattached', claim, ownerEpoch: 1, hubSeq: 1, renewed: null, heardMs: null };
}

export function reject(
  { claim }: ClaimFrame,
  reasonCode: ReasonCode,
  how: { isFatal?: boolean; retryAfterMs?: number; recordedVersion?: number } = {},
): Reject {
  const { isFatal = false, retryAfterMs = 0, recordedVersion = 0 } = how;
  return { type: 'reject', claim, reasonCode, isFatal, retryAfterMs, recordedVersion };
}
