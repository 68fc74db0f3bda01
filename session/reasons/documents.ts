/**
 * What becomes of a signed document (docs/push.md): why a device did not take it, in the order in which it asks, and the steps of
 * one that it took.
 *
 * No session changes its state by any of them.
 *
 * @module
 */
import type { Reason } from '../reasons.ts';

export const DOCUMENT_REFUSALS = {
  document_too_large: {
    sentence: 'A document came that is longer than a device reads.',
    severity: 'warning',
    fatal: false,
    retry: null,
    hint: 'Write only what differs from the defaults; `jvpn policy sign` refuses what is too long.',
  },
  document_malformed: {
    sentence: 'A document came that is not in the one form that a device reads.',
    severity: 'warning',
    fatal: false,
    retry: null,
    hint: 'Make documents with `jvpn policy sign`; ask `jvpn policy verify` what is wrong with this one.',
  },
  document_unsigned: {
    sentence: 'A document came without a signature that counts.',
    severity: 'alarm',
    fatal: false,
    retry: null,
    hint: 'Somebody who has no signing key may write to this topic: look at who the broker lets in.',
  },
  signer_unknown: {
    sentence: 'A document came that was signed by a key that this device does not trust.',
    severity: 'alarm',
    fatal: false,
    retry: null,
    hint: 'Compare its key id with the trust anchors; after a rotation the older key is not trusted any more.',
  },
  signature_invalid: {
    sentence: 'A document came that names a trusted key and was not signed by it, or was changed.',
    severity: 'alarm',
    fatal: false,
    retry: null,
    hint: 'Somebody alters or forges documents on their way: look at who the broker lets in.',
  },
  wrong_target: {
    sentence: 'A document came that is meant for another device, group or fleet.',
    severity: 'warning',
    fatal: false,
    retry: null,
    hint: 'Check the topic that it was published to, and the names that this device has.',
  },
  wrong_topic: {
    sentence: 'A document came on another topic than the one that is meant for it.',
    severity: 'warning',
    fatal: false,
    retry: null,
    hint: 'A command goes to the topic of its own name and id: send it with `jvpn command`.',
  },
  command_retained: {
    sentence:
      'A command came as a retained message, as which it would take effect again and again.',
    severity: 'warning',
    fatal: false,
    retry: null,
    hint: 'Publish commands without the retain flag, and clear the retained one.',
  },
  clock_unknown: {
    sentence: 'A command or rotation came, and the device does not know what time it is.',
    severity: 'notice',
    fatal: false,
    retry: null,
    hint: 'Let NTP through outside the tunnel, then send it again.',
  },
  document_early: {
    sentence: 'A document came before the time from which it holds.',
    severity: 'notice',
    fatal: false,
    retry: null,
    hint: 'A policy or an emergency is taken when its time has come; send anything else again. Compare the device’s clock.',
  },
  document_expired: {
    sentence: 'A document came after the time until which it may be taken.',
    severity: 'notice',
    fatal: false,
    retry: null,
    hint: 'Sign it again with another expiry and a higher version; compare the device’s clock.',
  },
  document_replayed: {
    sentence: 'A document came with a version that this device has taken already, or a lower one.',
    severity: 'notice',
    fatal: false,
    retry: null,
    hint: 'The same document twice is harmless; to send another one, raise its version.',
  },
  document_older: {
    sentence: 'A policy or an emergency came that is not newer than one that was in force here.',
    severity: 'warning',
    fatal: false,
    retry: null,
    hint: 'Raise a policy’s version above all that were followed here; sign an emergency again.',
  },
  document_invalid: {
    sentence: 'A document was signed by a trusted key, and what it says may not be done.',
    severity: 'warning',
    fatal: false,
    retry: null,
    hint: 'The event names the field; check policies with `jvpn policy lint` before they are signed.',
  },
  push_busy: {
    sentence:
      'A document came while another one was being written or on trial, or none could be judged.',
    severity: 'notice',
    fatal: false,
    retry: null,
    hint: 'Policies and emergencies get their turn behind that by themselves; send anything else again. The event says what was in its way.',
  },
  push_full: {
    sentence: 'A document came, and there is no room to remember one more target or key.',
    severity: 'warning',
    fatal: false,
    retry: null,
    hint: 'Take the device out of groups; for keys, docs/push.md says how to give it an empty push state without losing the pushed policy.',
  },
  push_not_durable: {
    sentence: 'A document could not be written to flash, so nothing of it was done.',
    severity: 'alarm',
    fatal: false,
    retry: null,
    hint: 'Check whether the state directory is full, read-only or worn out.',
  },
} as const satisfies Readonly<Record<string, Reason>>;

export const DOCUMENT_STEPS = {
  policy_on_trial: {
    sentence: 'A pushed policy is on flash and followed; it has to prove itself.',
    severity: 'info',
    fatal: false,
    retry: null,
    hint: 'Nothing to do; policy_confirmed or policy_rolled_back follows.',
  },
  policy_confirmed: {
    sentence: 'The session held under the pushed policy, which stays.',
    severity: 'info',
    fatal: false,
    retry: null,
    hint: 'Nothing to do; the event names its version.',
  },
  policy_rolled_back: {
    sentence: 'A pushed policy did not prove itself; the device follows the one before again.',
    severity: 'alarm',
    fatal: false,
    retry: null,
    hint: 'The event says why. Stop the rollout; that version is used up, the next one needs a higher one.',
  },
  emergency_began: {
    sentence: 'An emergency tightens the policy until it ends.',
    severity: 'warning',
    fatal: false,
    retry: null,
    hint: 'The event names its version, or that of the policy whose table it is, and its end.',
  },
  emergency_ended: {
    sentence: 'The emergency is over and the policy is itself again.',
    severity: 'notice',
    fatal: false,
    retry: null,
    hint: 'Nothing to do.',
  },
  signer_rotated: {
    sentence: 'A trusted key named its successor, or the successor has taken its place.',
    severity: 'notice',
    fatal: false,
    retry: null,
    hint: 'If nobody rotated signing keys, the older one is in other hands.',
  },
  command_taken: {
    sentence: 'A signed command was written down and is carried out, once.',
    severity: 'notice',
    fatal: false,
    retry: null,
    hint: 'The event names the command and its id.',
  },
  push_slot_stale: {
    sentence: 'One copy of what was pushed was unreadable or older; the other one takes its place.',
    severity: 'notice',
    fatal: false,
    retry: null,
    hint: 'After a power cut nothing; if it comes without one, check the storage medium.',
  },
  command_done: {
    sentence: 'A signed command was carried out.',
    severity: 'info',
    fatal: false,
    retry: null,
    hint: 'Nothing to do; the event names the command and its id.',
  },
  command_withheld: {
    sentence: 'A signed command was taken and not carried out, because something was in its way.',
    severity: 'notice',
    fatal: false,
    retry: null,
    hint: 'The event and the answer say why; sign another command when that is over.',
  },
  command_failed: {
    sentence: 'A signed command was begun, and what it asks for did not come about in time.',
    severity: 'warning',
    fatal: false,
    retry: null,
    hint: 'The event and the answer say why; look at the state of the session before another try.',
  },
  push_state_lost: {
    sentence:
      'Both copies of what was pushed are unreadable; the configuration’s policy is followed.',
    severity: 'alarm',
    fatal: false,
    retry: null,
    hint: 'Check the storage medium, then push again; keys that were retired have to leave the configuration.',
  },
} as const satisfies Readonly<Record<string, Reason>>;

export const DOCUMENT_REASONS = { ...DOCUMENT_REFUSALS, ...DOCUMENT_STEPS } as const;
