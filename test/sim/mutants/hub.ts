/**
 * What a hub may forget to check, to keep or to give up: planted in its seat, from the judge to the answer.
 *
 * @module
 */
import { SILENT_AND_METERED } from '../regressions.ts';
import type { Mutant } from './mutant.ts';

const JUDGE = 'session/hub/judge.ts';
const SWAP = 'session/hub/swap.ts';
const KEYS = 'session/hub/keys.ts';
/** The next one has a hub that takes a lower cap while the store leaves it in doubt about a switch: few do. */
const CAP_SEEDS_FROM = 2_209;

export const HUB_MUTANTS: readonly Mutant[] = [
  {
    id: 'judge-unknown-session',
    file: JUDGE,
    find: 'if (record === null || record.sessionId !== event.frame.claim.sessionId) {',
    replace: 'if (record === null) {',
    breaks: 'A claim for a session that the record does not hold is judged as if it were that one.',
    invariant: 'I2',
  },
  {
    id: 'judge-ended-session',
    file: JUDGE,
    find: "if (record.terminated !== null) return refuse('invalid_state');",
    replace: '',
    breaks: 'A session that has ended is taken up again.',
    invariant: 'I2',
  },
  {
    id: 'judge-no-proof',
    file: JUDGE,
    find: '  if (shown !== null) return null;\n  const { record } = seat;\n  if (frame.type',
    replace:
      '  if (shown !== null || frame.type === "attach") return null;\n  const { record } = seat;\n  if (frame.type',
    breaks: 'An ATTACH needs no key of the session that it resumes.',
    invariant: 'clone',
  },
  {
    id: 'judge-new-session-without-proof',
    file: JUDGE,
    find: 'if (!isLive(seat.record) || shown !== null) return null;',
    replace: 'return null;',
    breaks: 'A new session replaces a living one although nothing of that was proven.',
    invariant: 'clone',
  },
  {
    id: 'judge-equal-version',
    file: JUDGE,
    find: 'event.frame.claim.stateVersion <= record.stateVersion',
    replace: 'event.frame.claim.stateVersion < record.stateVersion',
    breaks: 'A claim with the recorded version is as good as a newer one.',
    invariant: 'I4',
  },
  {
    id: 'judge-older-version',
    file: JUDGE,
    find: 'if (record !== null && event.frame.claim.stateVersion <= record.stateVersion) {',
    replace: 'if (record !== null && event.frame.claim.stateVersion <= 0) {',
    breaks: 'A claim that is older than the record is committed.',
    invariant: 'I4',
  },
  {
    id: 'judge-repeat-unknown',
    file: JUDGE,
    find: "if (!opening && record !== null && isRepeat(record, event)) return { kind: 'repeat', record };",
    replace: '',
    breaks:
      'A repeat of the committed claim is refused as stale: a lost answer locks the device out.',
    invariant: 'liveness',
  },
  {
    id: 'judge-switch-cap',
    file: JUDGE,
    find: "if (waitMs > 0) return refuse('switch_rate_limited', waitMs);",
    replace: '',
    breaks: 'The hub commits switches beyond the cap.',
    invariant: 'I7',
  },
  {
    id: 'seat-route-while-unknown',
    file: 'session/hub/heard.ts',
    find: "const inDoubt = seat.swap?.isUnknown === true && seat.swap.kind !== 'view';",
    replace: 'const inDoubt = false;',
    breaks: 'Data flows on the old binding while nobody knows which one is committed.',
    invariant: 'I1',
  },
  {
    id: 'seat-unknown-is-failed',
    file: SWAP,
    find: "    case 'unknown':\n      return doubt(turn, swap);",
    replace: "    case 'unknown':\n      draft.swap = null;\n      return;",
    breaks: 'A swap whose outcome nobody knows counts as failed.',
    invariant: 'I1',
  },
  {
    id: 'seat-unknown-is-committed',
    file: SWAP,
    find: "    case 'unknown':\n      return doubt(turn, swap);",
    replace: "    case 'unknown':\n      draft.swap = null;\n      return onDone(turn, swap);",
    breaks: 'A swap whose outcome nobody knows counts as committed.',
    invariant: 'I6',
  },
  {
    id: 'seat-repeat-under-new-cap',
    file: 'session/hub/check.ts',
    find: '  if (swap.swapId === before.swap?.swapId) {',
    replace: '  if (swap === before.swap) {',
    breaks:
      'A swap that is repeated is held to the cap of then: a policy that lowers it ends the session.',
    invariant: 'I7',
    seedsFrom: CAP_SEEDS_FROM,
  },
  {
    id: 'seat-own-write-is-foreign',
    file: SWAP,
    find: 'if (isOurs(turn, event.current, swap)) return onDone(turn, swap);',
    replace: '',
    breaks: 'A hub whose answer was lost does not recognise its own write.',
    invariant: 'I8',
  },
  {
    id: 'seat-no-new-epoch',
    file: SWAP,
    find: 'ownerEpoch: record.ownerEpoch + 1,',
    replace: 'ownerEpoch: record.ownerEpoch,',
    breaks: 'A restarted hub does not put a new epoch in front of what it left on the way.',
    invariant: 'I6',
  },
  {
    id: 'seat-route-before-commit',
    file: 'session/hub/commit.ts',
    find: "  startSwap(turn, 'commit', record, { event, shown, heardMs: heardMsOf(draft, event, shown) });",
    replace:
      "  startSwap(turn, 'commit', record, { event, shown, heardMs: heardMsOf(draft, event, shown) });\n  if (draft.record !== null) draft.record = { ...draft.record, transportId: record.transportId };",
    breaks: 'The hub sends data on the new binding before the record says so.',
    invariant: 'I1',
  },
  {
    id: 'seat-deadlines-restart',
    file: 'session/hub/seat.ts',
    find: '    recoveringSinceMs: live ? record.recoveringSinceMs : null,',
    replace: '    recoveringSinceMs: live && record.recoveringSinceMs !== null ? atMs : null,',
    breaks: 'A hub that restarts gives a recovery its whole window again.',
    invariant: 'I3',
  },
  {
    id: 'seat-window-ignored',
    file: 'session/hub/ending.ts',
    find: '} else if (isDue(recoveryEndsAtMs(draft, config))) {',
    replace: '} else if (isDue(null)) {',
    breaks: 'The hub never ends a recovery whose window has passed.',
    invariant: 'I3',
  },
  {
    id: 'seat-silence-ignored',
    file: 'session/hub/deadline.ts',
    find: 'return seat.heardAtMs + Math.max(limits.silenceMs, noticeMs);',
    replace: 'return limits.silenceMs + noticeMs < 0 ? seat.heardAtMs : null;',
    breaks: 'A hub never notices that a binding has fallen silent.',
    invariant: 'I3',
  },
  {
    id: 'seat-secret-kept',
    file: KEYS,
    find: "    secret: issue('secret', event, config),",
    replace: "    secret: record?.secret ?? issue('secret', event, config),",
    breaks:
      'An ATTACH does not rotate the secret: an old copy of the flash stays as good as the newest.',
    invariant: 'clone',
  },
  {
    id: 'seat-previous-secret-lost',
    file: KEYS,
    find: '    previousSecret: record === null ? null : previousSecretOf(record, shown),',
    replace:
      '    previousSecret: record === null ? null : (previousSecretOf(record, shown), null),',
    breaks: 'The secret that was just shown ends before the next one is known to have arrived.',
    invariant: 'liveness',
  },
  {
    id: 'seat-predecessor-forgotten',
    file: KEYS,
    find: '  return record.memoryKey;\n}',
    replace: '  return null;\n}',
    breaks:
      'The memory key of the process before is forgotten: an original cannot win against its copy.',
    invariant: 'clone',
  },
  {
    id: 'seat-conflict-ends-session',
    file: 'session/hub/claims.ts',
    find: "  turn.report('alarm', 'identity_conflict', { source });",
    replace:
      "  turn.report('alarm', 'identity_conflict', { source });\n  draft.ending ??= { trigger: 'security_failure', reasonCode: 'identity_conflict', isByDevice: false, stateVersion: 0 };",
    breaks: 'A refused copy ends the session of the original.',
    invariant: 'clone',
  },
  {
    id: 'seat-answers-without-lease',
    file: 'session/hub/replies.ts',
    find: '  if (!isLeaseValid || !isOwner) return null;',
    replace: '',
    breaks: 'A hub that is not the owner answers probes as if it were.',
    invariant: 'I6',
  },
  {
    id: 'seat-no-challenge',
    file: 'session/hub/challenge.ts',
    find: "  if (event.frame.type !== 'attach' || isMemory(shown) || !isLive(seat.record)) return false;",
    replace: '  return false;',
    breaks: 'An ATTACH takes a session without asking the binding that is alive.',
    invariant: 'clone',
  },
  {
    id: 'seat-transition-unsaid',
    file: 'session/hub/turn.ts',
    find: "    this.report('transition', reasonCode, { trigger, ...detail }, from, to);",
    replace:
      "    if (reasonCode !== 'hub_silence') this.report('transition', reasonCode, { trigger, ...detail }, from, to);",
    breaks: 'The hub changes its view without an event.',
    invariant: 'I8',
  },
  {
    id: 'seat-channels-unbounded',
    file: 'session/hub/channels.ts',
    find: 'if (draft.channels.length > CHANNELS_MAX) evict(turn, channelId);',
    replace: '',
    breaks: 'Every handshake adds a channel, without a bound.',
    invariant: 'I11',
  },
  {
    id: 'seat-no-predecessor',
    file: 'session/hub/commit.ts',
    find: "  return record?.sessionId ?? (frame.type === 'attach' ? frame.previousSessionId : null);",
    replace:
      '  return record === null && frame.type === "attach" ? frame.previousSessionId : null;',
    breaks: 'A new session does not name the one before.',
    invariant: 'I2',
  },
  {
    id: 'seat-notice-ignored',
    file: 'session/hub/deadline.ts',
    find: '  return seat.heardAtMs + Math.max(limits.silenceMs, noticeMs);',
    replace: '  return seat.heardAtMs + Math.max(limits.silenceMs, Math.min(0, noticeMs));',
    breaks: 'A hub calls a metered, idle binding silent before its device can know of it.',
    invariant: 'liveness',
    scenario: SILENT_AND_METERED,
  },
];
