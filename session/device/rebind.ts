/**
 * The operator asks for another link: a plan like failback, with the operator's reason.
 *
 * Carried out, it holds (`heldId`): failback does not leave what an operator chose
 * (docs/decisions/0027-what-an-operators-rebind-holds.md). Each request is answered, also where the event of a denial
 * was said before.
 *
 * @module
 */
import type { ReasonCode } from '../reasons.ts';
import { carriesData } from '../transitions.ts';
import { askedCandidates, costOf } from './choice.ts';
import { plan } from './review.ts';
import type { Transport } from './state.ts';
import type { Turn } from './turn.ts';

/** What is in the way of a rebind besides the governor. */
export type RebindFault =
  | NonNullable<Transport['unusable']>
  | 'no_binding'
  | 'link_unknown'
  | 'link_never'
  | 'already_bound'
  | 'claim_under_way';

/** Why a rebind was not planned: what was in the way, or the governor's reason. */
export type RebindDenial = RebindFault | ReasonCode;

export function onRebind(turn: Turn, linkName: string): void {
  turn.emit({ kind: 'rebind', denied: rebind(turn, linkName) });
}

function rebind(turn: Turn, linkName: string): RebindDenial | null {
  const target = targetOf(turn, linkName);
  if (typeof target !== 'string') return plan(turn, target, 'operator_rebind');
  const wanted = 'operator_rebind';
  turn.report('notice', 'switch_denied', { wanted, linkName, why: target });
  return target;
}

/** The way to go, or what lasts longest of what is in the way: a claim is over in a moment, a policy is not. */
function targetOf(turn: Turn, linkName: string): Transport | RebindFault {
  const { draft, config } = turn;
  if (!carriesData(draft.state)) return 'no_binding';
  const way = draft.transports.find((transport) => transport.linkName === linkName);
  if (way === undefined) return 'link_unknown';
  // Which of the hub's addresses it is over is none of the operator's business.
  if (turn.transport(draft.activeId)?.linkName === linkName) return 'already_bound';
  if (costOf(way, config) === 'never') return 'link_never';
  const [target] = askedCandidates(draft, config, linkName);
  if (target === undefined) return way.unusable ?? 'link_unknown';
  const isUnderWay = draft.claim !== null || draft.granted !== null || draft.plannedAtMs !== null;
  return isUnderWay ? 'claim_under_way' : target;
}
