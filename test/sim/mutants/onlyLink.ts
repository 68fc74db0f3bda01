/**
 * Patience with the only link, and with no other: docs/decisions/0021-patience-with-the-only-link.md.
 *
 * @module
 */
import { ALONE_SEEDS_FROM } from '../draw/alone.ts';
import { CUT_SEEDS_FROM } from '../draw/cuts.ts';
import type { Mutant } from './mutant.ts';

const RUN = 'session/device/missRun.ts';
const ONLY_LINK = 'session/device/onlyLink.ts';

/** Seeds of one link that falls silent. */
const seedsFrom = ALONE_SEEDS_FROM;

export const ONLY_LINK_MUTANTS: readonly Mutant[] = [
  {
    id: 'only-link-without-patience',
    file: RUN,
    find: '    if (isOnlyLink(turn, active)) return isOnlyDead(turn, active);\n',
    replace: '',
    breaks: 'The only link is given up as soon as any other.',
    invariant: 'liveness',
    seedsFrom,
  },
  {
    id: 'only-link-never-given-up',
    file: ONLY_LINK,
    find: '  return owedMs(turn, active) >= ONLY_SILENCE_MS && ',
    replace: '  return owedMs(turn, active) >= 60 * ONLY_SILENCE_MS && ',
    breaks: 'The only link is waited for two minutes.',
    invariant: 'liveness',
  },
  {
    id: 'patience-beside-another-link',
    file: RUN,
    find: '  const refugeMs = refugeSinceMs(turn, active);\n',
    replace:
      '  if (!isOnlyDead(turn, active)) return false;\n  const refugeMs = refugeSinceMs(turn, active);\n',
    breaks: 'A silent link is waited for as if it were the only one, while another one answers.',
    invariant: 'liveness',
    seedsFrom: CUT_SEEDS_FROM,
  },
  {
    id: 'doubt-seeks-no-keys',
    file: ONLY_LINK,
    find: '  draft.channel = { ...draft.channel, isDue: true };',
    replace: '',
    breaks:
      'A device with one link asks in keys that its hub may have lost until it gives the link up.',
    invariant: 'liveness',
  },
  {
    id: 'stay-never-claimed',
    file: ONLY_LINK,
    find: "  openClaim(turn, draft.activeId, 'stay', 'reattach_same_transport');",
    replace: '',
    breaks: 'Answers are back after a silence, and nobody says what is missing.',
    invariant: 'liveness',
    seedsFrom,
  },
  {
    id: 'stay-resends-nothing',
    file: 'session/device/resend.ts',
    find: "      isAsking: open.kind === 'reattach',",
    replace: "      isAsking: open.kind === 'reattach' && open.purpose !== 'stay',",
    breaks: 'A device that stays sends nothing of what the silence swallowed again.',
    invariant: 'data',
    seedsFrom,
  },
  {
    id: 'other-endpoint-ends-it',
    file: RUN,
    find: '    const fromMs = answeredFromMs(liveness, sinceMs);',
    replace: '    const fromMs = (liveness.answeredAtMs ?? 0) > sinceMs ? sinceMs : null;',
    breaks:
      'The only link is back, and what it was silent for counts against the endpoint that answers second.',
    invariant: 'liveness',
  },
];
