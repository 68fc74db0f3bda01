/**
 * Outer addresses: which were proven to be the device's, and how much may be sent to the others.
 *
 * An address is validated by a round trip: the handshake, a RESPONSE, or the token of a PROBE_ACK that
 * a REATTACH echoes. To all others at most three times the bytes that came from them are sent
 * (docs/protocol.md, "What a hub checks", 9; RFC 9000 §8.1 has the same factor).
 *
 * @module
 */
import { equalBytes } from '../bytes.ts';
import { derive } from '../proof.ts';
import { TOKEN_BYTES } from '../wire/field.ts';
import type { SeatConfig } from './limits.ts';
import { ADDRESSES_MAX, type Address } from './state.ts';

/** How long a proof of address holds where no token says otherwise; as long as the oldest token. */
export const VALIDATED_MS = 120_000;
const BUCKET_MS = 60_000;
const AMPLIFICATION_MAX = 3;

type Addresses = readonly Address[];

export function isValidated(addresses: Addresses, source: string, nowMs: number): boolean {
  const atMs = addresses.find((address) => address.source === source)?.validatedAtMs ?? null;
  return atMs !== null && nowMs - atMs < VALIDATED_MS;
}

export function withValidated(addresses: Addresses, source: string, nowMs: number): Addresses {
  return withChange(addresses, source, nowMs, (address) => ({ ...address, validatedAtMs: nowMs }));
}

export function withReceived(
  addresses: Addresses,
  source: string,
  bytes: number,
  nowMs: number,
): Addresses {
  return withChange(addresses, source, nowMs, (address) => ({
    ...address,
    receivedBytes: address.receivedBytes + bytes,
  }));
}

/** Whether `bytes` may go to `target` now, and the book with them counted. */
export function maySend(
  addresses: Addresses,
  target: string,
  bytes: number,
  nowMs: number,
): { isAllowed: boolean; addresses: Addresses } {
  if (isValidated(addresses, target, nowMs)) return { isAllowed: true, addresses };
  const known = addresses.find((address) => address.source === target);
  const sentBytes = (known?.sentBytes ?? 0) + bytes;
  if (sentBytes > AMPLIFICATION_MAX * (known?.receivedBytes ?? 0)) {
    return { isAllowed: false, addresses };
  }
  return {
    isAllowed: true,
    addresses: withChange(addresses, target, nowMs, (address) => ({ ...address, sentBytes })),
  };
}

/**
 * The token that PROBE_ACK hands out: proves this source on this transport for one to two minutes. Made once a minute for an
 * address; comes with the book that remembers it.
 */
export function tokenFor(
  addresses: Addresses,
  config: SeatConfig,
  transportId: number,
  source: string,
  nowMs: number,
): { readonly bytes: Uint8Array; readonly addresses: Addresses } {
  const bucket = Math.floor(nowMs / BUCKET_MS);
  const known = addresses.find((address) => address.source === source)?.token ?? null;
  if (known?.transportId === transportId && known.bucket === bucket) {
    return { bytes: known.bytes, addresses };
  }
  const bytes = tokenOf(config, transportId, source, bucket);
  const token = { transportId, bucket, bytes };
  return {
    bytes,
    addresses: withChange(addresses, source, nowMs, (address) => ({ ...address, token })),
  };
}

export function isAddressToken(
  config: SeatConfig,
  transportId: number,
  source: string,
  nowMs: number,
  token: Uint8Array | null,
): boolean {
  if (token === null) return false;
  const bucket = Math.floor(nowMs / BUCKET_MS);
  return [bucket, bucket - 1].some((at) =>
    equalBytes(tokenOf(config, transportId, source, at), token),
  );
}

/** Bound to the device and not to a session: a channel that has proven none may probe as well. */
function tokenOf(
  { seed, device }: SeatConfig,
  transportId: number,
  source: string,
  bucket: number,
): Uint8Array {
  return derive(seed, `address ${device} ${transportId} ${source}`, bucket, TOKEN_BYTES);
}

function withChange(
  addresses: Addresses,
  source: string,
  nowMs: number,
  change: (address: Address) => Address,
): Addresses {
  const known = addresses.find((address) => address.source === source) ?? {
    source,
    validatedAtMs: null,
    receivedBytes: 0,
    sentBytes: 0,
    usedAtMs: nowMs,
    token: null,
  };
  const others = addresses.filter((address) => address.source !== source);
  return [...others.slice(-(ADDRESSES_MAX - 1)), { ...change(known), usedAtMs: nowMs }];
}
