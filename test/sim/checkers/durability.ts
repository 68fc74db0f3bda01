/**
 * What has to be on a device's flash before it is used: I4 versions, I2 the session's name, and the secret
 * before data flows (docs/protocol.md, "state_version, claims and answers", "Channel and keys").
 *
 * Compares what a device says with what a power cut at that very moment would leave it.
 *
 * @module
 */
import { equalBytes } from '../../../session/bytes.ts';
import type { Report, Said, Watch } from './watch.ts';

/** The newest whole record on a device's flash. */
export interface Durable {
  readonly versionCeiling: number;
  /** Of the policy that was taken last. */
  readonly policyVersion: number;
  readonly sessionId: string | null;
  readonly secret: Uint8Array | null;
  readonly terminated: string | null;
}

export class Durability implements Watch {
  readonly #report: Report;
  readonly #durableOf: (who: string) => Durable | null;

  constructor(report: Report, durableOf: (who: string) => Durable | null) {
    this.#report = report;
    this.#durableOf = durableOf;
  }

  onSaid({ who, role, event, held }: Said): void {
    if (role !== 'device' || (event.event !== 'claim' && event.event !== 'transition')) return;
    const durable = this.#durableOf(who);
    const ceiling = durable?.versionCeiling ?? 0;
    const { stateVersion, sessionId } = event;
    const isAbove = stateVersion > ceiling;
    this.#report(
      'versionDurable',
      who,
      isAbove ? `I4: version ${stateVersion} is used, durable is a ceiling of ${ceiling}` : null,
    );
    if (event.event === 'claim') {
      const isNamed = durable !== null && durable.sessionId === sessionId;
      const fault = `I2: session ${sessionId} is claimed and not durable`;
      this.#report('sessionDurable', who, isNamed ? null : fault);
    }
    if (event.to !== 'ATTACHED' || held === null || held.secret === null) return;
    const secret = durable?.secret ?? null;
    const isKept = secret !== null && equalBytes(secret, held.secret);
    const fault = 'I4: data may flow, and the secret of the session is not durable';
    this.#report('secretDurable', who, isKept ? null : fault);
  }
}
