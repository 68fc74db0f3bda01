/**
 * What a device's session may forget: claims and answers, bounds and the governor, what is durable when.
 *
 * @module
 */
import type { Mutant } from './mutant.ts';

const ATTACH = 'session/device/attach.ts';
const BOOT = 'session/device/boot.ts';
const DIE = 'session/device/die.ts';

export const DEVICE_MUTANTS: readonly Mutant[] = [
  {
    id: 'versions-forgotten-at-boot',
    file: BOOT,
    find: 'draft.stateVersion = remembered?.versionCeiling ?? 0;',
    replace: 'draft.stateVersion = 0;',
    breaks: 'A restarted device uses versions again.',
    invariant: 'I4',
  },
  {
    // One rule covers for the other: an answer ends a run of misses, and for 50 ms after it there is no verdict.
    id: 'answers-hold-no-verdict',
    file: 'session/device/probes.ts',
    find: '  const { answeredAtMs } = active.liveness;\n  if (answeredAtMs !== null && turn.nowMs - answeredAtMs < ANSWERED_CALM_MS) return;\n  if (!isLongEnough(turn, active)) return;\n',
    replace: '',
    breaks: 'A binding is given up for silence while answers arrive over it.',
    invariant: 'liveness',
  },
  {
    id: 'versions-used-before-reserved',
    file: BOOT,
    find: '  draft.ceiling = draft.stateVersion;\n',
    replace:
      "  draft.ceiling = draft.stateVersion + 1_024;\n  draft.phase = 'running';\n  draft.savedSessionId = remembered?.sessionId ?? null;\n",
    breaks: 'A restarted device uses versions before a ceiling above them is durable.',
    invariant: 'I4',
  },
  {
    id: 'session-used-before-durable',
    file: 'session/device/pursue.ts',
    find: '  if (draft.savedSessionId !== draft.sessionId) return;\n',
    replace: '',
    breaks: 'The first ATTACH goes out before the name of its session is durable.',
    invariant: 'I2',
  },
  {
    id: 'data-before-secret-durable',
    file: ATTACH,
    find: '  turn.draft.granted = { ...keys, open, channelId };\n  save(turn);',
    replace:
      '  turn.draft.granted = { ...keys, open, channelId };\n  save(turn);\n  attachGranted(turn);',
    breaks: 'Data flows before the new secret is durable.',
    invariant: 'I4',
  },
  {
    id: 'answer-of-any-claim',
    file: ATTACH,
    find: 'open !== null && isSameClaim(open.claim, frame.claim) && kinds.includes(open.kind);',
    replace: 'open !== null && kinds.includes(open.kind);',
    breaks: 'A late answer to an older claim settles the newest one.',
    invariant: 'I1',
  },
  {
    id: 'answer-counts-twice',
    file: ATTACH,
    find: '  turn.draft.claim = null;\n  turn.draft.handshake = null;\n  return open;',
    replace: '  turn.draft.handshake = null;\n  return open;',
    breaks: 'A claim stays open after its answer, which counts every time it comes.',
    invariant: 'I5',
  },
  {
    id: 'death-leaves-claim-open',
    file: DIE,
    find: '  draft.claim = null;\n  draft.handshake = null;\n  draft.plannedAtMs = null;\n  leaveAttached(turn);',
    replace: '  draft.handshake = null;\n  draft.plannedAtMs = null;\n  leaveAttached(turn);',
    breaks: 'An answer counts although the binding died after its claim.',
    invariant: 'I5',
  },
  {
    id: 'refusal-of-any-claim',
    file: 'session/device/refusals.ts',
    find: 'if (open === null || !isSameClaim(open.claim, frame.claim)) {',
    replace: 'if (open === null) {',
    breaks: 'A late refusal of an old claim closes the newest one.',
    invariant: 'I5',
  },
  {
    id: 'death-keeps-sending',
    file: DIE,
    find: "  turn.emit({ kind: 'route', route: null });\n  turn.emit(acceptList(draft));\n  probeOthers(turn);",
    replace: '  turn.emit(acceptList(draft));\n  probeOthers(turn);',
    breaks: 'Data is sent on a binding that is dead.',
    invariant: 'I1',
  },
  {
    id: 'answer-moves-no-data',
    file: ATTACH,
    find: "  turn.emit({ kind: 'route', route: { channelId, transportId } });\n",
    replace: '',
    breaks: 'After a switch data stays on the binding before.',
    invariant: 'I1',
  },
  {
    id: 'recovery-window-ignored',
    file: 'session/device/deadlines.ts',
    find: '  if (due(draft.recoveryDeadlineAtMs))\n',
    replace: '  if (due(draft.recoveryDeadlineAtMs) && draft.transports.length === 0)\n',
    breaks: 'A recovery goes on beyond its window.',
    invariant: 'I3',
  },
  {
    id: 'recovery-window-doubled',
    file: DIE,
    find: '  draft.recoveryDeadlineAtMs = turn.nowMs + recoveryWindowMs;',
    replace: '  draft.recoveryDeadlineAtMs = turn.nowMs + 2 * recoveryWindowMs;',
    breaks: 'A recovery may take twice its window.',
    invariant: 'I3',
  },
  {
    id: 'transport-ttl-restarts',
    file: DIE,
    find: 'turn.nowMs + Math.max(0, transportTtlMs - draft.transportlessMs);',
    replace: 'turn.nowMs + transportTtlMs;',
    breaks: 'Every recovery has the whole transport TTL again.',
    invariant: 'I3',
  },
  {
    id: 'session-ttl-ignored',
    file: BOOT,
    find: '  draft.sessionEndsAtMs = sessionEndsAtMs(turn);\n  if (draft.channel',
    replace: '  draft.sessionEndsAtMs = null;\n  if (draft.channel',
    breaks: 'A session never ends by its TTL at the device.',
    invariant: 'I3',
  },
  {
    id: 'switch-cap-ignored',
    file: 'session/device/choice.ts',
    find: "  if (recent.length >= cap) return 'switch_rate_limited';",
    replace: "  if (recent.length >= cap + 1_000) return 'switch_rate_limited';",
    breaks: 'The device switches beyond its cap.',
    invariant: 'I7',
  },
  {
    id: 'cooldown-ignored',
    file: 'session/device/choice.ts',
    find: "return purpose !== 'recovery' && isCooling ? 'cooldown_active' : null;",
    replace: "return purpose !== 'recovery' && isCooling && cap < 0 ? 'cooldown_active' : null;",
    breaks: 'The device plans a switch directly behind another one.',
    invariant: 'I7',
  },
  {
    id: 'hold-down-ignored',
    file: 'session/device/review.ts',
    find: 'if (stableSinceMs === null || turn.nowMs - stableSinceMs < failbackStableMs) continue;',
    replace: 'if (stableSinceMs === null || failbackStableMs < 0) continue;',
    breaks: 'The device goes back to a better link that has not proven itself.',
    invariant: 'I7',
  },
  {
    id: 'binding-lost-ignored',
    file: 'session/device/probes.ts',
    find: "  if (deniesBinding(turn, ack, askedAtMs)) return die(turn, 'binding_lost');",
    replace: '  if (deniesBinding(turn, ack, askedAtMs)) return;',
    breaks: 'A device goes on sending where the hub says the binding is not.',
    invariant: 'liveness',
  },
  {
    id: 'plan-abandoned-silently',
    file: 'session/device/review.ts',
    find: '    draft.planNotBeforeMs = turn.nowMs + turn.config.limits.cooldownMs;\n  }\n  stay(turn);',
    replace:
      '    draft.planNotBeforeMs = turn.nowMs + turn.config.limits.cooldownMs;\n  }\n  draft.claim = null;\n  draft.plannedAtMs = null;',
    breaks: 'A plan is given up without a newer claim that undoes it.',
    invariant: 'I1',
  },
  {
    id: 'creation-names-nobody',
    file: BOOT,
    find: '    previousSessionId: predecessor,\n    previousReason: endedFor,',
    replace: '    previousSessionId: null,\n    previousReason: endedFor,',
    breaks: 'A new session does not say which one it follows.',
    invariant: 'I2',
  },
  {
    id: 'rebirth-without-end',
    file: DIE,
    find: '  if (draft.granted === null) adoptNext(turn);\n',
    replace:
      "  if (draft.granted === null) adoptNext(turn);\n  draft.sessionId = turn.deriveHex('session', 16);\n",
    breaks: 'A device that loses its binding gives its session another name.',
    invariant: 'I2',
  },
  {
    id: 'transition-unsaid',
    file: 'session/device/turn.ts',
    find: "    this.report('transition', reasonCode, { trigger, ...detail }, from, to);",
    replace:
      "    if (reasonCode !== 'carrier_lost') this.report('transition', reasonCode, { trigger, ...detail }, from, to);",
    breaks: 'The device changes its state without an event.',
    invariant: 'I8',
  },
  {
    id: 'end-without-reason',
    file: 'session/device/end.ts',
    find: '  draft.terminated = reasonCode;\n',
    replace: '',
    breaks: 'A session is TERMINATED, and nothing says why.',
    invariant: 'I8',
  },
  {
    id: 'conflict-pause-ignored',
    file: 'session/device/end.ts',
    find: "  if (reasonCode === 'identity_conflict') return turn.nowMs + CONFLICT_PAUSE_MS;\n",
    replace: '',
    breaks: 'Who lost an identity conflict comes again at once.',
    invariant: 'clone',
  },
  {
    id: 'conflict-forgotten-at-boot',
    file: BOOT,
    find: "else if (draft.terminated === 'identity_conflict') stayOut(turn);",
    replace:
      "else if (draft.terminated === 'identity_conflict' && draft.ceiling < 0) stayOut(turn);",
    breaks: 'A restart gets a refused copy around its pause.',
    invariant: 'clone',
  },
  {
    id: 'spent-link-planned',
    file: 'session/device/choice.ts',
    find: ' &&\n      !isSpent(transport, config),',
    replace: ',',
    breaks: 'A session goes back to a link whose budget of the day is spent.',
    invariant: 'I7',
  },
];
