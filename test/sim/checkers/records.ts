/**
 * What may follow what in the store: I4, I2, I5, I6, I7 and the rule of clones.
 *
 * @module
 */
import { excessSwitching, SwitchWatch } from '../../../session/invariants/boundedSwitching.ts';
import { KeyHeldWatch } from '../../../session/invariants/keyHeld.ts';
import { EffectWatch } from '../../../session/invariants/noReplay.ts';
import { staleRecord } from '../../../session/invariants/noRollback.ts';
import { silentReset } from '../../../session/invariants/noSilentReset.ts';
import { EpochWatch } from '../../../session/invariants/oneOwner.ts';
import type { Commit, Report, Said, Watch } from './watch.ts';

export class Records implements Watch {
  readonly #report: Report;
  /** Of the policies that its hubs use. */
  readonly #switchesMax: number;
  readonly #keys = new KeyHeldWatch();
  readonly #effects = new EffectWatch();
  readonly #epochs = new EpochWatch();
  readonly #switches = new Map<string, SwitchWatch>();

  constructor(report: Report, switchesMax: number) {
    this.#report = report;
    this.#switchesMax = switchesMax;
  }

  onSaid({ who, event, held }: Said): void {
    const { nonce } = event.detail;
    if (event.event !== 'claim' || held === null || typeof nonce !== 'string') return;
    this.#keys.claimed(nonce, { name: who, ...held });
  }

  onCommit(commit: Commit): void {
    const { hub, before, after } = commit;
    const judge = (checker: string, fault: string | null) => this.#report(checker, hub, fault);
    judge('staleRecord', staleRecord(before, after));
    judge('keyHeld', this.#keys.committed(before, after));
    if (before?.claim.nonce !== after.claim.nonce) {
      judge('claimOnce', this.#effects.claim(after.claim));
    }
    const succession = {
      beforeId: before?.sessionId ?? null,
      afterId: after.sessionId,
      hasEnded: true,
      namedId: after.previousSessionId,
    };
    judge('recordedSession', silentReset(succession));
    const isRevived =
      before?.sessionId === after.sessionId &&
      before.terminated !== null &&
      after.terminated === null;
    judge('revived', isRevived ? `I2: session ${after.sessionId} came back to life` : null);
    if (after.owner === hub) {
      judge('epoch', this.#epochs.owned(after.device, after.ownerEpoch, hub));
    }
    judge('listedSwitches', excessSwitching(after.switchedAtMs, this.#switchesMax));
    this.#countSwitch(commit);
  }

  /**
   * Counted from outside, by the time that the hub gives each switch: when it is in the store is later, by as
   * long as the store takes.
   */
  #countSwitch({ hub, before, after }: Commit): void {
    const isSwitch =
      before?.sessionId === after.sessionId && before.transportId !== after.transportId;
    if (!isSwitch) return;
    // Hubs whose clocks differ do not see the same minute; each is held to its own.
    const key = `${hub} ${after.sessionId}`;
    const watch = this.#switches.get(key) ?? new SwitchWatch(this.#switchesMax);
    this.#switches.set(key, watch);
    const atMs = after.switchedAtMs.at(-1);
    const fault = `I7: a switch to T${after.transportId} is not in the record’s list`;
    this.#report('switches', hub, atMs === undefined ? fault : watch.switched(atMs));
  }
}
