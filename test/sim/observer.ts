/**
 * Sees everything that leaves the machines: writes it down, counts it, shows it to the checkers, and keeps
 * what they find.
 *
 * @module
 */
import type { AuditEvent } from '../../session/audit.ts';
import type { SessionRecord } from '../../session/hub/record.ts';
import { MoveTrace } from '../../session/invariants/telemetryIndependent.ts';
import { type Held, invariantOf, type Report, type Watch } from './checkers/watch.ts';
import { Seen } from './coverage.ts';
import type { MachineEvents } from './machine/machine.ts';
import { wordsOf } from './network/datagram.ts';
import { frameWordsOf } from './network/frameWords.ts';
import type { OnSent } from './network/internet.ts';
import type { Observer as PacketObserver } from './network/passage.ts';
import type { InvariantId, Violation } from './outcome.ts';
import type { Trace } from './trace.ts';
import type { World } from './world.ts';

/** Of one rule; after that it is only counted. */
const TOLD_PER_CHECKER = 5;

/** Ends a run at once. */
export class Abort extends Error {}

export class Observer {
  readonly seen = new Seen();
  readonly violations: Violation[] = [];
  /** Of all machines, for runs that may not differ (I10). */
  readonly moves = new MoveTrace();
  commits = 0;
  /** Set before anything happens. */
  watches: readonly Watch[] = [];
  readonly #world: World;
  readonly #trace: Trace;
  readonly #told = new Map<string, number>();

  constructor(world: World, trace: Trace) {
    this.#world = world;
    this.#trace = trace;
  }

  note(who: string, text: string): void {
    this.#trace.note(this.#world.nowMs, who, text);
  }

  report(invariant: InvariantId, checker: string, sentence: string): void {
    const count = (this.#told.get(checker) ?? 0) + 1;
    this.#told.set(checker, count);
    if (count > TOLD_PER_CHECKER) return;
    this.violations.push({ invariant, checker, sentence, atMs: this.#world.nowMs });
    this.note('checker', `${invariant} ${checker}: ${sentence}`);
  }

  readonly judge: Report = (checker, who, fault) => {
    if (fault === null) return;
    this.report(invariantOf(fault), checker, `${who}: ${fault.slice(fault.indexOf(': ') + 2)}`);
  };

  tell(what: (watch: Watch) => void): void {
    for (const watch of this.watches) what(watch);
  }

  readonly onPacket: PacketObserver = (bytes, sentAtMs, arrivedAtMs, way, fate) => {
    this.seen.fate(fate);
    const words = this.#trace.isWhole ? frameWordsOf : wordsOf;
    this.#trace.packet(bytes, sentAtMs, arrivedAtMs, way, fate, words);
    const to = way[1];
    if (arrivedAtMs === null) return this.tell((watch) => watch.onLost?.({ to, bytes }));
    const arrived = { atMs: arrivedAtMs, to, bytes };
    this.tell((watch) => watch.onArrived?.(arrived));
  };

  readonly onSent: OnSent = (from, to, isUp, target, bytes, transportId) => {
    const sent = { atMs: this.#world.nowMs, from, to, isUp, target, bytes, transportId };
    this.tell((watch) => watch.onSent?.(sent));
  };

  onCommit(hub: string, before: SessionRecord | null, after: SessionRecord): void {
    this.commits += 1;
    const { stateVersion, transportId, revision, ownerEpoch, terminated } = after;
    const what = `v${stateVersion} T${transportId} revision ${revision} epoch ${ownerEpoch}`;
    this.note(hub, `commits ${what}${terminated === null ? '' : ` ${terminated}`}`);
    this.tell((watch) => watch.onCommit?.({ atMs: this.#world.nowMs, hub, before, after }));
  }

  /** @param held what the process that says it held at that moment; null from a hub. */
  onAudit(who: string, role: 'device' | 'hub', event: AuditEvent, held: Held | null): void {
    const { from, to, reasonCode, stateVersion } = event;
    this.seen.reason(`${role} ${reasonCode}`);
    const { denied } = event.detail;
    if (event.event === 'notice' && denied !== undefined) this.seen.reason(`${role} ${denied}`);
    if (to !== null) this.seen.state(`${role} ${to}`);
    this.moves.see(`${who} at ${this.#world.nowMs}:`, event);
    const move = to === null ? '' : ` ${from} → ${to}`;
    this.note(who, `${event.event}${move} ${reasonCode} v${stateVersion} ${wordsIn(event)}`);
    const said = { atMs: this.#world.nowMs, who, role, event, held };
    this.tell((watch) => watch.onSaid?.(said));
  }

  eventsOf(name: string): MachineEvents {
    return {
      note: (text) => {
        this.note(name, text);
        if (text === 'dies') this.tell((watch) => watch.onDeath?.(name));
      },
      defect: (error) => {
        const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.report('crash', 'exception', `${name}: ${words}`);
      },
      spin: (sentence) => {
        this.report('spin', 'turns', sentence);
        throw new Abort(sentence);
      },
    };
  }
}

function wordsIn({ detail }: AuditEvent): string {
  return Object.entries(detail)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}
