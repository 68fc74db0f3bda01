/**
 * What must hold after every move of the ownership world.
 *
 * @module
 */

import { step } from '../../../../session/hub/seat.ts';
import { NOBODY } from '../../../../session/hub/takeover.ts';
import { staleRecord } from '../../../../session/invariants/noRollback.ts';
import { type HubMoment, manyOwners } from '../../../../session/invariants/oneOwner.ts';
import { strayBinding } from '../../../../session/invariants/singleBinding.ts';
import { isLeaseHeld } from '../../../../session/ownership/lease.ts';
import { isRightful } from './delivery.ts';
import type { Parts } from './parts.ts';
import { seatConfig, sourceOf } from './process.ts';
import { type Hub, NOW_MS, type State, type Store } from './state.ts';

/** Whether a hub does anything that only an owner may: sends data, takes data, answers a PROBE as the owner. */
function serves({ process, name, life }: Hub): boolean {
  if (process === null || !isLeaseHeld(process.lease, NOW_MS)) return false;
  const { seat } = process;
  if (seat.route !== null || seat.accept.length > 0) return true;
  if (!seat.channels.some(({ isProven }) => isProven)) return false;
  const probe = {
    kind: 'frame',
    atMs: NOW_MS,
    channelId: 1,
    transportId: 1,
    source: sourceOf(name),
    bytes: 60,
    isNewest: false,
    frame: { type: 'probe', probeId: 1 },
  } as const;
  return step(seat, probe, seatConfig(name, life)).effects.some(
    (effect) =>
      effect.kind === 'send' &&
      effect.frame.type === 'probeAck' &&
      effect.frame.view !== 'standby' &&
      effect.frame.view !== 'unattached',
  );
}

/** The only one. */
const DEVICE = 'the device';
const NOTHING = { route: null, accept: [], record: null } as const;

export class Properties {
  readonly #parts: Parts;
  readonly #serving = new Map<number, boolean>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  isServing(hub: number): boolean {
    const known = this.#serving.get(hub);
    if (known !== undefined) return known;
    const is = serves(this.#parts.hubs.at(hub));
    this.#serving.set(hub, is);
    return is;
  }

  /** I1, I4, I6; null if all is well. */
  violation(before: State, after: State): string | null {
    const store = this.#parts.stores.at(after.store);
    const wrong =
      manyOwners(after.hubs.map((number) => this.#momentOf(after, number))) ??
      writtenWrongly(this.#parts.stores.at(before.store), store);
    const server = after.hubs.find((number) => this.isServing(number));
    if (wrong !== null || server === undefined) return wrong;
    const { route, swap } = this.#parts.hubs.at(server).process!.seat;
    if (swap !== null) return null;
    const recordedTransportId = store.record?.transportId ?? null;
    return strayBinding({ sendingTransportId: route?.transportId ?? null, recordedTransportId });
  }

  /** Whoever serves has a valid lease, or would not be taken for serving; whether it owns, the store says. */
  #momentOf(state: State, number: number): HubMoment {
    const hub = this.#parts.hubs.at(number);
    const { route, accept, record } = hub.process?.seat ?? NOTHING;
    // That the session has ended may be said; no data may move.
    const isOpen = route !== null || accept.length > 0;
    return {
      ...{ hubId: hub.name, device: DEVICE, isServing: this.isServing(number) },
      ...{ isOwner: isRightful(this.#parts, state, hub), isLeaseValid: true },
      terminated: isOpen ? (record?.terminated ?? null) : null,
    };
  }

  /** The state with its history: under which epoch somebody served last. */
  remember(state: State): State | string {
    const { stores, hubs } = this.#parts;
    const server = state.hubs.find((number) => this.isServing(number));
    if (server === undefined) return state;
    const { name, life, process } = hubs.at(server);
    const { record, term } = process!.seat;
    const epoch = record?.ownerEpoch ?? 0;
    const by = `hub ${name}${life}, lease ${term}`;
    const store = stores.at(state.store);
    if (store.served?.epoch === epoch && store.served.by !== by)
      return `I4: epoch ${epoch} is served by ${store.served.by} and again by ${by}`;
    return { ...state, store: stores.add({ ...store, served: { epoch, by } }) };
  }
}

/** I4 of the record: every write is newer, and a new owner has an epoch of its own. */
function writtenWrongly({ record: before }: Store, { record: after }: Store): string | null {
  if (before === null || after === null || before === after) return null;
  if (after.revision === before.revision) return null;
  const isHanded = after.owner !== before.owner && after.owner !== NOBODY;
  if (isHanded && after.ownerEpoch <= before.ownerEpoch) return 'I4: an owner without a new epoch';
  return staleRecord(before, after);
}
