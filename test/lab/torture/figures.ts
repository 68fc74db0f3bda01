/**
 * What came of a torture, and how it is printed.
 *
 * @module
 */
import { DOCUMENT_REFUSALS } from '../../../session/reasons/documents.ts';

export class Figures {
  pushes = 0;
  crashes = 0;
  /** After a crash the new policy was confirmed on flash, or given up. */
  confirmedBehind = 0;
  rolledBackBehind = 0;
  /** Pushes to a device that did not know the time. */
  dark = 0;
  /** Slots that rotted. */
  rotten = 0;
  readonly violations: string[] = [];
  readonly #steps = new Set<string>();
  readonly #codes = new Map<string, number>();

  cut(step: string): void {
    this.crashes += 1;
    this.#steps.add(step);
  }

  /** What uninterrupted devices said. */
  count(codes: readonly string[]): void {
    for (const code of codes) this.#codes.set(code, (this.#codes.get(code) ?? 0) + 1);
  }

  violate(where: string, what: readonly string[]): void {
    this.violations.push(...what.map((one) => `${where}: ${one}`));
  }

  get stepKinds(): readonly string[] {
    return [...this.#steps].sort();
  }

  of(code: string): number {
    return this.#codes.get(code) ?? 0;
  }

  /** By reason, the most frequent first. */
  get refused(): readonly (readonly [string, number])[] {
    return [...this.#codes]
      .filter(([code]) => Object.hasOwn(DOCUMENT_REFUSALS, code))
      .sort(([one, a], [other, b]) => b - a || one.localeCompare(other));
  }
}

export function linesOf(figures: Figures): readonly string[] {
  const { pushes, crashes, stepKinds, violations, refused, rotten } = figures;
  const refusals = refused.map(([code, count]) => `${count} ${code}`).join(', ');
  const isClean = violations.length === 0;
  return [
    `${pushes} pushes, ${crashes} crashes at ${stepKinds.length} kinds of step` +
      (isClean
        ? ', 0 left without a confirmed policy, 0 with an older one, 0 with anything that nobody signed'
        : `, ${violations.length} violations`),
    `uninterrupted: ${figures.of('policy_confirmed')} policies confirmed, ${figures.of('policy_rolled_back')} rolled back, ` +
      `${figures.of('emergency_began')} emergencies, ${figures.of('command_done')} commands carried out, ` +
      `${figures.of('signer_rotated')} signing keys named or retired; ${figures.dark} pushes without a clock`,
    `refused: ${refusals === '' ? 'none' : refusals}`,
    `after a crash: ${figures.confirmedBehind} found the new policy confirmed, ${figures.rolledBackBehind} rolled it back; ${rotten} slots rotted as well`,
  ];
}

export function documentOf(figures: Figures, seed: number, seconds: number) {
  const { pushes, crashes, stepKinds, violations, refused } = figures;
  return {
    ...{ seed, seconds: Math.round(seconds * 10) / 10, pushes, crashes, violations },
    step_kinds: stepKinds,
    confirmed: figures.of('policy_confirmed'),
    rolled_back: figures.of('policy_rolled_back'),
    emergencies: figures.of('emergency_began'),
    commands: figures.of('command_done'),
    signers_rotated: figures.of('signer_rotated'),
    without_clock: figures.dark,
    refused: Object.fromEntries(refused),
    confirmed_after_crash: figures.confirmedBehind,
    rolled_back_after_crash: figures.rolledBackBehind,
    rotten: figures.rotten,
  };
}
