/**
 * A link that is up, with address and route, and over which nothing of the hub has come since it came up: said once.
 *
 * A captive portal answers names and web pages and swallows UDP, a firewall may too. To the choice of
 * transports such a link is dead like any other; what it needs is a person, who has to be told which.
 *
 * @module
 */
import type { Transport } from './state.ts';
import type { Turn } from './turn.ts';

/** So many questions in vain, over so long: slow starts of modems and one bad second are no portal (chosen). */
const ASKED_MIN = 5;
const UNANSWERED_MIN_MS = 3_000;

export function tellUnanswered(turn: Turn): void {
  for (const transport of turn.draft.transports) {
    if (!isUnanswered(turn, transport)) continue;
    const { transportId } = transport;
    turn.change(transportId, { isToldUnanswered: true });
    turn.report('notice', 'link_unanswered', { transportId });
  }
}

function isUnanswered({ draft, nowMs }: Turn, transport: Transport): boolean {
  const { liveness, isToldUnanswered, transportId, linkName, unusable } = transport;
  if (isToldUnanswered || unusable !== null || liveness.heardAtMs !== null) return false;
  if (transportId === draft.activeId || wasHeardOver(draft.transports, linkName)) return false;
  const sinceMs = liveness.unansweredSinceMs ?? nowMs;
  if (liveness.missedInRow >= ASKED_MIN && nowMs - sinceMs >= UNANSWERED_MIN_MS) return true;
  // Without a channel there is nobody to ask but by handshakes.
  const { handshake } = draft;
  return handshake !== null && handshake.transportId === transportId && handshake.tries > ASKED_MIN;
}

/** A link that leads to one address of the hub leads out: of another that does not answer, no portal is the cause. */
function wasHeardOver(transports: readonly Transport[], linkName: string): boolean {
  return transports.some(
    (transport) => transport.linkName === linkName && transport.liveness.heardAtMs !== null,
  );
}
