/**
 * What a policy means to a hub: the limits that it enforces by itself.
 *
 * @module
 */
import { allowedLinkKinds } from '../policies/links.ts';
import type { Policy } from '../policies/schema.ts';
import type { HubRules } from './messages.ts';

/** However often devices probe, a hub does not doubt them sooner. Chosen. */
const SILENCE_MIN_MS = 5_000;
/** As many of the device's own intervals have to pass without a sign of it. */
const SILENT_INTERVALS = 3;

export function hubRules(policy: Policy): HubRules {
  const { session, resend, switching, admission, links } = policy;
  return {
    resendBufferBytes: resend.bufferBytes,
    limits: {
      sessionTtlMs: session.ttlMs,
      transportTtlMs: session.transportTtlMs,
      recoveryWindowMs: session.recoveryWindowMs,
      birthDeadlineMs: session.birthDeadlineMs,
      resendMaxAgeMs: resend.maxAgeMs,
      maxSwitchesPerMinute: switching.maxSwitchesPerMinute,
      cooldownMs: switching.cooldownMs,
      reattachPerMinute: admission.reattachPerSessionPerMinute,
      silenceMs: silenceMs(policy),
      allowedLinkKinds: allowedLinkKinds(links),
    },
    door: {
      perPrefixPerSecond: admission.reattachPerPrefixPerSecond,
      newSessionsPerSecond: admission.newSessionsPerSecond,
    },
  };
}

/** An idle device sends a heartbeat, or on a metered link a keepalive: the longer one counts. */
function silenceMs({ liveness, links }: Policy): number {
  const mayBeMetered = Object.values(links).some(({ costClass }) => costClass === 'metered');
  const intervalMs = mayBeMetered
    ? Math.max(liveness.heartbeatIdleMs, liveness.meteredKeepaliveMs)
    : liveness.heartbeatIdleMs;
  return Math.max(SILENCE_MIN_MS, SILENT_INTERVALS * intervalMs);
}
