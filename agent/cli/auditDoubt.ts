/**
 * Faults in published events that a notice would explain which may not have been published.
 *
 * What is a fault the invariants' own watches say; here is only which of them must not be called one.
 *
 * @module
 */
import { PolicyWatch } from '../../session/invariants/noRollback.ts';
import { SessionWatch } from '../../session/invariants/noSilentReset.ts';
import type { AuditRecord } from '../../session/invariants/stream/record.ts';
import type { Published } from './auditPublished.ts';
import type { Unpublished } from './auditUnpublished.ts';

/** What says how a session began, or that it is one which can be resumed. */
const BEGINNINGS = ['session_created', 'agent_restarted'];

/** Whether a fault may be nothing but a notice that was not published. Asks the invariants' own watches what is a fault. */
export class Doubt {
  readonly #unpublished: Unpublished;
  readonly #sessions = new SessionWatch();
  readonly #policies = new PolicyWatch();
  readonly #tried = new Set<unknown>();
  /** Versions that were given up, and whose trial was not told. */
  readonly #untold = new Set<unknown>();
  #before: Published | null = null;
  #isCreationHidden = false;
  #isConflictHidden = false;
  #sessionId: string | null = null;
  /** Its beginning was not told, and no transition since: it may be an attempt, which the next process makes anew. */
  #mayBeAttempt = false;
  /** It ended: that is a transition, and published. */
  #hasEnded = false;
  #isRollbackHidden = false;
  #newestPolicy = 0;

  constructor(unpublished: Unpublished) {
    this.#unpublished = unpublished;
  }

  /** True: what led to this event may have been told by one that was not published. */
  see(event: Published): boolean {
    const { record, isBare } = event;
    const { reasonCode, detail, policyVersion, sessionId } = record;
    const hides = (...codes: string[]) =>
      this.#unpublished.isBetween(this.#before, event, codes) ||
      (isBare && codes.includes(reasonCode));
    const isRollbackHidden = hides('policy_rolled_back');
    if (policyVersion > this.#newestPolicy) this.#isRollbackHidden = false;
    this.#newestPolicy = Math.max(this.#newestPolicy, policyVersion);
    this.#isRollbackHidden ||= isRollbackHidden;
    this.#isCreationHidden ||= hides('session_created');
    this.#isConflictHidden ||= hides('ownership_conflict');
    this.#seeTrial(reasonCode, detail['version']);
    this.#policies.told(record);
    const isRolledBack = this.#policies.inForce(policyVersion) !== null;
    const isReset = this.#sessions.see(record) !== null;
    const isExplained =
      (this.#isCreationHidden && this.#hasEnded) || this.#mayBeAttempt || this.#isConflictHidden;
    if (sessionId !== null) this.#seeSession(record, sessionId);
    this.#before = event;
    const isGivenUp = this.#isRollbackHidden || this.#untold.size > 0;
    return (isRolledBack && isGivenUp) || (isReset && isExplained);
  }

  #seeTrial(reasonCode: string, version: unknown): void {
    if (reasonCode === 'policy_on_trial') {
      this.#tried.add(version);
      this.#untold.delete(version);
    }
    if (reasonCode === 'policy_rolled_back' && !this.#tried.has(version)) this.#untold.add(version);
  }

  #seeSession({ event, reasonCode, to }: AuditRecord, sessionId: string): void {
    const isSame = this.#sessionId === sessionId;
    const isTold = event === 'transition' || BEGINNINGS.includes(reasonCode);
    this.#isCreationHidden = false;
    this.#isConflictHidden = false;
    this.#hasEnded = to === 'TERMINATED' || (isSame && this.#hasEnded);
    this.#mayBeAttempt = !isTold && (!isSame || this.#mayBeAttempt);
    this.#sessionId = sessionId;
  }
}
