/**
 * A link of cost class `never` is not asked: it is not chosen either, and each question would cost. The binding is, for as
 * long as it is the binding (docs/protocol.md, "Liveness").
 *
 * @module
 */
import { questionIn } from './questions.ts';
import type { Report, Sent, Watch } from './watch.ts';

export interface Asking {
  /** Whether the policy in force forbids the link of that transport. */
  readonly isForbidden: (who: string, transportId: number) => boolean;
  readonly activeId: (who: string) => number | null;
}

export class Forbidden implements Watch {
  readonly #report: Report;
  readonly #isSealed: boolean;
  readonly #asking: Asking;

  /** @param isSealed whether frames cannot be read from outside. */
  constructor(report: Report, isSealed: boolean, asking: Asking) {
    this.#report = report;
    this.#isSealed = isSealed;
    this.#asking = asking;
  }

  onSent({ from, isUp, bytes, transportId }: Sent): void {
    if (!isUp || this.#isSealed || questionIn(bytes) === null) return;
    const { isForbidden, activeId } = this.#asking;
    const isWrong = activeId(from) !== transportId && isForbidden(from, transportId);
    const asked = `liveness: T${transportId} is asked, whose link may never be used`;
    this.#report('askedForbidden', from, isWrong ? asked : null);
  }
}
