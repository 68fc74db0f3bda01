/**
 * I1 single-binding: data is sent on the recorded transport or nowhere.
 *
 * @module
 */

export interface Forwarding {
  /** Where data is sent; null: nowhere. */
  readonly sendingTransportId: number | null;
  /** The committed binding of the live session; null: there is none. */
  readonly recordedTransportId: number | null;
}

/** What is wrong with `forwarding`, or null. */
export function strayBinding({
  sendingTransportId,
  recordedTransportId,
}: Forwarding): string | null {
  if (sendingTransportId === null || sendingTransportId === recordedTransportId) return null;
  return `I1: data goes to transport ${sendingTransportId}, the record says ${recordedTransportId}`;
}
