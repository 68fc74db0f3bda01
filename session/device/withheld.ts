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
import { TRANSPORTS_MAX } from './sizes.ts';
import type { Transport, WithheldLink } from './state.ts';
import type { Turn } from './turn.ts';

/** A link that answers and would be gone to, were it not for one rule: of several, the one that lasts longest. */
export interface Withheld {
  readonly rival: Transport;
  readonly rule: ReasonCode;
}

export function sayWithheld(turn: Turn, withheld: readonly Withheld[], wanted: ReasonCode): void {
  for (const { rival, rule } of withheld) {
    const { transportId, linkName } = rival;
    const said = saidOf(turn, linkName);
    const matter = matterOf(wanted, rule);
    if (said.includes(matter)) continue;
    remember(turn, { linkName, said: [...said, matter] });
    turn.report('notice', 'switch_denied', { transportId, wanted, denied: rule });
  }
}

/** Whether that was told already of this binding under this policy. */
export function wasSaid(turn: Turn, rival: Transport, wanted: ReasonCode, rule: ReasonCode) {
  return saidOf(turn, rival.linkName).includes(matterOf(wanted, rule));
}

const matterOf = (wanted: ReasonCode, rule: ReasonCode) => `${wanted} ${rule}`;

const saidOf = ({ draft }: Turn, linkName: string): readonly string[] =>
  draft.withheldFor.find((link) => link.linkName === linkName)?.said ?? [];

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
