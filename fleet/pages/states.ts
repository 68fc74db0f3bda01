/**
 * The six states as the pages show them: in which order, in what words, and how each is told from the others without
 * its colour. Colours are the style sheet's, so that they follow light and dark.
 *
 * Source: docs/protocol.md, "States". Pure.
 *
 * @module
 */
import { STATES, type State } from '../../session/transitions.ts';

/** From fine to final: the order of lanes, layers and rows. */
export const STATES_SHOWN = [
  'ATTACHED',
  'VOLATILE',
  'DEGRADED',
  'RECOVERING',
  'BIRTH',
  'TERMINATED',
] as const satisfies readonly State[];

export const STATE_WORDS = {
  ATTACHED: 'one binding, within the quality bounds',
  VOLATILE: 'delivers; a quality bound is broken or a planned change is under way',
  DEGRADED: 'usable, but instability persisted',
  RECOVERING: 'binding lost, looking for another',
  BIRTH: 'created, no binding yet',
  TERMINATED: 'ended',
} as const satisfies Record<State, string>;

/** How an area or swatch is hatched: lines in degrees, `null` for none. Told apart in grey as well. */
export const STATE_HATCHES = {
  ATTACHED: null,
  VOLATILE: { degrees: 45, gapPx: 8 },
  DEGRADED: { degrees: 135, gapPx: 5 },
  RECOVERING: { degrees: 90, gapPx: 5 },
  BIRTH: { degrees: 0, gapPx: 8 },
  TERMINATED: { degrees: 0, gapPx: 4 },
} as const satisfies Record<State, { degrees: 0 | 45 | 90 | 135; gapPx: number } | null>;

export function isState(text: string | null): text is State {
  return text !== null && (STATES as readonly string[]).includes(text);
}

/** What the server counts devices under that say another state than the six: plain peers have no session. */
export const OTHER = 'OTHER';

export interface StateShare {
  readonly state: State | typeof OTHER;
  readonly words: string;
  readonly count: number;
  /** 0…100 of those that are in any; `null` where there is none. */
  readonly percent: number | null;
}

/** A row for each state, those without a device included; one for the others where there are any. */
export function sharesOf(counts: Readonly<Record<string, number>>): readonly StateShare[] {
  const others = counts[OTHER] ?? 0;
  const shown: readonly (State | typeof OTHER)[] =
    others === 0 ? STATES_SHOWN : [...STATES_SHOWN, OTHER];
  const total = shown.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
  return shown.map((state) => {
    const count = counts[state] ?? 0;
    const percent = total === 0 ? null : (100 * count) / total;
    const words = state === OTHER ? 'none of these, as a plain peer' : STATE_WORDS[state];
    return { state, words, count, percent };
  });
}
