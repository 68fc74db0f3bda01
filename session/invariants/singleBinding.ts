/**
 * I1 single-binding: one committed binding a session over all hubs together; each end sends data on at most one
 * transport.
 *
 * The hub's moment of a switch is when it learns of the commit, the device's is the answer to its newest claim: in
 * between the two ends may send on different transports, each on one.
 *
 * Source: docs/protocol.md, "The moment of a switch". Asserted by both daemons after each step
 * (`session/device/check.ts`, `session/hub/check.ts`); over all hubs together only the simulator can see it.
 *
 * @module
 */

export interface Forwarding {
  /** Where data is sent; null: nowhere. */
  readonly sendingTransportId: number | null;
  /** The committed binding of the live session; null: there is none. */
  readonly recordedTransportId: number | null;
}

/** What is wrong with `forwarding`, or null. */
export function strayBinding({
  sendingTransportId,
  recordedTransportId,
}: Forwarding): string | null {
  if (sendingTransportId === null || sendingTransportId === recordedTransportId) return null;
  return `I1: data goes to transport ${sendingTransportId}, the record says ${recordedTransportId}`;
}

/** A device at one moment. */
export interface Sending {
  /** Its state is one that carries data. */
  readonly isCarrying: boolean;
  /** The binding that its session has; null: none. */
  readonly activeId: number | null;
  /** Where its shell was told to send; leave out where that is not known. */
  readonly routeTransportId?: number | null;
}

/** What is wrong with a device that sends, or null. */
export function straySending({
  isCarrying,
  activeId,
  routeTransportId = activeId,
}: Sending): string | null {
  if (isCarrying !== (activeId !== null)) {
    return `I1: a device ${isCarrying ? 'carries without a binding' : `that carries nothing is bound to ${activeId}`}`;
  }
  if (routeTransportId === activeId) return null;
  return `I1: data goes to transport ${routeTransportId}, the device's binding is ${activeId}`;
}

/** Where one hub sends a device's data. */
export interface HubRoute {
  readonly hubId: string;
  readonly device: string;
  /** Null: nowhere. */
  readonly transportId: number | null;
}

/** What is wrong with the routes of all hubs at one moment, or null: at most one to a device. */
export function manyBindings(routes: readonly HubRoute[]): string | null {
  const holders = new Map<string, HubRoute>();
  for (const route of routes) {
    if (route.transportId === null) continue;
    const other = holders.get(route.device);
    if (other !== undefined) {
      return `I1: ${other.hubId} and ${route.hubId} both send data to ${route.device}`;
    }
    holders.set(route.device, route);
  }
  return null;
}

/** A claim as both ends name it. */
export interface Binding {
  readonly stateVersion: number;
  readonly transportId: unknown;
}

const isSame = (a: Binding, b: Binding) =>
  a.stateVersion === b.stateVersion && a.transportId === b.transportId;

const text = ({ stateVersion, transportId }: Binding) =>
  `transport ${transportId} with version ${stateVersion}`;

/**
 * One session over time: what is committed was claimed, what the device moves to is its newest claim and committed,
 * and in the end both agree. Feed it in an order in which a claim comes before its commit and that before the move.
 */
export class BindingWatch {
  readonly #claims: Binding[] = [];
  readonly #commits: Binding[] = [];
  #bound: Binding | null = null;

  /** The device opened a claim. */
  claimed(claim: Binding): void {
    this.#claims.push(claim);
  }

  /** A hub's record took it. */
  committed(commit: Binding): string | null {
    this.#commits.push(commit);
    if (this.#claims.some((claim) => isSame(claim, commit))) return null;
    return `I1: the hub committed ${text(commit)}, which the device never claimed`;
  }

  /** The device sends on `transportId` from here on. */
  moved(transportId: unknown): string | null {
    const claim = this.#claims.at(-1);
    this.#bound = claim ?? null;
    if (claim === undefined) {
      return `I1: the device moved to transport ${transportId} without a claim`;
    }
    if (claim.transportId !== transportId) {
      return `I1: the device moved to transport ${transportId}, its newest claim was ${text(claim)}`;
    }
    if (this.#commits.some((commit) => isSame(commit, claim))) return null;
    return `I1: the device moved to ${text(claim)}, which no hub committed`;
  }

  /** Whether there is something to agree on: a move and a commit. */
  get hasBinding(): boolean {
    return this.#bound !== null && this.#commits.length > 0;
  }

  /** Nothing more will come. A claim whose answer is still under way may be committed already. */
  end(): string | null {
    const [bound, claim, last] = [this.#bound, this.#claims.at(-1), this.#commits.at(-1)];
    if (bound === null || last === undefined) return null;
    if (isSame(last, bound) || (claim !== undefined && isSame(last, claim))) return null;
    return `I1: in the end the hub holds ${text(last)}, the device ${text(bound)}`;
  }
}
