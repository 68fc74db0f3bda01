/**
 * Hearsay is no verdict: a binding is given up for silence only where a question went unanswered over it, whatever
 * ICMP says; and what is told of a link's silence is so.
 *
 * Sees questions leave, answers arrive, and which datagrams reach whom. What frames hold is asked where they can be
 * read from outside.
 *
 * @module
 */
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import { receiverOf } from '../../../session/wire/transport.ts';
import { Questions } from './openQuestions.ts';
import type { Arrived, Report, Said, Sent, Watch } from './watch.ts';

const ACCEPTED: readonly unknown[] = ['attach_accepted', 'reattach_accepted'];
const SILENCE: readonly unknown[] = ['heartbeat_timeout', 'one_way_out'];
/** No question is missed sooner than this (chosen: a third of the shortest patience, RUN_MIN_MS in `missRun.ts`). */
const ASKED_MIN_MS = 16;
/** What arrives at the very moment may not have been read. */
const READ_MS = 1;
const OF_SESSIONS: readonly unknown[] = [MESSAGE_TYPE.data, MESSAGE_TYPE.control];

export class Hearsay implements Watch {
  readonly #report: Report;
  readonly #isSealed: boolean;
  /** The link of a transport. */
  readonly #linkOf: (who: string, transportId: number) => string | null;
  /** Whether the machine has keys of that name. */
  readonly #isItsChannel: (who: string, channelId: number) => boolean;
  readonly #questions = new Questions();
  /** By machine: when it told of its newest binding. */
  readonly #acceptedAtMs = new Map<string, number>();
  /** By machine and link: when it answered since it came up. */
  readonly #answeredAtMs = new Map<string, number>();
  /** Datagrams that have not arrived yet; copies of them say nothing. */
  readonly #underWay = new WeakMap<Uint8Array, Sent>();
  /** By machine and transport: what reached a hub last, what reached the machine. */
  readonly #upAtMs = new Map<string, number>();
  readonly #downAtMs = new Map<string, number>();
  /** The same, when its newest claim was opened. */
  readonly #claimedAtMs = new Map<string, number>();

  constructor(
    report: Report,
    isSealed: boolean,
    linkOf: (who: string, transportId: number) => string | null,
    isItsChannel: (who: string, channelId: number) => boolean,
  ) {
    this.#isItsChannel = isItsChannel;
    this.#report = report;
    this.#isSealed = isSealed;
    this.#linkOf = linkOf;
  }

  onSent(sent: Sent): void {
    if (OF_SESSIONS.includes(sent.bytes[0])) this.#underWay.set(sent.bytes, sent);
    if (!this.#isSealed) this.#questions.sent(sent);
  }

  onArrived(arrived: Arrived): void {
    const { atMs, to, bytes } = arrived;
    const sent = this.#underWay.get(bytes);
    this.#underWay.delete(bytes);
    if (sent?.isUp) this.#upAtMs.set(`${sent.from} ${sent.transportId}`, atMs);
    else if (sent !== undefined) this.#downAtMs.set(`${to} ${sent.transportId}`, atMs);
    const answered = this.#isSealed ? null : this.#questions.arrived(arrived);
    // In keys that it gave up meanwhile an answer is none.
    if (answered === null || !this.#isItsChannel(to, receiverOf(bytes))) return;
    const link = this.#linkOf(to, answered.transportId);
    if (link !== null) this.#answeredAtMs.set(`${to} ${link}`, atMs);
  }

  onSaid({ atMs, who, role, event }: Said): void {
    if (role !== 'device') return;
    const { reasonCode, to, detail } = event;
    if (event.event === 'claim') this.#claimed(who);
    const transportId = Number(detail['transportId']);
    // Keys that waited for flash bind a link that was asked in vain meanwhile.
    const isOfThisMoment = this.#acceptedAtMs.get(who) === atMs;
    if (to === 'RECOVERING' && SILENCE.includes(reasonCode) && !isOfThisMoment) {
      this.#report('unaskedVerdict', who, this.#unasked(who, transportId, atMs));
    }
    if (ACCEPTED.includes(detail['trigger'])) {
      this.#acceptedAtMs.set(who, atMs);
      this.#questions.proven(who, transportId, atMs);
    }
    if (to === 'TERMINATED') this.#questions.forget(who);
    if (reasonCode === 'link_changed') this.#changed(who, transportId, detail['why']);
    if (reasonCode === 'link_unanswered') {
      this.#report('falseHint', who, this.#falseHint(who, transportId, atMs));
    }
    if (reasonCode === 'one_way_in') {
      this.#report('falseOneWay', who, this.#falseOneWay(who, transportId));
    }
  }

  #unasked(who: string, transportId: number, atMs: number): string | null {
    if (this.#isSealed) return null;
    const isAsked = this.#questions.open(who).some((question) => {
      return question.transportId === transportId && atMs - question.atMs >= ASKED_MIN_MS;
    });
    return isAsked ? null : `liveness: T${transportId} is given up for silence and was not asked`;
  }

  /** Another address is the same link. */
  #changed(who: string, transportId: number, why: unknown): void {
    const link = this.#linkOf(who, transportId);
    if (why !== 'address_changed') this.#answeredAtMs.delete(`${who} ${link}`);
  }

  #falseHint(who: string, transportId: number, atMs: number): string | null {
    const link = this.#linkOf(who, transportId);
    const answeredAtMs = this.#answeredAtMs.get(`${who} ${link}`) ?? null;
    if (answeredAtMs === null || atMs - answeredAtMs <= READ_MS) return null;
    return `I8: ${link} is said not to answer, and has since it came up`;
  }

  /** What reaches it later says nothing of the time before. */
  #claimed(who: string): void {
    for (const [name, atMs] of this.#downAtMs) {
      if (name.startsWith(`${who} `)) this.#claimedAtMs.set(name, atMs);
    }
  }

  /** Cut both ways at once, neither end hears the other longer. */
  #falseOneWay(who: string, transportId: number): string | null {
    const upAtMs = this.#upAtMs.get(`${who} ${transportId}`) ?? Number.NEGATIVE_INFINITY;
    const downAtMs = this.#claimedAtMs.get(`${who} ${transportId}`) ?? Number.NEGATIVE_INFINITY;
    // What reached it, and could not be opened, was not heard: the two are told apart no finer.
    if (upAtMs + READ_MS > downAtMs) return null;
    return `I8: the hub is said to have heard T${transportId} on, and nothing reached it ${Math.round(downAtMs - upAtMs)} ms longer`;
  }

  onDeath(who: string): void {
    this.#questions.forget(who);
    for (const name of this.#answeredAtMs.keys()) {
      if (name.startsWith(`${who} `)) this.#answeredAtMs.delete(name);
    }
  }
}
