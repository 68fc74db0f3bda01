/**
 * Breadth first over all states of a world: what is found first is found by a shortest trace.
 *
 * A world is a start, the moves of a state, and what is wrong after a move. It numbers its states itself, equal ones equally
 * and in the order in which they are first asked for. Nothing is sampled: every move of every state up to the depth is
 * taken.
 *
 * @module
 */

import { Violation } from './violation.ts';

export interface Move<State> {
  readonly label: string;
  readonly take: () => State;
}

export interface World<State> {
  readonly name: string;
  /** What is explored and what is abstracted, for the report. */
  readonly about: readonly string[];
  start(): State;
  moves(state: State): readonly Move<State>[];
  /** What is wrong with `after`, reached from `before`; null if nothing. */
  violation(before: State, after: State): string | null;
  /** Equal states have one number, 0 for the first asked about, then 1, 2, … */
  numberOf(state: State): number;
  /** Whether from here everything can come good again; null if it does, else why not. */
  heal?(state: State): string | null;
}

export interface Options {
  readonly depthMax: number;
  readonly statesMax: number;
  /** Healing is tried from every state up to this depth; it costs more than a move. -1: from none. */
  readonly healDepthMax: number;
  readonly onProgress?: (depth: number, states: number, frontier: number) => void;
}

export interface Finding {
  readonly what: string;
  readonly trace: readonly string[];
}

export interface Exploration {
  readonly world: string;
  readonly about: readonly string[];
  readonly states: number;
  readonly transitions: number;
  /** The last depth all of whose states were looked at. */
  readonly depth: number;
  /** Nothing was left to explore: the space is finite and this is all of it. */
  readonly isComplete: boolean;
  readonly healed: number;
  readonly perDepth: readonly number[];
  readonly finding: Finding | null;
}

export function explore<State>(world: World<State>, options: Options): Exploration {
  const parents: number[] = [-1];
  const labels: string[] = [''];
  const start = world.start();
  world.numberOf(start);
  let frontier: State[] = [start];
  let [transitions, healed, depth] = [0, 0, 0];
  const perDepth = [1];
  const traceTo = (number: number): string[] => {
    const trace: string[] = [];
    for (let at = number; at > 0; at = parents[at]!) trace.unshift(labels[at]!);
    return trace;
  };
  const report = (finding: Finding | null, isComplete: boolean): Exploration => ({
    world: world.name,
    about: world.about,
    states: parents.length,
    transitions,
    depth,
    isComplete,
    healed,
    perDepth,
    finding,
  });

  while (frontier.length > 0 && depth < options.depthMax) {
    const next: State[] = [];
    for (const state of frontier) {
      const from = world.numberOf(state);
      if (world.heal !== undefined && depth <= options.healDepthMax) {
        const why = world.heal(state);
        healed += 1;
        if (why !== null) return report({ what: why, trace: traceTo(from) }, false);
      }
      for (const { label, take } of world.moves(state)) {
        transitions += 1;
        const after = takeMove(take);
        const what = typeof after === 'string' ? after : world.violation(state, after as State);
        if (what !== null) return report({ what, trace: [...traceTo(from), label] }, false);
        const number = world.numberOf(after as State);
        if (number < parents.length) continue;
        parents.push(from);
        labels.push(label);
        next.push(after as State);
        if (parents.length >= options.statesMax) return report(null, false);
      }
    }
    frontier = next;
    depth += 1;
    perDepth.push(next.length);
    options.onProgress?.(depth, parents.length, next.length);
  }
  return report(null, frontier.length === 0);
}

/** A broken promise inside a core is a finding like any other. */
function takeMove<State>(take: () => State): State | string {
  try {
    return take();
  } catch (error) {
    if (error instanceof Error && error.name === 'InvariantError')
      return `asserted: ${error.message}`;
    if (error instanceof Violation) return error.message;
    throw error;
  }
}
