/**
 * What `jvpn rebind` and `jvpn terminate` are told: that it is under way, or what was in its way.
 *
 * @module
 */

import type { RebindDenial, RebindFault } from '../session/device/rebind.ts';
import { reasonOf } from '../session/reasons.ts';
import type { NotOrdered } from './messages.ts';

/** `plain`: who speaks WireGuard and nothing more has no session to move. */
export type NotRebound = RebindDenial | 'plain';

/** `session_over`: of whoever would end the session. */
type Fault = RebindFault | 'plain' | 'session_over';

const SENTENCES: Readonly<Record<Fault, string>> = {
  no_binding: 'The session has no binding now: it is not attached yet, is recovering or has ended.',
  link_unknown: 'The agent has no such link.',
  link_never: 'The policy lets this link carry nothing: its cost class is never.',
  already_bound: 'This link is the binding already.',
  carrier_lost: 'This link has no carrier.',
  address_lost: 'This link has no address.',
  route_lost: 'No route leads to the hub over this link.',
  claim_under_way: 'Another claim is under way; it is answered in a moment, ask again then.',
  session_over: 'The session has ended already; the next one is opened by itself.',
  plain: 'In mode plain there is no session to move.',
};

/** The answer on the control socket; `denied` is null where it was begun. */
export function denialAnswer(denied: NotRebound | NotOrdered | null) {
  return { asked: true, denied, sentence: denied === null ? null : sentenceOf(denied) } as const;
}

export function sentenceOf(denied: NotRebound | NotOrdered): string {
  if (isFault(denied)) return SENTENCES[denied];
  return reasonOf(denied).sentence;
}

function isFault(denied: NotRebound | NotOrdered): denied is Fault {
  return Object.hasOwn(SENTENCES, denied);
}
