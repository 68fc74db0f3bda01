/**
 * Outcome of asking the operating system for something.
 *
 * `code` is stable and has a row in `hal/capabilities.ts`; `detail` says what was tried and what the
 * system answered (`TUNSETIFF jv0: EPERM`). Never a secret. Fits `Result` of `session/result.ts`.
 *
 * @module
 */
import type { HalCode } from './capabilities.ts';

export interface HalFailure {
  readonly ok: false;
  readonly code: HalCode;
  readonly detail: string;
}

export type HalResult<T> = { readonly ok: true; readonly value: T } | HalFailure;

export const halOk = <T>(value: T) => ({ ok: true, value }) as const;
export const halFail = (code: HalCode, detail: string): HalFailure => ({ ok: false, code, detail });
