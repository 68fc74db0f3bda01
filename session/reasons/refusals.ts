/**
 * Why a hub refused a claim, in the order in which it checks (docs/protocol.md, "What a hub checks").
 *
 * A refusal never changes the binding. `fatal` ends the session for the claimant only.
 *
 * @module
 */
import type { Reason } from '../reasons.ts';

export const REFUSAL_REASONS = {
  rate_limited: {
    sentence: 'Too many requests from that network or overall; this one was turned away unread.',
    severity: 'notice',
    fatal: false,
    retry: 'after_wait',
    hint: 'One prefix: suspect a scan or a storm. All prefixes: compare admission limits with the fleet.',
  },
  unknown_session: {
    sentence: 'The hub has no such session on record.',
    severity: 'warning',
    fatal: true,
    retry: 'never',
    hint: 'Was the state database replaced, or does the device talk to another operator’s hub?',
  },
  invalid_state: {
    sentence:
      'The session is in a state that does not allow this claim; it has ended, or never began.',
    severity: 'warning',
    fatal: true,
    retry: 'never',
    hint: 'Look up why the session ended in the audit log of the hub.',
  },
  session_ttl_expired: {
    sentence: 'The session reached its maximum age and ended.',
    severity: 'notice',
    fatal: true,
    retry: 'never',
    hint: 'Expected once per session.ttl_ms; the device opens a new session by itself.',
  },
  transport_ttl_expired: {
    sentence:
      'The session was without a proven binding for longer than the policy allows, and ended.',
    severity: 'warning',
    fatal: true,
    retry: 'never',
    hint: 'Compare the outage with session.transport_ttl_ms; raise it for vehicles (profile `vehicle`).',
  },
  bad_proof: {
    sentence: 'The claimant could not prove that the session is its own.',
    severity: 'alarm',
    fatal: true,
    retry: 'never',
    hint: 'A copied identity, a restored old disk image or an attack: compare device serial numbers.',
  },
  replay_detected: {
    sentence: 'An old message was played again and was refused; nothing changed.',
    severity: 'warning',
    fatal: false,
    retry: 'at_once',
    hint: 'A few are network duplicates; a series from one source is an attack: filter it upstream.',
  },
  stale_state_version: {
    sentence: 'The claim carries a version that is not newer than the recorded one.',
    severity: 'notice',
    fatal: false,
    retry: 'at_once',
    hint: 'Normal when messages cross; repeated ones mean that two processes use one identity.',
  },
  reattach_rate_limited: {
    sentence: 'This session asked for reattachment too often.',
    severity: 'warning',
    fatal: false,
    retry: 'after_wait',
    hint: 'A flapping link or a loop: read the causes of its last transitions.',
  },
  policy_denied: {
    sentence: 'The policy does not allow this kind of link for a binding.',
    severity: 'warning',
    fatal: false,
    retry: 'after_wait',
    hint: 'Check the links table of the policy: links whose cost_class is "never" are refused.',
  },
  switch_rate_limited: {
    sentence: 'The session has used its switches for this minute; a slot is reserved for it.',
    severity: 'warning',
    fatal: false,
    retry: 'after_wait',
    hint: 'Two links are taking turns: find which one flaps, or raise its penalty.',
  },
  cooldown_active: {
    sentence: 'Planned switches pause for a moment after each switch.',
    severity: 'info',
    fatal: false,
    retry: 'after_wait',
    hint: 'Nothing to do; recovery from a dead link does not wait for this.',
  },
  invalid_transport: {
    sentence: 'The transport is not usable: malformed, or its address is not validated yet.',
    severity: 'warning',
    fatal: false,
    retry: 'at_once',
    hint: 'Repeated ones point at a NAT that rewrites addresses per packet.',
  },
  ownership_conflict: {
    sentence: 'Another hub owns this session.',
    severity: 'warning',
    fatal: false,
    retry: 'after_wait',
    hint: 'Normal during takeover; for longer than 10 s check leases and routing between hubs.',
  },
  store_unavailable: {
    sentence: 'The ownership store did not answer in time, so nothing was committed.',
    severity: 'alarm',
    fatal: false,
    retry: 'after_wait',
    hint: 'Look at disk or etcd latency on the hub; sessions stay where they are meanwhile.',
  },
  identity_conflict: {
    sentence: 'Two processes use the identity of one device; the one with less proof was refused.',
    severity: 'alarm',
    fatal: true,
    retry: 'never',
    hint: 'Find the second device or image with this key; then decide with `jvpn terminate` or re-enrol.',
  },
  session_live: {
    sentence:
      'The device has a live session and did not prove that it is its own, so no new one was opened.',
    severity: 'notice',
    fatal: false,
    retry: 'after_wait',
    hint: 'The device lost its state: it gets in when that session ends, or after `jvpn terminate`.',
  },
  not_enrolled: {
    sentence: 'The hub does not know this device’s public key.',
    severity: 'warning',
    fatal: false,
    retry: 'after_wait',
    hint: 'Run `jvpn enroll` on the hub with the key that `jvpn keygen` printed.',
  },
  revoked: {
    sentence: 'The device was revoked by an operator.',
    severity: 'alarm',
    fatal: true,
    retry: 'never',
    hint: 'If it should work again, enrol it with a new key.',
  },
} as const satisfies Readonly<Record<string, Reason>>;
