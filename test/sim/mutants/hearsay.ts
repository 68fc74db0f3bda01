/**
 * What anybody may say is no fact, and what the machine knows is one: ICMP errors, radios, and what is told of links.
 *
 * @module
 */
import { IDLE_SEEDS_FROM } from '../draw/idle.ts';
import type { Mutant } from './mutant.ts';

const VERDICT = 'session/liveness/verdict.ts';

/** Seeds of hubs that restart while devices are idle. */
const seedsFrom = IDLE_SEEDS_FROM;

export const HEARSAY_MUTANTS: readonly Mutant[] = [
  {
    id: 'hearsay-as-verdict',
    file: 'session/device/probes.ts',
    find: "  turn.count('doubt_hearsay');\n",
    replace: "  turn.count('doubt_hearsay');\n  return die(turn, 'heartbeat_timeout');\n",
    breaks: 'An ICMP error, which anybody can send, is taken for the silence of the binding.',
    invariant: 'liveness',
  },
  {
    id: 'hearsay-as-send-error',
    file: 'agent/sessionShell.ts',
    find: "      this.#feed({ kind: 'hearsay', atMs, linkName: uplink.name });\n",
    replace:
      "      const transportId = this.#device.activeId;\n      if (transportId !== null && this.#parts.uplinks.path(transportId)?.uplink === uplink)\n        this.#feed({ kind: 'sendFailed', atMs, transportId, error: 'unreachable' });\n",
    breaks: 'An ICMP error counts as a send that the machine itself refused.',
    invariant: 'I8',
  },
  {
    id: 'radio-not-believed',
    file: 'agent/uplinks.ts',
    find: "  return carrier && adminUp && radio !== 'disconnected';",
    replace: "  return carrier && (adminUp || radio === 'connected');",
    breaks:
      'A link whose modem says that its radio is gone counts as usable while it has its carrier.',
    invariant: 'liveness',
  },
  {
    id: 'portal-said-wrongly',
    file: 'session/device/portal.ts',
    find: '  if (isToldUnanswered || unusable !== null || liveness.heardAtMs !== null) return false;\n  if (transportId === draft.activeId || wasHeardOver(draft.transports, linkName)) return false;\n',
    replace:
      '  if (isToldUnanswered || unusable !== null || linkName.length === 0) return false;\n  if (transportId === draft.activeId) return false;\n',
    breaks: 'A link that has answered is said to be a captive portal when it falls silent.',
    invariant: 'I8',
  },
  {
    id: 'portal-unsaid',
    file: 'session/device/portal.ts',
    find: "    turn.report('notice', 'link_unanswered', { transportId });\n",
    replace: '',
    breaks: 'A link that has swallowed everything since it came up is never told of.',
    invariant: 'I8',
  },
  {
    id: 'one-way-in-on-a-guess',
    file: 'session/device/attach.ts',
    find: '  if (heardMs * 2 >= silentMs) return;\n',
    replace: '',
    breaks: 'Every binding that fell silent is said to be cut on the way to the device alone.',
    invariant: 'I8',
  },
  {
    id: 'one-way-out-on-a-guess',
    file: VERDICT,
    find: "  return isHeardInDoubt(liveness) ? 'dead_one_way' : 'dead';",
    replace: "  return liveness.heardAtMs === null ? 'dead' : 'dead_one_way';",
    breaks: 'Every binding that fell silent is said to be cut on the way to the hub alone.',
    invariant: 'I8',
  },
  {
    id: 'three-misses-are-death',
    file: VERDICT,
    find: '  return Math.max(deadAfterMissed, byChance);',
    replace: '  return Math.min(3, Math.max(deadAfterMissed, byChance));',
    breaks: 'Three misses in a row are death, however much the link loses.',
    invariant: 'liveness',
  },
  {
    id: 'unknown-channel-unsaid',
    file: 'hub/unknownChannel.ts',
    find: "  counters.count('unknown_channel_sent');\n",
    replace: '  if (atMs >= 0) return;\n',
    breaks: 'A restarted hub has no word for a device that speaks in keys which it has lost.',
    invariant: 'liveness',
    seedsFrom,
  },
  {
    id: 'unknown-channel-unasked',
    file: 'agent/controlMessages.ts',
    find: "    feed({ kind: 'hearsay', atMs: nowMs(), linkName: uplink.name });\n",
    replace: '',
    breaks: 'A device that is told that its channel is unknown does not look whether that is so.',
    invariant: 'liveness',
    seedsFrom,
  },
  {
    id: 'unknown-channel-as-verdict',
    file: 'agent/controlMessages.ts',
    find: "    feed({ kind: 'hearsay', atMs: nowMs(), linkName: uplink.name });\n",
    replace:
      "    feed({ kind: 'sendFailed', atMs: nowMs(), transportId, error: 'unreachable' });\n    feed({ kind: 'sendFailed', atMs: nowMs(), transportId, error: 'unreachable' });\n",
    breaks: 'An unknown channel, which anybody on the path can say, ends the binding.',
    invariant: 'I8',
    seedsFrom,
  },
];
