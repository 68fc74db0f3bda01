/**
 * A binding is given up for silence only after so many misses in a row that what was lost before does not explain them;
 * and only the way out is said to be dead where the hub was heard all the while, and did not answer what it was asked.
 *
 * Counts questions that leave and answers that arrive, and errs to the device's side (`rows.ts`). What two seconds of
 * silence end is not asked: that is a verdict whatever the loss was. Asked where frames can be read from outside.
 *
 * Source: docs/protocol.md, "Liveness".
 *
 * @module
 */
import { receiverOf } from '../../../session/wire/transport.ts';
import { answerIn } from './questions.ts';
import { type Row, Rows } from './rows.ts';
import type { Arrived, Lost, Report, Said, Sent, Watch } from './watch.ts';

const ACCEPTED: readonly unknown[] = ['attach_accepted', 'reattach_accepted'];
const SILENCE: readonly unknown[] = ['heartbeat_timeout', 'one_way_out'];
/** The chance of a false verdict that is accepted, and the loss that any link is taken to have. */
const CHANCE_MAX = 1e-9;
const LOSS_LEAST = 0.01;
/** Of what was lost so much is sure: the device may remember a hundred questions more, all of them answered. */
const SURE_SHARE = 0.75;
/** Of fewer the device may make nothing. */
const ASKED_MIN = 20;
/** Two seconds, by a clock that drifts. */
const SILENT_MS = 1_990;
/** What arrives at the very moment of a verdict may not have been read. */
const READ_MS = 1;
/** Fewer may have lost their answers by chance, when loss has just begun. */
const ANSWERED_MIN = 5;
/** Answers of a hub that are remembered. */
const SAID_MAX = 1_024;

export class Misses implements Watch {
  readonly #report: Report;
  readonly #isSealed: boolean;
  /** Whether the machine has keys of that name. */
  readonly #isItsChannel: (who: string, channelId: number) => boolean;
  readonly #rows = new Rows();
  /** Datagrams of hubs, with the way they took. */
  readonly #fromHub = new WeakMap<Uint8Array, Sent>();
  /** By machine and transport: when something of a hub came last. */
  readonly #heardAtMs = new Map<string, number>();
  /** By machine and transport: questions that a hub has answered, and whether the answer was lost. */
  readonly #answered = new Map<string, Map<number, boolean>>();
  /** Verdicts of this moment: what arrives at it is told of behind the turn that read it. */
  #said: (Pick<Said, 'who' | 'atMs'> & { readonly fault: () => string | null })[] = [];

  constructor(
    report: Report,
    isSealed: boolean,
    isItsChannel: (who: string, channelId: number) => boolean,
  ) {
    this.#report = report;
    this.#isSealed = isSealed;
    this.#isItsChannel = isItsChannel;
  }

  onSent(sent: Sent): void {
    if (this.#isSealed) return;
    this.#judgeSaid(sent.atMs);
    this.#rows.sent(sent);
    if (!sent.isUp) this.#fromHub.set(sent.bytes, sent);
    const probeId = sent.isUp ? null : answerIn(sent.bytes);
    if (probeId === null) return;
    const key = `${sent.to} ${sent.transportId}`;
    const answered = this.#answered.get(key) ?? new Map<number, boolean>();
    this.#answered.set(key, answered);
    answered.set(probeId, false);
    const [oldest] = answered.keys();
    if (answered.size > SAID_MAX && oldest !== undefined) answered.delete(oldest);
  }

  onArrived(arrived: Arrived): void {
    const { atMs, to, bytes } = arrived;
    this.#judgeSaid(atMs);
    const sent = this.#fromHub.get(bytes);
    if (sent === undefined) return;
    this.#heardAtMs.set(`${to} ${sent.transportId}`, atMs);
    // In keys that it gave up meanwhile an answer is none.
    if (this.#isItsChannel(to, receiverOf(bytes))) this.#rows.arrived(arrived);
  }

  onLost({ to, bytes }: Lost): void {
    const sent = this.#fromHub.get(bytes);
    const probeId = sent === undefined ? null : answerIn(bytes);
    if (probeId !== null) this.#answered.get(`${to} ${sent!.transportId}`)?.set(probeId, true);
  }

  onSaid({ atMs, who, role, event }: Said): void {
    if (role !== 'device' || this.#isSealed) return;
    const { to, reasonCode, detail } = event;
    const transportId = Number(detail['transportId']);
    if (to === 'RECOVERING' && SILENCE.includes(reasonCode)) {
      const row = this.#rows.of(who, transportId);
      const isRead = row !== null && atMs - row.answeredAtMs > READ_MS;
      if (isRead) this.#judge(who, transportId, row, reasonCode, atMs);
    }
    // Claims that were answered, fresh keys, another address: each may set open questions aside.
    if (to !== null || reasonCode === 'channel_rotated') this.#rows.proven(who);
    if (event.event === 'switch' || ACCEPTED.includes(detail['trigger']))
      this.#rows.of(who, transportId)?.forgive();
    if (to === 'TERMINATED') this.#rows.forgive(who);
    if (reasonCode !== 'link_changed') return;
    if (detail['why'] === 'address_changed') this.#rows.proven(who);
    else this.#rows.renewed(who, transportId);
  }

  #judge(who: string, transportId: number, row: Row, reasonCode: string, atMs: number): void {
    this.#report('chanceVerdict', who, this.#chance(transportId, row, atMs));
    if (reasonCode !== 'one_way_out') return;
    this.#said.push({ who, atMs, fault: this.#falseOneWayOut(who, transportId, row, atMs) });
  }

  onSweep(nowMs: number): void {
    this.#judgeSaid(nowMs);
  }

  #judgeSaid(nowMs: number): void {
    const due = this.#said.filter(({ atMs }) => atMs < nowMs);
    if (due.length === 0) return;
    this.#said = this.#said.filter(({ atMs }) => atMs >= nowMs);
    for (const { who, fault } of due) this.#report('falseOneWayOut', who, fault());
  }

  #chance(transportId: number, row: Row, atMs: number): string | null {
    if (atMs - (row.sinceMs ?? atMs) >= SILENT_MS) return null;
    const misses = row.mayBeMissed(atMs).length;
    const { asked, lost, known } = row.before(atMs);
    const loss = known < ASKED_MIN ? 0 : (SURE_SHARE * lost) / asked;
    const needed = Math.floor(Math.log(CHANCE_MAX) / Math.log(Math.max(LOSS_LEAST, loss))) + 1;
    if (misses >= needed) return null;
    return `liveness: T${transportId} is given up after ${misses} misses at most, and of ${asked} questions before ${lost} were lost: chance explains fewer than ${needed}`;
  }

  /** What is asked once everything that came at this moment is known. */
  #falseOneWayOut(who: string, transportId: number, row: Row, atMs: number): () => string | null {
    const key = `${who} ${transportId}`;
    const { rttMinMs } = row;
    const sinceMs = row.sinceMs ?? atMs;
    const answered = this.#answered.get(key);
    // An answer under way says nothing yet: the question, or the answer, may have waited in a narrow link's queue.
    const asked = row.mayBeMissed(atMs).filter((probeId) => answered?.get(probeId) !== false);
    const isLostIn = asked.every((probeId) => answered?.get(probeId) === true);
    return () => {
      const heardMs = (this.#heardAtMs.get(key) ?? Number.NEGATIVE_INFINITY) - sinceMs;
      // What was under way when both ways fell silent comes in the first round trip.
      if (heardMs < rttMinMs - READ_MS)
        return `I8: only the way out of T${transportId} is said to be dead, and nothing came in either`;
      if (!isLostIn || asked.length < ANSWERED_MIN) return null;
      return `I8: the way out of T${transportId} is said to be dead, and the hub answered all of ${asked.length} questions, whose answers were lost`;
    };
  }

  onDeath(who: string): void {
    this.#rows.forget(who);
    for (const key of this.#answered.keys()) {
      if (key.startsWith(`${who} `)) this.#answered.delete(key);
    }
  }
}
