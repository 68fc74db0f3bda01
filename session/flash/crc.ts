/**
 * CRC-32 (IEEE 802.3, reflected, as in zlib): tells a torn or rotten record from a whole one.
 *
 * No protection against somebody who writes on purpose; the secret inside a record has its own seal.
 *
 * @module
 */
const POLYNOMIAL = 0xedb88320;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? POLYNOMIAL : 0);
  return value;
});

/** 0…2^32−1. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff]!;
  return ~crc >>> 0;
}
