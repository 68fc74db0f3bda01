/**
 * How large an inner packet may be, so that sealed it fits into every link it may have to take.
 *
 * ```text
 *  outer IPv4 20, or IPv6 40 │ UDP 8 │ our header 16 │ inner packet │ tag 16
 * ```
 *
 * Knows the MTU of the device's own links and nothing of the path behind them: where that is narrower,
 * the outer datagram is fragmented, for its DF bit is clear. The same sum holds for type 4 messages of a
 * plain peer, whose header has 16 bytes as well.
 *
 * Source: docs/protocol.md, "Inner MTU".
 *
 * @module
 */

const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const UDP_BYTES = 8;
const HEADER_BYTES = 16;
const TAG_BYTES = 16;

/** Every IPv4 host takes packets of this size (RFC 791 §3.2); a narrower link gets fragments. */
export const MTU_MIN4_BYTES = 576;
/** RFC 8200 §5; below it Linux takes IPv6 off the interface, addresses and routes with it. */
export const MTU_MIN6_BYTES = 1_280;
export const MTU_MAX_BYTES = 65_535;

export interface LinkPath {
  /** MTU of the link; 0: not known, it limits nothing. */
  readonly mtuBytes: number;
  /** `ip:port` of the other end; its family decides the overhead. */
  readonly endpoint: string;
}

/** Bytes around an inner packet on the way to `endpoint`: 60 over IPv4, 80 over IPv6. */
export function outerBytes(endpoint: string): number {
  const ipBytes = endpoint.startsWith('[') ? IPV6_BYTES : IPV4_BYTES;
  return ipBytes + UDP_BYTES + HEADER_BYTES + TAG_BYTES;
}

/**
 * What fits into the narrowest of `paths`, at most `maxBytes`. The least is 1280 where IPv6 may be
 * inside and 576 where it is not; what does not fit then is fragmented outside.
 */
export function innerMtuBytes(
  paths: readonly LinkPath[],
  maxBytes: number,
  mayHaveIpv6: boolean,
): number {
  let mtuBytes = maxBytes;
  for (const path of paths) {
    if (path.mtuBytes > 0) mtuBytes = Math.min(mtuBytes, path.mtuBytes - outerBytes(path.endpoint));
  }
  return Math.max(mtuBytes, mayHaveIpv6 ? MTU_MIN6_BYTES : MTU_MIN4_BYTES);
}

/** Whether a peer may name this as its inner MTU. */
export function isInnerMtu(mtuBytes: number): boolean {
  return mtuBytes >= MTU_MIN4_BYTES && mtuBytes <= MTU_MAX_BYTES;
}
