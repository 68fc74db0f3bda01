/**
 * That a better link is not gone to, and which rule keeps the session from it: an event, once.
 *
 * Once for each link, wish and rule of one binding under one policy: a claim that is answered, and another policy, make
 * it another matter (docs/protocol.md, "Choosing and bounding"). So a link that comes and goes beside a binding that
 * stays is told of no more often than there are rules.
 *
 * @module
 */
import type { ReasonCode } from '../reasons.ts';
import type { Withheld } from './rivals.ts';
import type { Turn } from './turn.ts';

/** More than links times rules; the oldest is forgotten first, for links may come under ever new names (chosen). */
const REMEMBERED_MAX = 64;

export function sayWithheld(turn: Turn, withheld: readonly Withheld[], wanted: ReasonCode): void {
  const { draft } = turn;
  for (const { rival, rule } of withheld) {
    const key = `${rival.linkName} ${wanted} ${rule}`;
    if (draft.withheldFor.includes(key)) continue;
    draft.withheldFor = [...draft.withheldFor, key].slice(-REMEMBERED_MAX);
    const { transportId } = rival;
    turn.report('notice', 'switch_denied', { transportId, wanted, denied: rule });
  }
}
