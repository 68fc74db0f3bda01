/**
 * Quality of links, and what a device makes of it: VOLATILE, DEGRADED and back, better links and failback.
 *
 * @module
 */
import {
  BACK_AND_SLOW,
  BACK_UNWANTED,
  LOSSY_ALONE,
  LOSSY_BESIDE_WELL,
  LOSSY_BESIDE_WORSE,
  SLOW_AND_LESS_SO,
  SLOW_BESIDE_ALIKE,
} from '../unsteady.ts';
import type { Mutant } from './mutant.ts';

const QUALITY = 'session/liveness/quality.ts';
const REVIEW = 'session/device/review.ts';
const RIVALS = 'session/device/rivals.ts';
const VERDICT = 'session/liveness/verdict.ts';

export const QUALITY_MUTANTS: readonly Mutant[] = [
  {
    id: 'loss-unnoticed',
    file: QUALITY,
    find: "  if (quality.lossPercent > limits.lossEnterPercent) return 'quality_loss';\n",
    replace: '',
    breaks: 'Whatever a link loses, the session counts as well.',
    invariant: 'liveness',
    scenario: LOSSY_ALONE,
  },
  {
    id: 'enter-at-the-leave-value',
    file: QUALITY,
    find: 'quality.lossPercent > limits.lossEnterPercent',
    replace: 'quality.lossPercent > limits.lossLeavePercent',
    breaks: 'A link is bad from the value on below which it is good again.',
    invariant: 'I8',
    scenario: LOSSY_ALONE,
  },
  {
    id: 'leave-at-the-enter-value',
    file: QUALITY,
    find: '    quality.rttMs <= limits.rttLeaveMs &&\n',
    replace: '    quality.rttMs <= limits.rttEnterMs &&\n',
    breaks: 'A link is good again as soon as it is not bad.',
    invariant: 'liveness',
    scenario: SLOW_AND_LESS_SO,
  },
  {
    id: 'restored-without-settling',
    file: REVIEW,
    find: 'turn.nowMs - draft.healthySinceMs >= settleMs',
    replace: 'turn.nowMs - draft.healthySinceMs >= settleMs - settleMs',
    breaks: 'Quality counts as restored at the first look that finds it so.',
    invariant: 'liveness',
    scenario: LOSSY_ALONE,
  },
  {
    id: 'never-restored',
    file: REVIEW,
    find: '  else draft.healthySinceMs ??= turn.nowMs;\n',
    replace: '  else draft.healthySinceMs = turn.nowMs;\n',
    breaks: 'A session that was DEGRADED stays so, however well its link is.',
    invariant: 'liveness',
    scenario: LOSSY_ALONE,
  },
  {
    id: 'volatile-without-end',
    file: REVIEW,
    find: '>= volatileToDegradedMs\n',
    replace: '>= 100 * volatileToDegradedMs\n',
    breaks: 'Bad quality never becomes DEGRADED.',
    invariant: 'liveness',
    scenario: LOSSY_ALONE,
  },
  {
    id: 'degraded-at-once',
    file: REVIEW,
    find: '>= volatileToDegradedMs\n',
    replace: '>= volatileToDegradedMs / 4\n',
    breaks: 'A session is DEGRADED long before bad quality has lasted.',
    invariant: 'liveness',
    scenario: LOSSY_ALONE,
  },
  {
    id: 'loss-counts-as-death',
    file: VERDICT,
    find: 'Math.max(LOSS_MIN, lossOf(settled), lossOf(settled.slice(-LATELY)))',
    replace: 'Math.max(LOSS_MIN, 0 * lossOf(settled.slice(-LATELY)))',
    breaks: 'A link that loses much is dead as soon as one that loses nothing would be.',
    invariant: 'liveness',
    scenario: LOSSY_BESIDE_WORSE,
  },
  {
    id: 'no-link-is-better',
    file: RIVALS,
    find: '    isBetter(turn, rival, quality, fault, 0);',
    replace: '    !isBetter(turn, rival, quality, fault, 0);',
    breaks: 'A bad link is not left although another one loses nothing.',
    invariant: 'liveness',
    scenario: LOSSY_BESIDE_WELL,
  },
  {
    id: 'any-link-is-better',
    file: RIVALS,
    find: 'return theirs.rttMs < active.rttMs * gain;',
    replace: 'return theirs.rttMs < theirs.rttMs + active.rttMs * gain;',
    breaks: 'A slow link is left for any other one, however slow.',
    invariant: 'I7',
    scenario: SLOW_BESIDE_ALIKE,
  },
  {
    id: 'improvement-not-asked',
    file: RIVALS,
    find: "return isAsked(rival) ? rule : 'improvement_too_small';",
    replace: 'return rule;',
    breaks: 'A link is left for one that is hardly better.',
    invariant: 'I7',
    scenario: SLOW_BESIDE_ALIKE,
  },
  {
    id: 'failback-to-worse',
    file: RIVALS,
    find: "if (rule !== null || failback === 'always') return rule;",
    replace: "if (rule !== null || failback !== 'on_failure') return rule;",
    breaks: 'A preferred link is gone back to although the one in use is better.',
    invariant: 'I7',
    scenario: BACK_AND_SLOW,
  },
  {
    id: 'failback-unwanted',
    file: RIVALS,
    find: "if (failback === 'on_failure') return 'failback_on_failure';",
    replace: '',
    breaks: 'A preferred link is gone back to where policy says: on failure only.',
    invariant: 'I7',
    scenario: BACK_UNWANTED,
  },
];
