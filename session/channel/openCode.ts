/**
 * Why a packet of the data path was not opened or not sealed: negative numbers, so that success
 * needs no object, and their names for counters and logs.
 *
 * @module
 */

export const OPEN_CODE = {
  tooShort: -1,
  typeWrong: -2,
  versionUnknown: -3,
  wrongReceiver: -4,
  transportIdWrong: -5,
  counterTooLarge: -6,
  duplicate: -7,
  tooOld: -8,
  authenticationFailed: -9,
  dataNotEnabled: -10,
  tooManyTransports: -11,
  counterExhausted: -12,
} as const;
export type OpenError = keyof typeof OPEN_CODE;
export type OpenCode = (typeof OPEN_CODE)[OpenError];

const names = new Map<number, OpenError>(
  Object.entries(OPEN_CODE).map(([name, code]) => [code, name as OpenError]),
);

/** The name of a negative result, or null for a success. */
export function openError(code: number): OpenError | null {
  return names.get(code) ?? null;
}

/** How often a keypair said no, by name. */
export type Refusals = Record<OpenError, number>;

export function newRefusals(): Refusals {
  const entries = Object.keys(OPEN_CODE).map((name) => [name, 0] as const);
  return Object.fromEntries(entries) as Refusals;
}
