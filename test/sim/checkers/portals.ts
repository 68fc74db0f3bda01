/**
 * A link that is up and has swallowed whatever was asked over it since then is told of: a person has to know which one.
 *
 * That what is told is so is asked elsewhere (`hearsay.ts`); here, that it is told. Sees questions leave, and whether
 * anything of a hub came over the link. Asked where frames can be read from outside.
 *
 * Source: docs/protocol.md, "Liveness"; `session/device/portal.ts`.
 *
 * @module
 */
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import type { LinkFacts } from './facts.ts';
import { questionIn } from './questions.ts';
import type { Arrived, Report, Said, Sent, Watch } from './watch.ts';

/** Five questions in vain say it; one more than that was sent so long ago that it has none of its time left. */
const ASKED_MIN = 6;
const TIMEOUT_MAX_MS = 2_100;
/** From the first question on, and what a device that begins anew may count from later. */
const UNANSWERED_MIN_MS = 3_500;
/** So many looks in a row show it, half a second apart. */
const LOOKS = 3;

export interface PortalDirectory {
  readonly factsOf: (who: string, transportId: number) => LinkFacts | null;
  readonly isAwake: (who: string) => boolean;
  /** The transport that it sends data on. */
  readonly activeId: (who: string) => number | null;
}

class Asked {
  /** When its questions were sent, oldest first, no more than are needed. */
  readonly atMs: number[] = [];
  isTold = false;
  looks = 0;
}

export class Portals implements Watch {
  readonly #report: Report;
  readonly #isSealed: boolean;
  readonly #directory: PortalDirectory;
  readonly #fromHub = new WeakMap<Uint8Array, Sent>();
  /** By machine and transport. */
  readonly #asked = new Map<string, Map<number, Asked>>();
  /** By machine: when it last sent what its session decides. Idle it has no turn, and needs none for this. */
  readonly #turnAtMs = new Map<string, number>();
  /** Links, by machine and name, over which something came since they came up. */
  readonly #heard = new Set<string>();

  constructor(report: Report, isSealed: boolean, directory: PortalDirectory) {
    this.#report = report;
    this.#isSealed = isSealed;
    this.#directory = directory;
  }

  onSent(sent: Sent): void {
    if (!sent.isUp) this.#fromHub.set(sent.bytes, sent);
    if (!sent.isUp || this.#isSealed) return;
    if (sent.bytes[0] === MESSAGE_TYPE.control) this.#turnAtMs.set(sent.from, sent.atMs);
    if (questionIn(sent.bytes) === null) return;
    const { atMs } = this.#of(sent.from, sent.transportId);
    if (atMs.length < ASKED_MIN) atMs.push(sent.atMs);
  }

  onArrived({ to, bytes }: Arrived): void {
    const sent = this.#fromHub.get(bytes);
    if (sent !== undefined) this.#heard.add(`${to} ${this.#linkOf(to, sent.transportId)}`);
  }

  onSaid({ who, role, event }: Said): void {
    if (role !== 'device') return;
    const { reasonCode, to, detail } = event;
    const transportId = Number(detail['transportId']);
    // Told once, whatever becomes of the session.
    if (to === 'TERMINATED')
      for (const asked of this.#asked.get(who)?.values() ?? []) asked.atMs.length = 0;
    if (reasonCode === 'link_unanswered') this.#of(who, transportId).isTold = true;
    if (reasonCode !== 'link_changed') return;
    // Another address is the same link, of which the device counts anew.
    this.#asked.get(who)?.delete(transportId);
    if (detail['why'] !== 'address_changed')
      this.#heard.delete(`${who} ${this.#linkOf(who, transportId)}`);
  }

  onSweep(atMs: number): void {
    for (const [who, transports] of this.#asked) {
      for (const [transportId, asked] of transports) this.#look(who, transportId, asked, atMs);
    }
  }

  #look(who: string, transportId: number, asked: Asked, atMs: number): void {
    asked.looks = this.#isSwallowed(who, transportId, asked, atMs) ? asked.looks + 1 : 0;
    if (asked.looks < LOOKS) return;
    asked.looks = 0;
    asked.isTold = true;
    const forMs = Math.round(atMs - asked.atMs[0]!);
    const link = this.#linkOf(who, transportId);
    const fault = `I8: ${link} is up, has answered nothing for ${forMs} ms, and nobody is told`;
    this.#report('portalSaid', who, fault);
  }

  #isSwallowed(who: string, transportId: number, asked: Asked, atMs: number): boolean {
    const [first] = asked.atMs;
    const last = asked.atMs[ASKED_MIN - 1];
    if (asked.isTold || first === undefined || last === undefined) return false;
    const dueAtMs = Math.max(last + TIMEOUT_MAX_MS, first + UNANSWERED_MIN_MS);
    if (atMs < dueAtMs || (this.#turnAtMs.get(who) ?? 0) < dueAtMs) return false;
    const { factsOf, isAwake, activeId } = this.#directory;
    if (!isAwake(who) || activeId(who) === transportId) return false;
    const told = factsOf(who, transportId)?.told ?? null;
    const isUp = told?.carrier === true && told.hasRoute && told.radio !== 'disconnected';
    return isUp && !this.#heard.has(`${who} ${this.#linkOf(who, transportId)}`);
  }

  #linkOf(who: string, transportId: number): string | null {
    return this.#directory.factsOf(who, transportId)?.name ?? null;
  }

  onDeath(who: string): void {
    this.#asked.delete(who);
    this.#turnAtMs.delete(who);
    for (const name of this.#heard) if (name.startsWith(`${who} `)) this.#heard.delete(name);
  }

  #of(who: string, transportId: number): Asked {
    const transports = this.#asked.get(who) ?? new Map<number, Asked>();
    this.#asked.set(who, transports);
    const known = transports.get(transportId) ?? new Asked();
    transports.set(transportId, known);
    return known;
  }
}
