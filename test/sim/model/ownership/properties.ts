/**
 * What must hold after every move of the ownership world.
 *
 * @module
 */

import { isSameClaim } from '../../../../session/claim.ts';
import { step } from '../../../../session/hub/seat.ts';
import { NOBODY } from '../../../../session/hub/takeover.ts';
import { rollbackBetween } from '../../../../session/invariants/noRollback.ts';
import { isLeaseHeld } from '../../../../session/ownership/lease.ts';
import { isRightful } from './delivery.ts';
import type { Parts } from './parts.ts';
import { seatConfig, sourceOf } from './process.ts';
import { HUBS, type Hub, NOW_MS, type State, type Store } from './state.ts';

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
    const server = after.hubs.findIndex((number) => this.isServing(number));
    const second = after.hubs.findLastIndex((number) => this.isServing(number));
    if (server !== second) return `I6: hubs ${HUBS[server]} and ${HUBS[second]} both serve`;
    const wrong = writtenWrongly(this.#parts.stores.at(before.store), store);
    if (wrong !== null || server < 0) return wrong;
    const hub = this.#parts.hubs.at(after.hubs[server]!);
    if (!isRightful(this.#parts, after, hub)) return `I6: hub ${hub.name} serves and is fenced`;
    const seat = hub.process!.seat;
    const isAstray = seat.route !== null && seat.route.transportId !== store.record?.transportId;
    if (isAstray && seat.swap === null) return 'I1: data goes elsewhere than the record says';
    return null;
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
  if (after.revision !== before.revision + 1) return 'I4: a write raises the revision by one';
  const isHanded = after.owner !== before.owner && after.owner !== NOBODY;
  if (isHanded && after.ownerEpoch <= before.ownerEpoch) return 'I4: an owner without a new epoch';
  if (!isSameClaim(after.claim, before.claim) && after.stateVersion <= before.stateVersion)
    return 'I4: a commit is not newer than the record';
  return rollbackBetween(before, after);
}
