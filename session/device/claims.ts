/**
 * Claims: opening one, repeating it, giving it up for a newer one.
 *
 * A repeat on the same transport is the same claim; anything else takes a fresh version, so that a
 * claim that was sent can only be undone by a newer one (docs/protocol.md, "Claims and answers").
 *
 * @module
 */
import { assert } from '../assert.ts';
import type { Claim } from '../claim.ts';
import { TIMEOUT_MAX_MS, timeoutMs } from '../liveness/rtt.ts';
import { claimBytes, prove } from '../proof.ts';
import type { ReasonCode } from '../reasons.ts';
import type { ClaimPurpose } from '../wire/frames.ts';
import { denial } from './choice.ts';
import { acceptList } from './die.ts';
import { idleNoticeMs } from './pace.ts';
import { hasVersionsLeft } from './save.ts';
import type { OpenClaim } from './state.ts';
import type { Turn } from './turn.ts';

/** Of the claims made, this many are remembered as our own. */
const OWN_CLAIMS_MAX = 8;

export function openClaim(
  turn: Turn,
  transportId: number,
  purpose: ClaimPurpose,
  reasonCode: ReasonCode,
): void {
  const { draft } = turn;
  assert(draft.sessionId !== null, 'a claim names a session');
  assert(isBounded(turn, transportId, purpose), 'I7: the governor is asked before a claim');
  const claim: Claim = {
    sessionId: draft.sessionId,
    stateVersion: turn.nextVersion(),
    transportId,
    nonce: turn.deriveHex('claim', 8),
  };
  const transport = turn.transport(transportId);
  const kind = draft.state === 'BIRTH' ? 'new' : draft.memoryKey === null ? 'attach' : 'reattach';
  draft.claim = {
    claim,
    kind,
    purpose,
    reasonCode,
    mtuBytes: draft.mtuBytes,
    noticeMs: transport === null ? null : idleNoticeMs(transport, turn.config),
    openedAtMs: turn.nowMs,
    sends: 0,
    sendsInChannel: 0,
    repeatAtMs: turn.nowMs,
  };
  draft.ownClaims = [...draft.ownClaims, claim].slice(-OWN_CLAIMS_MAX);
  turn.report('claim', reasonCode, { transportId, kind, purpose, nonce: claim.nonce });
  if (kind === 'reattach') turn.emit(acceptList(draft));
  repeatClaim(turn);
}

/** Whether nothing forbids a claim now: no wait that was granted, and a version that is not kept for transitions. */
export function mayClaim(turn: Turn): boolean {
  return turn.draft.claimNotBeforeMs <= turn.nowMs && hasVersionsLeft(turn);
}

/** Send the open claim (again): same tuple, so the hub gives the very same answer. */
export function repeatClaim(turn: Turn): void {
  const { draft } = turn;
  const open = draft.claim;
  const transport = turn.transport(open?.claim.transportId ?? null);
  if (open === null) return;
  // Without keys or a link the try counts as well: the next candidate gets its turn.
  draft.claim = {
    ...open,
    sends: open.sends + 1,
    sendsInChannel: open.sendsInChannel + 1,
    repeatAtMs: turn.nowMs + pauseMs(turn, open),
  };
  if (transport === null || transport.unusable !== null || draft.channel === null) return;
  const { channelId, handshakeHash } = draft.channel;
  const named = { linkKind: transport.linkKind, linkName: transport.linkName };
  const { reasonCode, mtuBytes, noticeMs } = open;
  const base = { claim: open.claim, ...named, reasonCode, mtuBytes, noticeMs };
  const what = claimBytes(open.claim);
  const frame =
    open.kind === 'reattach'
      ? {
          ...base,
          type: 'reattach' as const,
          proof: prove('reattach', memoryKeyOf(turn), handshakeHash, what),
          token: transport.token,
          purpose: open.purpose,
        }
      : {
          ...base,
          type: 'attach' as const,
          isNew: open.kind === 'new',
          previousSessionId: open.kind === 'new' ? draft.previousSessionId : null,
          proof: draft.secret === null ? null : prove('attach', draft.secret, handshakeHash, what),
          ciphers: turn.config.ciphers,
        };
  const { transportId } = transport;
  turn.emit({ kind: 'send', channelId, transportId, frame });
  // Where the binding still delivers, what is under way on it is not missing yet (`resending.ts`).
  if (open.kind === 'reattach' && open.purpose === 'recovery') {
    const { stateVersion } = open.claim;
    turn.emit({ kind: 'tellReceived', channelId, transportId, stateVersion });
  }
}

/** Staying is no switch, and neither is a reattach on the transport that was the binding. */
function isBounded(turn: Turn, transportId: number, purpose: ClaimPurpose): boolean {
  const { draft } = turn;
  const bindingId = draft.activeId ?? draft.formerId;
  const isSwitch = bindingId !== null && bindingId !== transportId;
  if (purpose === 'stay') return !isSwitch;
  return !isSwitch || denial(draft, turn.config, purpose) === null;
}

/**
 * The hub answers when its store has committed, and an ATTACH may first have to wait for what the old
 * binding says to a challenge: asking faster than that only takes the hub's patience from the claim
 * before (chosen; a store's sync takes 1 to 30 ms, a challenge at most 800 ms).
 */
const REATTACH_PAUSE_MIN_MS = 60;
const ATTACH_PAUSE_MIN_MS = 400;

/** Grows by half with each repeat, from one round-trip timeout to two seconds. */
function pauseMs(turn: Turn, open: OpenClaim): number {
  const rtt = turn.transport(open.claim.transportId)?.liveness.rtt ?? null;
  const leastMs = open.kind === 'reattach' ? REATTACH_PAUSE_MIN_MS : ATTACH_PAUSE_MIN_MS;
  return Math.min(TIMEOUT_MAX_MS, Math.max(leastMs, timeoutMs(rtt)) * 1.5 ** open.sends);
}

function memoryKeyOf(turn: Turn): Uint8Array {
  assert(turn.draft.memoryKey !== null, 'a REATTACH is made by the process that attached');
  return turn.draft.memoryKey;
}
