/**
 * Which rounds there are, in which order, and how long those that are left will take. Pure.
 *
 * @module
 */
import type { FailoverArguments } from './arguments.ts';
import { type ClassName, type Contender, PEER_CLASSES, PEERS } from './classes.ts';
import type { RoundPlan } from './round.ts';

/** The class whose links a control has. */
const CONTROL_CLASS: ClassName = 'carrier';
/** Their goals are a few milliseconds: what two lanes may move a gap by would be a good part of them. */
const ALONE: readonly ClassName[] = ['carrier', 'failback'];

/**
 * Round after round, everything in each: a machine that gets slower meanwhile is slower for all, and a run that is cut
 * short has some rounds of everything.
 */
export function scheduleOf(
  given: Pick<
    FailoverArguments,
    'rounds' | 'peerRounds' | 'controlRounds' | 'only' | 'rttsMs' | 'hasPeers'
  >,
): readonly RoundPlan[] {
  const plans: RoundPlan[] = [];
  for (let index = 0; index < given.rounds; index += 1) {
    for (const rttMs of given.rttsMs) {
      const add = (contender: Contender, name: ClassName) =>
        plans.push({ contender, name, rttMs, index });
      if (index < given.controlRounds) {
        add('bare', CONTROL_CLASS);
        add('control', CONTROL_CLASS);
      }
      for (const name of given.only) {
        add('jvpn', name);
        if (!given.hasPeers || index >= given.peerRounds || !PEER_CLASSES.includes(name)) continue;
        for (const peer of PEERS) add(peer, name);
      }
    }
  }
  return plans;
}

/** Whether a round has the machine to itself, however many lanes there are. */
export const isAlone = ({ name }: Pick<RoundPlan, 'name'>): boolean => ALONE.includes(name);

/** What is played after what: of each index first the rounds that are alone, then those that may have others beside them. */
export function batchesOf(plans: readonly RoundPlan[]): readonly (readonly RoundPlan[])[] {
  const byOrder = new Map<number, RoundPlan[]>();
  for (const plan of plans) {
    const order = 2 * plan.index + (isAlone(plan) ? 0 : 1);
    const batch = byOrder.get(order) ?? [];
    byOrder.set(order, batch);
    batch.push(plan);
  }
  return [...byOrder].sort(([a], [b]) => a - b).map(([, batch]) => batch);
}

/** Names a round. */
export const keyOf = ({ contender, name, rttMs, index }: RoundPlan): string =>
  `${contender}/${name}/${rttMs}/${index}`;

/** Names all rounds of a kind. */
export const kindOf = ({ contender, name, rttMs }: Omit<RoundPlan, 'index'>): string =>
  `${contender}/${name}/${rttMs}`;

/** Before anything is known of any round. */
const USUAL_COST_MS = 2_500;

/** Learns what rounds cost. */
export class Estimate {
  readonly #costs = new Map<string, { sumMs: number; count: number }>();
  #all = { sumMs: 0, count: 0 };

  learn(plan: RoundPlan, costMs: number): void {
    const kind = kindOf(plan);
    const { sumMs, count } = this.#costs.get(kind) ?? { sumMs: 0, count: 0 };
    this.#costs.set(kind, { sumMs: sumMs + costMs, count: count + 1 });
    this.#all = { sumMs: this.#all.sumMs + costMs, count: this.#all.count + 1 };
  }

  /** How long `left` will take in `lanes` lanes. */
  remainingMs(left: readonly RoundPlan[], lanes: number): number {
    const mean = ({ sumMs, count }: { sumMs: number; count: number }) => sumMs / count;
    const usualMs = this.#all.count === 0 ? USUAL_COST_MS : mean(this.#all);
    const costOf = (plan: RoundPlan) => {
      const known = this.#costs.get(kindOf(plan));
      return known === undefined ? usualMs : mean(known);
    };
    return left.reduce((sumMs, plan) => sumMs + costOf(plan) / (isAlone(plan) ? 1 : lanes), 0);
  }
}

/** How long rounds of an earlier start took, those side by side counted once. */
export function earlierMsOf(
  finished: readonly { readonly costMs: number; readonly lanes: number }[],
): number {
  return finished.reduce((totalMs, { costMs, lanes }) => totalMs + costMs / lanes, 0);
}
