/**
 * Which rule keeps a session from a link that is better than its binding's: what the event `switch_denied` names besides
 * the governor's switch_rate_limited and cooldown_active, budget_spent and switch_abandoned, whose rows are elsewhere.
 *
 * @module
 */
import type { Reason } from '../reasons.ts';

export const DENIAL_REASONS = {
  penalty_active: {
    sentence: 'A better link failed lately, and its penalty is not over.',
    severity: 'notice',
    fatal: false,
    retry: null,
    hint: 'See flaps of the link in `jvpn links`: each failure doubles the penalty, up to penalty_max_ms.',
  },
  hold_down_active: {
    sentence: 'A preferred link answers, but has not been stable for long enough to go back to it.',
    severity: 'info',
    fatal: false,
    retry: null,
    hint: 'Nothing to do, failback follows after failback_stable_ms; if it never does, the link flaps.',
  },
  failback_on_failure: {
    sentence: 'A preferred link answers, but the policy leaves a binding only when it fails.',
    severity: 'info',
    fatal: false,
    retry: null,
    hint: 'Nothing to do if failback = "on_failure" is meant; `jvpn rebind` moves the session by hand.',
  },
  failback_not_better: {
    sentence: 'A preferred link is stable, but loses more or is slower than the policy accepts.',
    severity: 'notice',
    fatal: false,
    retry: null,
    hint: 'Compare loss and round-trip time in `jvpn links`; failback = "always" would go back all the same.',
  },
  improvement_too_small: {
    sentence: 'Another link is better than the binding, but by less than a switch is worth.',
    severity: 'info',
    fatal: false,
    retry: null,
    hint: 'Compare the links in `jvpn links`; improvement_percent says how much better one has to be.',
  },
} as const satisfies Readonly<Record<string, Reason>>;
