/**
 * The header in front of every packet that crosses the tun: what is left to do for its checksum, and
 * where it is to be cut.
 *
 * ```text
 *   0        1           2                4                6                8               10
 *   +--------+-----------+----------------+----------------+----------------+----------------+
 *   | flags  | gso type  | header bytes   | segment bytes  | checksum start | checksum offset|
 *   +--------+-----------+----------------+----------------+----------------+----------------+
 * ```
 *
 * Sixteen-bit fields in host order, which is little-endian on all machines we run on. Read from the
 * kernel it may still lie (a packet socket hands through what an application claims), so every user
 * checks lengths. Source: linux/virtio_net.h; VIRTIO 1.2 §5.1.6.
 *
 * @module
 */

export const VIRTIO_BYTES = 10;

/** `flags`. */
export const NEEDS_CHECKSUM = 1;
/** The kernel has verified the checksum already. */
export const DATA_VALID = 2;

/** `gso type`. */
export const GSO = { none: 0, tcp4: 1, tcp6: 4, udp: 5 } as const;
/** Added to a TCP type: only the first segment carries CWR (RFC 3168). */
export const GSO_ECN = 0x80;

/**
 * In the first byte of an inner packet on the wire between session peers: its TCP or UDP checksum is
 * still the sum over the pseudo-header, and whoever delivers it completes it. The tag of the datagram
 * has protected the bytes meanwhile. IP versions are 4 and 6, so the bit is free.
 */
export const OPEN_CHECKSUM = 0x80;
