/**
 * What sending again after a cut must not do. All but a few show in runs where nothing may be lost.
 *
 * @module
 */
import { CUT_SEEDS_FROM } from '../draw/cuts.ts';
import { PLANNED_SEEDS_FROM } from '../draw/planned.ts';
import type { Mutant } from './mutant.ts';

const SWEEP = 'session/resend/sweep.ts';
const RESENDING = 'session/resend/resending.ts';

/** Seeds of cuts. */
const seedsFrom = CUT_SEEDS_FROM;

export const RESEND_MUTANTS: readonly Mutant[] = [
  {
    id: 'resend-nothing',
    file: RESENDING,
    find: '    this.#sweeps.push(new Sweep(',
    replace: '    if (this.#pacer === null) this.#sweeps.push(new Sweep(',
    breaks: 'What a cut swallowed is not sent again.',
    invariant: 'data',
    seedsFrom,
  },
  {
    id: 'resend-changed',
    file: SWEEP,
    find: '      this.#add(slot.at + begin, bytes, send);',
    replace:
      '      this.#ring.memory.bytes[slot.at + begin + 3]! ^= 7;\n      this.#add(slot.at + begin, bytes, send);',
    breaks: 'What is sent again is made anew for the new transport, under the nonce that it had.',
    invariant: 'I12',
    seedsFrom,
  },
  {
    id: 'resend-twice',
    file: SWEEP,
    find: '      this.#add(slot.at + begin, bytes, send);',
    replace:
      '      this.#add(slot.at + begin, bytes, send);\n      this.#add(slot.at + begin, bytes, send);',
    breaks: 'What is sent again is sent again twice.',
    invariant: 'I5',
    seedsFrom,
  },
  {
    id: 'resend-ignores-age',
    file: SWEEP,
    find: 'atMs - sealedAtMs > maxAgeMs || ',
    replace: '',
    breaks: 'What is older than it may be is sent again.',
    invariant: 'I5',
  },
  {
    id: 'resend-to-old-address',
    file: 'hub/sessionData.ts',
    find: '    this.#resending.begin(exchange, atMs);',
    replace: '    this.#resending.begin(exchange, atMs);\n    this.#resending.proceed(atMs);',
    breaks: 'A hub sends again where the binding was.',
    invariant: 'I1',
    seedsFrom,
  },
  {
    id: 'resend-newer-first',
    file: RESENDING,
    find: '    return this.#sweeps.length > 0 || (atMs < this.#awaitUntilMs && this.#isUntold(atMs));',
    replace: '    return atMs < 0;',
    breaks: 'Newer data does not wait for what is sent again.',
    invariant: 'I5',
    seedsFrom,
  },
  {
    id: 'resend-unasked',
    file: SWEEP,
    find: "      if (state === 'arrived') continue;",
    replace: "      if (state === 'arrived' && counter < 0) continue;",
    breaks: 'Everything young is sent again, whether it arrived or not.',
    invariant: 'I5',
    seedsFrom,
  },
  {
    id: 'resend-counts-as-replay',
    file: 'hub/sessionData.ts',
    find: "    counters.count(isRepeat ? 'resend_duplicate' : 'replayed_datagram');",
    replace: "    counters.count('replayed_datagram');",
    breaks: 'A copy that a resend explains raises the alarm of a replay.',
    invariant: 'I5',
    seedsFrom,
  },
  {
    id: 'resend-not-accepted',
    file: 'session/hub/resend.ts',
    find: '  return [...others, left].slice(-EARLIER_MAX);',
    replace: '  return [...others, left].slice(EARLIER_MAX);',
    breaks: 'A hub does not take what was sealed for the binding before.',
    invariant: 'data',
    seedsFrom,
  },
  {
    id: 'resend-all-at-once',
    file: 'session/resend/pacer.ts',
    find: '    return this.#allowance > 0 && this.#datagrams >= 1;',
    replace: '    return this.#budgetBytes > 0;',
    breaks: 'What a cut swallowed is sent again all at once.',
    invariant: 'I11',
    seedsFrom,
  },
  {
    id: 'plan-forgets-old-binding',
    file: 'session/device/resend.ts',
    find: '  draft.earlier = [...kept, ...fresh].slice(-EARLIER_MAX);',
    replace:
      '  draft.earlier = [...kept, ...fresh].slice(-EARLIER_MAX);\n  if (draft.lostFor === null) [draft.earlier, draft.formerId] = [[], null];',
    breaks: 'A device that leaves a link which works takes nothing more from it.',
    invariant: 'data',
    seedsFrom: PLANNED_SEEDS_FROM,
  },
  {
    id: 'plan-forgotten-by-hub',
    file: 'session/hub/commit.ts',
    find: '  else if (hasMoved) {',
    replace: "  else if (hasMoved && swap.record.claimPurpose === 'recovery') {",
    breaks: 'A hub takes nothing more from a link that its device leaves while it works.',
    invariant: 'data',
    seedsFrom: PLANNED_SEEDS_FROM,
  },
];
