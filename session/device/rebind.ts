/**
 * The operator asks for another link: a plan like failback, with the operator's reason.
 *
 * @module
 */
import { carriesData } from '../transitions.ts';
import { costOf } from './choice.ts';
import { plan } from './review.ts';
import type { Turn } from './turn.ts';

export function onRebind(turn: Turn, linkName: string): void {
  const { draft } = turn;
  const target = draft.transports.find(
    (transport) =>
      transport.linkName === linkName &&
      transport.unusable === null &&
      costOf(transport, turn.config) !== 'never' &&
      transport.transportId !== draft.activeId,
  );
  const isBusy = draft.claim !== null || draft.plannedAtMs !== null;
  if (!carriesData(draft.state) || isBusy || target === undefined) {
    turn.report('notice', 'switch_denied', { wanted: 'operator_rebind', linkName });
    return;
  }
  plan(turn, target, 'operator_rebind');
}
