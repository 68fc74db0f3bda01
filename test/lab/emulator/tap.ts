/**
 * A tap device: an Ethernet interface of a namespace whose other end is this process.
 *
 * Offloads are refused, so the kernel fills in every checksum and cuts every frame to the MTU before we see it: what we
 * relay is what a wire would carry. What we deliver reaches the kernel frame by frame; with `isMerging` it takes the way
 * that a real card's frames take, on which neighbours of one flow are merged again (GRO).
 *
 * @module
 */
import { constants, openSync } from 'node:fs';
import { libc, NativeMemory } from '../libc.ts';
import { inside } from '../namespace.ts';

const TUNSETIFF = 0x400454ca;
const TUNSETOFFLOAD = 0x400454d0;
const TUNSETCARRIER = 0x400454e2;
const SIOCETHTOOL = 0x8946;
const ETHTOOL_GLINK = 0x0a;
const AF_INET = 2;
const SOCK_DGRAM_CLOEXEC = 0x80002;
const IFF_TAP = 0x0002;
const IFF_NAPI = 0x0010;
const IFF_NO_PI = 0x1000;
const NAME_BYTES_MAX = 15;

export class Tap {
  readonly fd: number;
  readonly #carrier = new NativeMemory(8);
  /** A socket inside the namespace, to ask about the interface. */
  readonly #socketFd: number;
  readonly #query = new NativeMemory(40);
  readonly #queryValue = new NativeMemory(8);

  /** Make interface `device` in `namespace`. It lives as long as this process. */
  constructor(namespace: string, device: string, isMerging = false) {
    if (device.length > NAME_BYTES_MAX) throw new Error(`interface name too long: ${device}`);
    // The namespace of the caller at open(2) decides where the interface appears.
    const [fd, socketFd] = inside(namespace, () => [
      openSync('/dev/net/tun', constants.O_RDWR | constants.O_NONBLOCK),
      libc.socket(AF_INET, SOCK_DGRAM_CLOEXEC, 0),
    ]);
    this.fd = fd;
    this.#socketFd = socketFd;
    const name = new TextEncoder().encode(device);
    this.#query.bytes.set(name);
    this.#query.pointAt(16, this.#queryValue, 0);
    const request = new NativeMemory(40);
    request.bytes.set(name);
    request.view.setUint16(16, IFF_TAP | IFF_NO_PI | (isMerging ? IFF_NAPI : 0), true);
    if (libc.ioctl(this.fd, TUNSETIFF, request.at(0)) !== 0) {
      throw new Error(`TUNSETIFF ${device} in ${namespace} refused: CAP_NET_ADMIN missing?`);
    }
    libc.ioctl(this.fd, TUNSETOFFLOAD, null);
  }

  /** What `ip link` shows as LOWER_UP / NO-CARRIER. */
  setCarrier(isUp: boolean): void {
    this.#carrier.view.setInt32(0, isUp ? 1 : 0, true);
    if (libc.ioctl(this.fd, TUNSETCARRIER, this.#carrier.at(0)) !== 0) {
      throw new Error('TUNSETCARRIER refused: kernel older than 5.0?');
    }
    // The kernel announces a carrier loss up to a second late if any interface of the machine changed within the
    // last second. Asking for the link state makes it catch up at once (Linux 6.8 and later).
    this.#queryValue.view.setUint32(0, ETHTOOL_GLINK, true);
    libc.ioctl(this.#socketFd, SIOCETHTOOL, this.#query.at(0));
  }
}
