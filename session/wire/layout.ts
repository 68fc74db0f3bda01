/**
 * The integer keys of each CBOR control frame. Written out once: encoder and decoder read this table.
 *
 * ```text
 *  0         1         2
 *  +---------+---------+--------------------------------------------------------------+
 *  |  type   | version | body: fixed binary (PROBE, PROBE_ACK) or one CBOR map        |
 *  +---------+---------+--------------------------------------------------------------+
 *
 *  PROBE      2 probeId u32                                                (6 bytes)
 *  PROBE_ACK  2 probeId u32 · 6 view u8 · 7 transportId u16 · 9 stateVersion u64 · 17 token (25 bytes)
 * ```
 *
 * All integers are big-endian. Key 0 is padding in every CBOR frame; keys that are not named here are
 * ignored, so that a newer peer may add some.
 *
 * Source: docs/protocol.md, "Frames". Vectors: test/vectors/frames.json.
 *
 * @module
 */

export const FRAME_VERSION = 1;
export const FRAME_HEAD_BYTES = 2;
/** Fits into every path MTU we use, with outer headers (chosen). */
export const FRAME_BYTES_MAX = 1_200;
export const PROBE_BYTES = 6;
export const PROBE_ACK_BYTES = 25;
export const BITMAP_BYTES = 512;
export const PADDING_KEY = 0;

// biome-ignore format: this is a table
export const KEY = {
  attach:     { claim: 1, isNew: 2, previousSessionId: 3, proof: 4, linkKind: 5, linkName: 6, ciphers: 7, reasonCode: 8, mtuBytes: 9, noticeMs: 10 },
  attached:   { claim: 1, secret: 2, memoryKey: 3, inner4: 4, inner6: 5, routes: 6, cipher: 7, ownerEpoch: 8, hubSeq: 9 },
  reattach:   { claim: 1, proof: 2, token: 3, linkKind: 4, linkName: 5, purpose: 6, reasonCode: 7, mtuBytes: 8, noticeMs: 9 },
  reattached: { claim: 1, ownerEpoch: 2, hubSeq: 3, renewed: 4, heardMs: 5 },
  reject:     { claim: 1, reasonCode: 2, isFatal: 3, retryAfterMs: 4, recordedVersion: 5 },
  terminate:  { sessionId: 1, reasonCode: 2, stateVersion: 3 },
  redirect:   { endpoints: 1 },
  challenge:  { token: 1, claim: 2 },
  response:   { token: 1, isMine: 2 },
  received:   { keypairIndex: 1, counterMax: 2, bitmap: 3, stateVersion: 4, round: 5, bytesPerSecond: 6 },
  rotate:     { sessionId: 1, proof: 2 },
  rotated:    { sessionId: 1 },
  mtu:        { mtuBytes: 1, noticeMs: 2 },
} as const;
