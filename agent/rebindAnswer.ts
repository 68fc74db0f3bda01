/**
 * What `jvpn rebind` is told: that a claim is under way, or what was in its way.
 *
 * @module
 */
import type { RebindDenial, RebindFault } from '../session/device/rebind.ts';
import { reasonOf } from '../session/reasons.ts';

/** `plain`: who speaks WireGuard and nothing more has no session to move. */
export type NotRebound = RebindDenial | 'plain';

/** `session_over`: of a signed command that would end the session. */
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
  session_over: 'The session has ended already.',
  plain: 'In mode plain there is no session to move.',
};

/** The answer on the control socket; `denied` is null where the hub is asked for the switch. */
export function rebindAnswer(denied: NotRebound | null) {
  return { asked: true, denied, sentence: denied === null ? null : sentenceOf(denied) } as const;
}

export function sentenceOf(denied: NotRebound | 'session_over'): string {
  if (isFault(denied)) return SENTENCES[denied];
  return reasonOf(denied).sentence;
}

function isFault(denied: NotRebound | 'session_over'): denied is Fault {
  return Object.hasOwn(SENTENCES, denied);
}
