/**
 * What hubs say of sessions, over all their processes: I4 clocks, I8 explicit.
 *
 * @module
 */
import type { SessionRecord } from '../../../session/hub/record.ts';
import { ExplicitWatch } from '../../../session/invariants/explicit.ts';
import { RecordWatch } from '../../../session/invariants/noRollback.ts';
import type { Commit, Report, Said, Watch } from './watch.ts';

export class Hubs implements Watch {
  readonly #report: Report;
  /** Who owns the record of a device. hub_seq is the owner's clock: what a standby sees is not counted on. */
  readonly #ownerOf: (device: string) => string | null;
  /** By hub and device. */
  readonly #records = new Map<string, RecordWatch>();
  /** By hub and session; a session moves between hubs. */
  readonly #moves = new Map<string, ExplicitWatch>();

  /** By hub: its time when it moved last. */
  readonly #newestMs = new Map<string, number>();

  /** By hub and device: what this process has written. */
  readonly #written = new Set<string>();

  /** By hub and device: whether this process knows its epoch to be in the record, and wrote the newest record after that. */
  readonly #own = new Map<string, boolean>();
  /** Where hubs share the store, a write that outlived its lease counts as anybody's. */
  readonly #isLeased: boolean;

  constructor(report: Report, ownerOf: (device: string) => string | null, isLeased: boolean) {
    this.#report = report;
    this.#ownerOf = ownerOf;
    this.#isLeased = isLeased;
  }

  onSaid({ who, role, event }: Said): void {
    if (role !== 'hub') return;
    if (event.event === 'transition') this.#judgeTime(who, event.atMs);
    this.#judgeOwnWrite(who, event);
    // Another hub's commits are not in this one's events.
    if (event.reasonCode === 'ownership_conflict') this.#forget(who, event.device);
    if (this.#ownerOf(event.device) === who) {
      const record = this.#of(this.#records, `${who} ${event.device}`, () => new RecordWatch());
      this.#report('hubClocks', who, record.see(event));
    }
    if (event.sessionId === null) return;
    const key = `${who} ${event.device} ${event.sessionId}`;
    const moves = this.#of(this.#moves, key, () => new ExplicitWatch());
    this.#report('hubMoves', who, moves.see(event));
  }

  /** Deadlines lie in the record by hub time: it goes on over restarts, whatever the wall clock does. */
  #judgeTime(who: string, atMs: number): void {
    const newestMs = this.#newestMs.get(who) ?? atMs;
    const backMs = Math.ceil(newestMs - atMs);
    const fault = `I3: hub time went back by ${backMs} ms, and deadlines with it`;
    this.#report('hubTime', who, atMs < newestMs ? fault : null);
    this.#newestMs.set(who, Math.max(newestMs, atMs));
  }

  /** What it wrote itself is no news: it leaves no binding for it. */
  #judgeOwnWrite(who: string, { device, reasonCode, detail }: Said['event']): void {
    if (this.#isLeased || detail['by'] !== 'store' || reasonCode !== 'binding_lost') return;
    const isOwn = this.#own.get(`${who} ${device}`) === true;
    this.#report('ownWrite', who, isOwn ? 'I8: binding_lost for what it wrote itself' : null);
  }

  onLearned(hub: string, { device, owner }: SessionRecord): void {
    const key = `${hub} ${device}`;
    if (owner === hub && !this.#own.has(key)) this.#own.set(key, false);
  }

  /** The first that a restarted hub writes is its epoch, and the deadlines as they were. */
  onCommit({ hub, before, after }: Commit): void {
    const key = `${hub} ${after.device}`;
    const isFirst = !this.#written.has(key);
    this.#written.add(key);
    for (const other of this.#own.keys()) {
      if (other.endsWith(` ${after.device}`)) this.#own.set(other, other === key);
    }
    const sinceMs = before?.recoveringSinceMs ?? null;
    if (!isFirst || before?.sessionId !== after.sessionId || sinceMs === null) return;
    const isLater = after.recoveringSinceMs !== null && after.recoveringSinceMs > sinceMs;
    const fault = 'I3: a restart gives the recovery its window again';
    this.#report('deadlinesGoOn', hub, isLater ? fault : null);
  }

  onDeath(who: string): void {
    for (const key of this.#written) if (key.startsWith(`${who} `)) this.#written.delete(key);
    for (const key of this.#moves.keys()) if (key.startsWith(`${who} `)) this.#moves.delete(key);
    for (const key of this.#own.keys()) if (key.startsWith(`${who} `)) this.#own.delete(key);
  }

  #forget(who: string, device: string): void {
    for (const key of this.#moves.keys()) {
      if (key.startsWith(`${who} ${device} `)) this.#moves.delete(key);
    }
  }

  #of<T>(map: Map<string, T>, key: string, make: () => T): T {
    const known = map.get(key);
    if (known !== undefined) return known;
    const made = make();
    map.set(key, made);
    return made;
  }
}
