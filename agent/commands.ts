/**
 * Carries out signed commands, one after the other, and makes their answers.
 *
 * Each ends by itself: what was begun and did not come about in time is `command_failed`, and whoever asked decides. Nothing in
 * here ends the process or holds up the session (I10).
 *
 * Source: docs/push.md, "Commands".
 *
 * @module
 */
import type { AuditRow } from '../hal/linux/auditLog.ts';
import { answerTopic } from '../hal/mqtt/commandTopic.ts';
import type { Command, CommandName } from '../policies/signed/body.ts';
import { ANSWERS_MAX, type PushEffect } from '../policies/signed/state.ts';
import type { AuditEvent } from '../session/audit.ts';
import type { DOCUMENT_STEPS } from '../session/reasons/documents.ts';
import { collectLog, LOG_TEXT_MAX } from './collectedLog.ts';
import { sentenceOf } from './denial.ts';
import type { CommandRequest, Telemetry } from './telemetry.ts';
import type { TunnelLink } from './tunnelLink.ts';

/** Three tries of a claim or a handshake on a slow link (chosen). */
const COMES_ABOUT_MAX_MS = 10_000;
const RECENT_MAX = 256;
/** Two logs and what is beside them fit what may wait, or the first would be dropped for the second (chosen). */
const LOG_SHARE = 4;
/** Commands after which a session that is to prove a policy on trial may not be there, or not hold. */
const TRYING: readonly CommandName[] = ['terminate_session', 'rebind'];

export interface CommandParts {
  readonly tunnel: Pick<TunnelLink, 'status' | 'rebind' | 'order'>;
  readonly recent: (count: number) => readonly AuditRow[];
  readonly telemetry: () => Telemetry | null;
  /** What may wait for the broker; a log takes a quarter of it at most, for it may be said on two topics. */
  readonly queueBytesMax: () => number;
  readonly place: { readonly fleet: string; readonly device: string };
  readonly wallMs: () => number;
  /** Version of the policy on trial, or null. */
  readonly onTrial: () => number | null;
  /** Other times than {@link COMES_ABOUT_MAX_MS}, for tests. */
  readonly comesAboutMaxMs?: number;
}

export type CommandOutcome = Extract<
  keyof typeof DOCUMENT_STEPS,
  'command_done' | 'command_withheld' | 'command_failed'
>;

export interface CarriedOut {
  readonly outcome: CommandOutcome;
  /** A reason code, or what was in the way; null: it was done. */
  readonly why: string | null;
}

type Answer = Readonly<Record<string, unknown>>;
type Details = CarriedOut & { readonly more?: Answer };

export class Commands {
  readonly #parts: CommandParts;
  /** By id; the newest {@link ANSWERS_MAX}. Without logs: those are said once. */
  readonly #answers = new Map<string, Answer>();
  readonly #watchers = new Set<(event: AuditEvent) => void>();
  /** Of the command that is answered next, by id. */
  readonly #logs = new Map<string, Answer>();
  #line: Promise<unknown> = Promise.resolve();

  constructor(parts: CommandParts) {
    this.#parts = parts;
  }

  /** Something was audited: what is waited for may have come about. */
  onAudit(event: AuditEvent): void {
    for (const watch of this.#watchers) watch(event);
  }

  /**
   * Never rejects. What is told of it is {@link answer}.
   *
   * @param expiresS seconds since 1970: where its turn comes later, it is not begun.
   */
  carryOut(command: Command, expiresS: number): Promise<CarriedOut> {
    const done = this.#line.then(async () => {
      const {
        outcome,
        why,
        more = {},
      } = await this.#runInTime(command, expiresS).catch(
        (error: unknown): Details => ({
          ...{ outcome: 'command_failed', why: error instanceof Error ? error.message : 'unknown' },
        }),
      );
      const { id, name } = command;
      const { log, ...rest } = more;
      const answer = await this.#document({ id, name, outcome }, why, rest);
      this.#answers.set(id, answer);
      if (log !== undefined) this.#logs.set(id, { log });
      const [oldest] = this.#answers.keys();
      if (this.#answers.size > ANSWERS_MAX && oldest !== undefined) this.#answers.delete(oldest);
      return { outcome, why };
    });
    this.#line = done;
    return done;
  }

  /** What came of a command: of one that was carried out what was said the first time, without its log. */
  async answer(
    told: Omit<PushEffect & { kind: 'answer' }, 'kind'>,
    why: string | null,
    request: CommandRequest | null,
  ): Promise<void> {
    const { place, telemetry } = this.#parts;
    const known = this.#answers.get(told.id);
    const log = this.#logs.get(told.id) ?? {};
    this.#logs.delete(told.id);
    const document =
      known?.['outcome'] === told.outcome ? known : await this.#document(told, why, {});
    const own = answerTopic(place.fleet, place.device, told);
    const topics = new Set([own, request?.responseTopic ?? own]);
    telemetry()?.answer([...topics], { ...document, ...log }, request?.correlation ?? null);
  }

  async #document(
    { id, name, outcome }: Omit<PushEffect & { kind: 'answer' }, 'kind'>,
    why: string | null,
    more: Answer,
  ): Promise<Answer> {
    const status = await this.#parts.tunnel.status().catch(() => null);
    return {
      ...{ v: 1, id, verb: name, outcome, ts_ms: Math.round(this.#parts.wallMs()) },
      ...{ state: status?.state ?? null, state_version: status?.state_version ?? null },
      ...{ session_id: status?.session_id ?? null, binding: status?.binding ?? null },
      ...(why === null ? {} : { why }),
      ...more,
    };
  }

  async #runInTime(command: Command, expiresS: number): Promise<Details> {
    // Whoever sent it was told that nobody answered, and does not expect it any more.
    if (this.#parts.wallMs() >= expiresS * 1_000) return withheld('document_expired');
    // What they do to the session would be told as the fault of that policy.
    const isTrying = TRYING.includes(command.name) && this.#parts.onTrial() !== null;
    return isTrying ? withheld('policy_on_trial') : await this.#run(command);
  }

  async #run({ name, link }: Command): Promise<Details> {
    const { tunnel, telemetry, recent, queueBytesMax } = this.#parts;
    switch (name) {
      case 'terminate_session':
        return this.#begin(
          () => tunnel.order('command_terminated'),
          ({ event, to }) => (event === 'transition' && to === 'TERMINATED' ? DONE : null),
        );
      case 'rotate_keys':
        return this.#begin(
          () => tunnel.order('rotate'),
          (event) => (event.reasonCode === 'channel_rotated' ? DONE : overOf(event)),
        );
      case 'rebind':
        return this.#begin(
          () => tunnel.rebind(link ?? ''),
          (event) => (event.event === 'switch' ? switchedTo(event, link) : overOf(event)),
        );
      case 'refresh_health':
        telemetry()?.refresh();
        return DONE;
      case 'collect_log': {
        const textMax = Math.min(LOG_TEXT_MAX, Math.floor(queueBytesMax() / LOG_SHARE));
        return { ...DONE, more: collectLog(recent(RECENT_MAX), textMax) };
      }
    }
  }

  /** Watches first: what is asked for may come about before the answer to the asking is read. */
  async #begin(
    ask: () => Promise<Parameters<typeof sentenceOf>[0] | null>,
    judge: (event: AuditEvent) => Details | null,
  ): Promise<Details> {
    const { promise, resolve } = Promise.withResolvers<Details>();
    const watch = (event: AuditEvent) => {
      const judged = judge(event);
      if (judged !== null) resolve(judged);
    };
    this.#watchers.add(watch);
    const patience = setTimeout(
      () => resolve({ outcome: 'command_failed', why: 'no_answer' }),
      this.#parts.comesAboutMaxMs ?? COMES_ABOUT_MAX_MS,
    );
    try {
      const denied = await ask();
      if (denied === null) return await promise;
      const more = { sentence: sentenceOf(denied) };
      return { outcome: 'command_withheld', why: denied, more };
    } finally {
      clearTimeout(patience);
      this.#watchers.delete(watch);
    }
  }
}

const DONE: Details = { outcome: 'command_done', why: null };

const withheld = (why: string): Details => ({ outcome: 'command_withheld', why });

/** What was begun cannot come about any more. */
function overOf({ event, to, reasonCode }: AuditEvent): Details | null {
  const isOver = event === 'transition' && to === 'TERMINATED';
  const isAbandoned = reasonCode === 'switch_abandoned';
  return isOver || isAbandoned ? { outcome: 'command_failed', why: reasonCode } : null;
}

function switchedTo({ transport }: AuditEvent, link: string | null): Details | null {
  return transport?.startsWith(`${link}→`) === true ? DONE : null;
}
