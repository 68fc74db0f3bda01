/**
 * That a link is not gone to, and which rule, or what of the governor's, keeps the session from it: an event, once.
 *
 * Once for each link, wish and rule of one binding under one policy: a claim that is answered, and another policy, make
 * it another matter (docs/protocol.md, "Choosing and bounding"). So a link that comes and goes beside a binding that
 * stays is told of no more often than there are wishes and rules.
 *
 * @module
 */
import type { ReasonCode } from '../reasons.ts';
import type { Withheld } from './rivals.ts';
import { TRANSPORTS_MAX } from './sizes.ts';
import type { WithheldLink } from './state.ts';
import type { Turn } from './turn.ts';

export function sayWithheld(turn: Turn, withheld: readonly Withheld[], wanted: ReasonCode): void {
  const { draft } = turn;
  for (const { rival, rule } of withheld) {
    const { transportId, linkName } = rival;
    const matter = `${wanted} ${rule}`;
    const said = draft.withheldFor.find((link) => link.linkName === linkName)?.said ?? [];
    if (said.includes(matter)) continue;
    remember(turn, { linkName, said: [...said, matter] });
    turn.report('notice', 'switch_denied', { transportId, wanted, denied: rule });
  }
}

/**
 * Links may come under ever new names: where there are too many, one that is gone is forgotten. There is one, for only those
 * that are there can be withheld.
 */
function remember({ draft }: Turn, link: WithheldLink): void {
  const others = draft.withheldFor.filter(({ linkName }) => linkName !== link.linkName);
  if (others.length >= TRANSPORTS_MAX) {
    const isThere = (name: string) => draft.transports.some(({ linkName }) => linkName === name);
    others.splice(
      others.findIndex(({ linkName }) => !isThere(linkName)),
      1,
    );
  }
  draft.withheldFor = [...others, link];
}
