/**
 * What a device says of its links is so, and what its machine tells it of them is acted on at once.
 *
 * A fact is what the simulated link is like, or was when the machine was told last; not what the device makes of it.
 *
 * @module
 */
import type { LinkSnapshot } from '../../../hal/links.ts';
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import type { Report, Said, Sent, Watch } from './watch.ts';

export interface LinkFacts {
  readonly name: string;
  /** What the machine was told last; null: there is no such link. */
  readonly told: LinkSnapshot | null;
  readonly toldAtMs: number;
  /** What is so at this moment. */
  readonly real: LinkSnapshot | null;
  /** When the machine last refused to send over it; null: never. */
  readonly refusedAtMs: number | null;
}

export interface FactsDirectory {
  /** Null: it is a hub, or has no such transport. */
  readonly factsOf: (who: string, transportId: number) => LinkFacts | null;
  /** Null: no binding, or a machine that does not run or sleeps. */
  readonly activeId: (who: string) => number | null;
}

type Loss = 'carrier_lost' | 'address_lost' | 'route_lost';

const LOSSES: readonly unknown[] = ['carrier_lost', 'address_lost', 'route_lost'] satisfies Loss[];
/** What needs no fact. */
const FOUND_OUT: readonly string[] = ['heartbeat_timeout', 'one_way_out', 'local_send_error'];
/** What is told at this very moment may not have been taken in. */
const TAKEN_IN_MS = 1;
/** A refused send is told within the turn that meant it. */
const REFUSED_MS = 100;

export class Facts implements Watch {
  readonly #report: Report;
  readonly #directory: FactsDirectory;
  readonly #booted = new Set<string>();

  constructor(report: Report, directory: FactsDirectory) {
    this.#report = report;
    this.#directory = directory;
  }

  onSaid({ atMs, who, role, event }: Said): void {
    const { reasonCode, to, detail } = event;
    if (role !== 'device') return;
    const facts = this.#directory.factsOf(who, Number(detail['transportId']));
    if (facts === null) return;
    if (to === 'RECOVERING') this.#report('falseFact', who, falseLoss(facts, reasonCode, atMs));
    if (to === 'RECOVERING') this.#report('factAtOnce', who, lateVerdict(facts, reasonCode, atMs));
    if (reasonCode !== 'link_changed') return;
    const loss = lossOf(facts.told);
    const isFalse = detail['usable'] === true && loss !== null;
    const fault = isFalse ? `I8: ${facts.name} is said to be usable after ${loss}` : null;
    this.#report('falseFact', who, fault ?? falseLoss(facts, detail['why'], atMs));
  }

  /** Carrier, address and route are verdicts in the moment in which they are told: no question, no refused send is needed. */
  onTold(who: string): void {
    const activeId = this.#directory.activeId(who);
    if (activeId === null) return;
    const facts = this.#directory.factsOf(who, activeId);
    const loss = facts === null ? null : lossOf(facts.told);
    const fault = `liveness: bound to T${activeId} still when ${facts?.name} has told ${loss}`;
    this.#report('factAtOnce', who, loss === null ? null : fault);
  }

  onBoot(who: string): void {
    this.#booted.add(who);
  }

  onSweep(atMs: number): void {
    for (const who of this.#booted) {
      const activeId = this.#directory.activeId(who);
      if (activeId !== null) this.#blind(who, activeId, atMs, 'bound to');
    }
  }

  onSent({ atMs, from, isUp, bytes, transportId }: Sent): void {
    if (isUp && bytes[0] === MESSAGE_TYPE.data) this.#blind(from, transportId, atMs, 'data on');
  }

  #blind(who: string, transportId: number, atMs: number, what: string): void {
    const facts = this.#directory.factsOf(who, transportId);
    if (facts === null) return;
    const loss = lossOf(facts.told);
    const forMs = atMs - facts.toldAtMs;
    const isBlind = loss !== null && forMs > TAKEN_IN_MS;
    const fault = `liveness: ${what} T${transportId} ${forMs} ms after ${facts.name} told ${loss}`;
    this.#report('blindBinding', who, isBlind ? fault : null);
  }
}

/** What is wrong with a reason that names a fact; null: nothing, or it names none. */
function falseLoss(facts: LinkFacts, reason: unknown, atMs: number): string | null {
  const { name, told, real, refusedAtMs } = facts;
  if (reason === 'local_send_error') {
    const isSo = refusedAtMs !== null && atMs - refusedAtMs <= REFUSED_MS;
    return isSo ? null : `I8: ${reason} on ${name}, on which nothing was refused`;
  }
  if (!LOSSES.includes(reason)) return null;
  const isSo = lossOf(told) === reason || lossOf(real) === reason;
  return isSo ? null : `I8: ${reason} on ${name}, of which that is not so`;
}

/** Whether a verdict is late: the machine knew what questions, or a send, found out. */
function lateVerdict(facts: LinkFacts, reason: string, atMs: number): string | null {
  const loss = lossOf(facts.told);
  const forMs = atMs - facts.toldAtMs;
  if (loss === null || forMs <= TAKEN_IN_MS || !FOUND_OUT.includes(reason)) return null;
  return `liveness: ${reason} ${forMs} ms after ${facts.name} told ${loss}`;
}

/** The rules of docs/protocol.md for what a machine knows by itself: whatever says first that nothing goes is believed. */
function lossOf(link: LinkSnapshot | null): Loss | null {
  if (link === null || !link.carrier || !link.adminUp) return 'carrier_lost';
  if (link.radio === 'disconnected') return 'carrier_lost';
  if (link.addresses.length === 0) return 'address_lost';
  return link.hasRoute ? null : 'route_lost';
}
