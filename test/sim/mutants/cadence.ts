/**
 * How often a link is asked: more often than the policy pays for, or more rarely than it promises.
 *
 * @module
 */
import { CALM } from '../regressions.ts';
import type { Mutant } from './mutant.ts';

const PACE = 'session/device/pace.ts';
const IDLE = '  return isMetered ? limits.meteredStandbyProbeMs : limits.heartbeatIdleMs;';

export const CADENCE_MUTANTS: readonly Mutant[] = [
  {
    id: 'idle-asked-too-often',
    file: PACE,
    find: IDLE,
    replace: '  return isMetered ? limits.meteredStandbyProbeMs : limits.heartbeatIdleMs / 5;',
    breaks: 'An idle binding is asked five times as often as the policy says.',
    invariant: 'liveness',
    scenario: CALM.idle,
  },
  {
    id: 'idle-asked-too-rarely',
    file: PACE,
    find: IDLE,
    replace: '  return isMetered ? limits.meteredStandbyProbeMs : limits.heartbeatIdleMs * 3;',
    breaks: 'An idle binding is asked a third as often as the policy says.',
    invariant: 'liveness',
    scenario: CALM.idle,
  },
  {
    id: 'metered-asked-as-free',
    file: PACE,
    find: IDLE,
    replace: '  return isMetered ? limits.heartbeatIdleMs : limits.heartbeatIdleMs;',
    breaks: 'An idle binding that costs money is asked as often as one that is free.',
    invariant: 'liveness',
    scenario: CALM.meteredIdle,
  },
  {
    id: 'metered-pace-as-free',
    file: PACE,
    find: '  const leastMs = isDear ? METERED_PACE_MS : PACE_MIN_MS;',
    replace: '  const leastMs = isDear ? PACE_MIN_MS : PACE_MIN_MS;',
    breaks: 'A binding that costs money is asked beside data as often as one that is free.',
    invariant: 'liveness',
    scenario: CALM.meteredBusy,
  },
  {
    id: 'pace-without-limit',
    file: PACE,
    find: '  return Math.max(leastMs, rtt.srttMs / 8, timeoutMs(rtt) / ON_THE_WAY_MAX);',
    replace:
      '  return isDear ? leastMs : Math.min(leastMs, rtt.srttMs / 8, timeoutMs(rtt) / ON_THE_WAY_MAX);',
    breaks: 'Beside data a free binding is asked as often as data moves.',
    invariant: 'liveness',
    scenario: CALM.busy,
  },
];
