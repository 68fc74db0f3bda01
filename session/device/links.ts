/**
 * What a new snapshot of the links changes: which transports can be used, whether the binding still stands
 * on something, and where it is seen from. Local facts are verdicts, no probe is needed.
 *
 * @module
 */
import { newLiveness, onProven } from '../liveness/liveness.ts';
import { carriesData } from '../transitions.ts';
import { die } from './die.ts';
import type { EndpointView, LinkView } from './event.ts';
import { probeNow } from './probes.ts';
import type { Transport } from './state.ts';
import type { Turn } from './turn.ts';

export function onLinks(turn: Turn, links: readonly LinkView[]): void {
  const { draft } = turn;
  const before = new Map(draft.transports.map((transport) => [transport.transportId, transport]));
  const after = links.flatMap((link) =>
    link.endpoints.map((endpoint) => refreshed(before.get(endpoint.transportId), link, endpoint)),
  );
  draft.transports = after;
  for (const transport of after) {
    const was = before.get(transport.transportId);
    if (was?.unusable !== transport.unusable || was.endpoint !== transport.endpoint)
      onChanged(turn, transport, was === undefined);
    else if (was.local !== transport.local) onMoved(turn, transport);
  }
  const active = turn.transport(draft.activeId);
  if (draft.activeId !== null && active?.unusable !== null)
    die(turn, active?.unusable ?? 'carrier_lost');
}

function refreshed(
  before: Transport | undefined,
  link: LinkView,
  endpoint: EndpointView,
): Transport {
  const unusable = whyUnusable(link, endpoint);
  if (before !== undefined) {
    const { mtuBytes } = link;
    const { local = '' } = endpoint;
    if (before.unusable === unusable && before.endpoint === endpoint.endpoint) {
      const isSame = before.mtuBytes === mtuBytes && before.local === local;
      return isSame ? before : { ...before, mtuBytes, local };
    }
    // What was measured before an outage says nothing about the link that comes back.
    const liveness =
      unusable === null
        ? newLiveness
        : { ...before.liveness, outstanding: [], stableSinceMs: null };
    return {
      ...before,
      mtuBytes,
      unusable,
      endpoint: endpoint.endpoint,
      local,
      isToldUnanswered: false,
      liveness,
      token: null,
      probeAtMs: null,
      keepaliveAtMs: null,
    };
  }
  return {
    transportId: endpoint.transportId,
    linkName: link.name,
    linkKind: link.kind,
    endpoint: endpoint.endpoint,
    local: endpoint.local ?? '',
    isToldUnanswered: false,
    mtuBytes: link.mtuBytes,
    unusable,
    liveness: newLiveness,
    probeAtMs: null,
    keepaliveAtMs: null,
    flaps: 0,
    penaltyUntilMs: 0,
    claimNotBeforeMs: 0,
    token: null,
  };
}

/**
 * Our address there is another one: the hub learns of it by whatever comes from it, so something does at once.
 * Answers to what was asked before go to the old address; they are no misses.
 */
function onMoved(turn: Turn, { transportId, unusable }: Transport): void {
  const transport = turn.transport(transportId);
  if (transport === null || unusable !== null) return;
  turn.report('notice', 'link_changed', { transportId, usable: true, why: 'address_changed' });
  const liveness = onProven(transport.liveness, turn.nowMs);
  turn.change(transportId, { liveness, token: null });
  probeNow(turn, transportId);
}

function whyUnusable(link: LinkView, endpoint: EndpointView): Transport['unusable'] {
  if (!link.hasCarrier) return 'carrier_lost';
  if (!endpoint.hasAddress) return 'address_lost';
  return endpoint.hasRoute ? null : 'route_lost';
}

function onChanged(turn: Turn, transport: Transport, isFirst: boolean): void {
  const { draft } = turn;
  const { transportId } = transport;
  if (!isFirst || transport.unusable === null) {
    turn.report('notice', 'link_changed', {
      transportId,
      usable: transport.unusable === null,
      why: transport.unusable,
    });
  }
  if (transport.unusable !== null) return;
  draft.triedIds = draft.triedIds.filter((id) => id !== transportId);
  // Asking twice in vain elsewhere is enough once a fresh link is there.
  if (!carriesData(draft.state) && (draft.claim?.sends ?? 0) >= 2) draft.claim = null;
  probeNow(turn, transportId);
}
