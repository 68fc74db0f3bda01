/**
 * What a hub makes of the macs of a message, in the order of `hub/handshakes.ts`.
 *
 * @module
 */
import type { CookieChecker } from '../../../../session/channel/cookie.ts';

export function macVerdict(
  checker: CookieChecker,
  message: Uint8Array,
  address: Uint8Array,
  isUnderLoad: boolean,
  atMs: number,
): 'pass' | 'refused' | 'cookieNeeded' {
  if (!checker.isAddressed(message)) return 'refused';
  return !isUnderLoad || checker.isProven(message, address, atMs) ? 'pass' : 'cookieNeeded';
}
