/**
 * Who sends data where, seen on the wire: I1 single-binding and I6 one-owner.
 *
 * A hub sends a session's data only as its owner in the store, and only to the transport of the commit that
 * it has learned of. A device sends data on the transport of its last accepted claim or, while it recovers,
 * of its newest one.
 *
 * @module
 */
import type { SessionRecord } from '../../../session/hub/record.ts';
import { manyOwners } from '../../../session/invariants/oneOwner.ts';
import { strayBinding, straySending } from '../../../session/invariants/singleBinding.ts';
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import type { Report, Said, Sent, Watch } from './watch.ts';

interface Binding {
  acceptedId: number | null;
  claimedId: number | null;
  isRecovering: boolean;
}

export interface Directory {
  /** The public key of the device that runs on this machine; a clone has its original's. */
  readonly deviceOf: (machine: string) => string | null;
  readonly record: (device: string) => SessionRecord | null;
}

export class Wire implements Watch {
  readonly #report: Report;
  readonly #directory: Directory;
  /** By `hub device`. */
  readonly #learned = new Map<string, SessionRecord>();
  readonly #bindings = new Map<string, Binding>();
  /** By `hub device`. */
  readonly #doubted = new Set<string>();

  constructor(report: Report, directory: Directory) {
    this.#report = report;
    this.#directory = directory;
  }

  onSent(sent: Sent): void {
    if (sent.bytes[0] !== MESSAGE_TYPE.data) return;
    if (sent.isUp) this.#onDeviceData(sent);
    else this.#onHubData(sent);
  }

  #onHubData({ from: hub, to, transportId }: Sent): void {
    const device = to === null ? null : this.#directory.deviceOf(to);
    if (device === null) return;
    const judge = (checker: string, fault: string | null) => {
      const where = `data to ${to} on T${transportId}`;
      this.#report(checker, hub, fault === null ? null : `${fault} (${where})`);
    };
    const learned = this.#learned.get(`${hub} ${device}`);
    // Whoever has not committed anything yet does not act as the owner either.
    const isOwner = this.#directory.record(device)?.owner === hub && learned !== undefined;
    const terminated = learned?.terminated ?? null;
    const serving = { hubId: hub, device, isServing: true, isOwner, isLeaseValid: true };
    judge('hubData', manyOwners([{ ...serving, terminated }]));
    if (this.#doubted.has(`${hub} ${device}`)) {
      judge('hubInDoubt', 'I1: nobody knows what its last swap did');
    }
    const recordedTransportId = learned?.transportId ?? null;
    judge('hubBinding', strayBinding({ sendingTransportId: transportId, recordedTransportId }));
  }

  #onDeviceData({ from, transportId: routeTransportId }: Sent): void {
    const { acceptedId, claimedId, isRecovering } = this.#binding(from);
    const activeId = acceptedId ?? (isRecovering ? claimedId : null);
    const fault = straySending({ isCarrying: true, activeId, routeTransportId });
    this.#report('deviceBinding', from, fault);
  }

  onDoubt(hub: string, device: string, isInDoubt: boolean): void {
    if (isInDoubt) this.#doubted.add(`${hub} ${device}`);
    else this.#doubted.delete(`${hub} ${device}`);
  }

  /** The answer to a repeated swap may come after that to a later one, and tells nothing then. */
  onLearned(hub: string, record: SessionRecord): void {
    const key = `${hub} ${record.device}`;
    if (record.revision >= (this.#learned.get(key)?.revision ?? 0)) this.#learned.set(key, record);
  }

  onSaid({ who, role, event }: Said): void {
    if (role !== 'device') return;
    const binding = this.#binding(who);
    const { transportId, trigger } = event.detail;
    const named = typeof transportId === 'number' ? transportId : null;
    if (event.event === 'claim') binding.claimedId = named;
    if (event.event === 'switch') binding.acceptedId = named;
    if (event.event !== 'transition') return;
    binding.isRecovering = event.to === 'RECOVERING';
    const isAccepted = trigger === 'attach_accepted' || trigger === 'reattach_accepted';
    if (isAccepted) binding.acceptedId = named;
    if (event.to === 'RECOVERING' || event.to === 'TERMINATED') binding.acceptedId = null;
  }

  onDeath(who: string): void {
    this.#bindings.delete(who);
    for (const key of this.#learned.keys()) {
      if (key.startsWith(`${who} `)) this.#learned.delete(key);
    }
    for (const key of this.#doubted) if (key.startsWith(`${who} `)) this.#doubted.delete(key);
  }

  #binding(who: string): Binding {
    const known = this.#bindings.get(who);
    if (known !== undefined) return known;
    const binding = { acceptedId: null, claimedId: null, isRecovering: false };
    this.#bindings.set(who, binding);
    return binding;
  }
}
