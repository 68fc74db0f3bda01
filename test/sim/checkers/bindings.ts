/**
 * I1 single-binding, over devices, hubs and the store together: what is committed was claimed, what a device
 * moves to is its newest claim and committed.
 *
 * @module
 */
import { isSameClaim } from '../../../session/claim.ts';
import { BindingWatch } from '../../../session/invariants/singleBinding.ts';
import type { Commit, Report, Said, Watch } from './watch.ts';

const ACCEPTED: readonly unknown[] = ['attach_accepted', 'reattach_accepted'];

export class Bindings implements Watch {
  readonly #report: Report;
  /** By session; claims of copies count, moves only those of one machine at a time. */
  readonly #sessions = new Map<string, Map<string, BindingWatch>>();
  /** By session, what was committed: a machine that comes later has to know. */
  readonly #commits = new Map<string, { stateVersion: number; transportId: number }[]>();

  constructor(report: Report) {
    this.#report = report;
  }

  onSaid({ who, role, event }: Said): void {
    const { sessionId, stateVersion, detail } = event;
    if (role !== 'device' || sessionId === null) return;
    const watch = this.#of(sessionId, who);
    if (event.event === 'claim') {
      watch.claimed({ stateVersion, transportId: detail['transportId'] });
    }
    if (event.event === 'transition' && ACCEPTED.includes(detail['trigger'])) {
      this.#report('moved', who, watch.moved(detail['transportId']));
    }
  }

  onCommit({ hub, before, after }: Commit): void {
    if (before !== null && isSameClaim(before.claim, after.claim)) return;
    const { sessionId } = after;
    const { stateVersion, transportId } = after.claim;
    const binding = { stateVersion, transportId };
    const commits = this.#commits.get(sessionId) ?? [];
    commits.push(binding);
    this.#commits.set(sessionId, commits);
    const watches = [...(this.#sessions.get(sessionId)?.values() ?? [])];
    const faults = watches.map((watch) => watch.committed(binding));
    const isClaimed = faults.includes(null);
    this.#report('committed', hub, isClaimed ? null : (faults[0] ?? `I1: nobody claimed anything`));
  }

  #of(sessionId: string, who: string): BindingWatch {
    const machines = this.#sessions.get(sessionId) ?? new Map<string, BindingWatch>();
    this.#sessions.set(sessionId, machines);
    const known = machines.get(who);
    if (known !== undefined) return known;
    const watch = new BindingWatch();
    for (const commit of this.#commits.get(sessionId) ?? []) watch.committed(commit);
    machines.set(who, watch);
    return watch;
  }
}
