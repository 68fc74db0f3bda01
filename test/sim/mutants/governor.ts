/**
 * What the governor says and what failures cost: penalties that double, denials with their reason, and what the machine
 * knows of its links.
 *
 * @module
 */
import { CUT_SEEDS_FROM } from '../draw/cuts.ts';
import type { Mutant } from './mutant.ts';

const DIE = 'session/device/die.ts';
const LINKS = 'session/device/links.ts';
const REVIEW = 'session/device/review.ts';
const WITHHELD = 'session/device/withheld.ts';

/** Seeds in which the preferred link is cut again and again. */
const seedsFrom = CUT_SEEDS_FROM;

export const GOVERNOR_MUTANTS: readonly Mutant[] = [
  {
    id: 'penalty-never-doubles',
    file: DIE,
    find: '    PENALTY_MIN_MS * 2 ** Math.min(flaps - 1, 20),',
    replace: '    PENALTY_MIN_MS * 2 ** Math.min(flaps - 1, 0),',
    breaks: 'A link that fails again and again costs no more than one that failed once.',
    invariant: 'I7',
    seedsFrom,
  },
  {
    id: 'penalty-without-limit',
    file: DIE,
    find: '    turn.config.limits.penaltyMaxMs,\n',
    replace: '    3_600_000,\n',
    breaks: 'A penalty doubles beyond the limit of the policy.',
    invariant: 'I7',
    seedsFrom,
  },
  {
    id: 'penalty-never-forgiven',
    file: DIE,
    find: '(isForgiven ? 0 : transport.flaps) + 1',
    replace: '(isForgiven && transport.flaps < 0 ? 0 : transport.flaps) + 1',
    breaks: 'A link that held for ten minutes pays for the flaps of before.',
    invariant: 'I7',
  },
  {
    id: 'denial-unsaid',
    file: REVIEW,
    find: '  sayWithheld(turn, [{ rival: target, rule: denied }], wanted);\n',
    replace: '',
    breaks: 'A switch is denied, and no event says so.',
    invariant: 'I8',
  },
  {
    id: 'denial-for-another-reason',
    file: REVIEW,
    find: '    deny(turn, target, reasonCode, denied);\n',
    replace: "    deny(turn, target, reasonCode, 'cooldown_active');\n",
    breaks: 'Whatever denies a plan, the cooldown is said to.',
    invariant: 'I8',
  },
  {
    id: 'withheld-unsaid',
    file: WITHHELD,
    find: "    turn.report('notice', 'switch_denied', { transportId, wanted, denied: rule });\n",
    replace: '    void transportId;\n',
    breaks: 'A rule keeps the session from a better link, and no event says so.',
    invariant: 'I8',
  },
  {
    id: 'withheld-for-another-rule',
    file: WITHHELD,
    find: 'wanted, denied: rule }',
    replace: "wanted, denied: 'penalty_active' }",
    breaks: 'Whichever rule keeps the session from a better link, its penalty is said to.',
    invariant: 'I8',
  },
  {
    id: 'withheld-said-over-and-over',
    file: WITHHELD,
    find: '    if (said.includes(matter)) continue;\n',
    replace: '',
    breaks:
      'A better link that stays withheld, and a switch that stays denied, is an event at each look.',
    invariant: 'I8',
  },
  {
    id: 'carrier-not-believed',
    file: LINKS,
    find: "  if (!link.hasCarrier) return 'carrier_lost';\n",
    replace: '  if (!link.hasCarrier) return null;\n',
    breaks: 'A link that has lost its carrier counts as usable until nobody answers over it.',
    invariant: 'liveness',
  },
  {
    id: 'address-not-believed',
    file: LINKS,
    find: "  if (!endpoint.hasAddress) return 'address_lost';\n  return endpoint.hasRoute ? null : 'route_lost';\n",
    replace: "  return endpoint.hasRoute || !endpoint.hasAddress ? null : 'route_lost';\n",
    breaks: 'A link that has lost its address counts as usable until nobody answers over it.',
    invariant: 'liveness',
  },
  {
    id: 'route-not-believed',
    file: LINKS,
    find: "  return endpoint.hasRoute ? null : 'route_lost';\n",
    replace: '  return null;\n',
    breaks: 'A link that leads nowhere any more counts as usable until nobody answers over it.',
    invariant: 'liveness',
  },
];
