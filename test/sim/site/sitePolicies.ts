/**
 * Which policies a simulated device was given, in its file and as documents, and what each version says.
 *
 * @module
 */
import type { Policy } from '../../../policies/schema.ts';
import type { PolicyVariant } from '../options.ts';
import { policyOf } from '../policy.ts';

export class SitePolicies {
  /** By version, from 1. */
  #variants: PolicyVariant[];
  #fileVersion = 1;
  #takesDocuments = false;

  constructor(first: PolicyVariant) {
    this.#variants = [first];
  }

  get inFile(): PolicyVariant {
    return this.#variants[this.#fileVersion - 1]!;
  }

  /** What the agent's configuration names: a version for each policy that was put there while it ran. */
  get file(): Policy {
    return { ...policyOf(this.inFile), version: this.#fileVersion };
  }

  /** From the first document on. */
  get takesDocuments(): boolean {
    return this.#takesDocuments;
  }

  /** The version of the next one. */
  get next(): number {
    return this.#variants.length + 1;
  }

  /** What the policy of this version says; null, or none of ours: what the file says. */
  at(version: number | null): Policy {
    return policyOf(this.#variants[(version ?? 0) - 1] ?? this.inFile);
  }

  /** Another one of the same version. */
  replace(policy: PolicyVariant): void {
    this.#variants[this.#fileVersion - 1] = policy;
  }

  /** A newer one in the file. */
  add(policy: PolicyVariant): void {
    this.#fileVersion = this.#variants.push(policy);
  }

  /** One of a version before that of the file. */
  older(policy: PolicyVariant): Policy {
    return { ...policyOf(policy), version: this.#fileVersion - 1 };
  }

  /** A newer one as a document; returns its version. */
  push(policy: PolicyVariant): number {
    this.#takesDocuments = true;
    return this.#variants.push(policy);
  }

  /** A copy of a machine has its policies, too. */
  copyFrom(other: SitePolicies): void {
    this.#variants = [...other.#variants];
    this.#fileVersion = other.#fileVersion;
    this.#takesDocuments = other.#takesDocuments;
  }
}
