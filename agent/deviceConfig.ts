/**
 * What the core is configured with, from the rules in force and what this machine can do.
 *
 * @module
 */
import { encodeKey } from '../session/channel/identity.ts';
import type { DeviceConfig, LinkPolicy } from '../session/device/limits.ts';
import type { TunnelRules, TunnelSetup } from './messages.ts';
import type { ShellParts } from './sessionShell.ts';

type Parts = Pick<ShellParts, 'setup' | 'chosen' | 'uplinks'>;

/** @param publicKey the device's own, 32 bytes. */
export function deviceConfigOf(
  parts: Parts,
  publicKey: Uint8Array,
  rules: TunnelSetup['rules'],
): DeviceConfig {
  return {
    device: encodeKey(publicKey),
    ciphers: parts.chosen.preference,
    mtuMaxBytes: parts.setup.mtuMaxBytes,
    limits: rules.limits,
    linkPolicy: (name) => linkPolicyOf(parts, rules, name),
  };
}

/** `rules` but for what ends a session by time, which is as in `before`: that is not tried. */
export function withBoundsOf(rules: TunnelRules, before: TunnelRules): TunnelRules {
  const { sessionTtlMs, transportTtlMs, recoveryWindowMs, birthDeadlineMs, degradedMaxMs } =
    before.limits;
  const bounds = { sessionTtlMs, transportTtlMs, recoveryWindowMs, birthDeadlineMs, degradedMaxMs };
  return { ...rules, limits: { ...rules.limits, ...bounds } };
}

/** As the policy says, and whether the budget of the day is spent at this moment. */
function linkPolicyOf({ uplinks }: Parts, rules: TunnelSetup['rules'], name: string): LinkPolicy {
  const policy = rules.linkPolicies[name] ?? { preference: 1_000, cost: 'free' };
  const uplink = uplinks.all.find((candidate) => candidate.name === name);
  return uplink?.meter.isSpent === true ? { ...policy, isSpent: true } : policy;
}
