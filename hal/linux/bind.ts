/**
 * Opens UDP sockets and sorts out what the system refused: fatal, or a notice.
 *
 * @module
 */
import { newAddress, type SocketAddress } from '../../session/wire/address.ts';
import { parseIp } from '../../session/wire/ip.ts';
import type { DatagramOffload, DatagramOptions, DatagramSocket } from '../datagram.ts';
import { type HalFailure, type HalResult, halFail, halOk } from '../result.ts';
import { LinuxDatagramSocket } from './datagram.ts';
import { ERRNO, errnoName } from './errno.ts';
import { enableErrorQueue } from './errorQueue.ts';
import { errno, libc } from './libc.ts';
import { addressOf, nativeBytes } from './memory.ts';
import { AF_INET, AF_INET6, readSockaddr, SOCKADDR_IN6_BYTES, writeSockaddr } from './sockaddr.ts';
import {
  IP_MTU_DISCOVER,
  IP_RECVTOS,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_MTU_DISCOVER,
  IPV6_RECVTCLASS,
  IPV6_V6ONLY,
  PMTUDISC_DONT,
  PMTUDISC_OMIT,
  readNumber,
  SO_BINDTODEVICE,
  SO_MARK,
  SO_RXQ_OVFL,
  SOL_SOCKET,
  SOL_UDP,
  setBuffer,
  setNumber,
  setText,
  UDP_GRO,
  UDP_SEGMENT,
} from './sockopt.ts';
import { isDeviceName } from './tun.ts';

const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const NO_OFFLOAD: DatagramOffload = { segment: false, coalesce: false };
const ANY4 = new Uint8Array(4);
const ANY6 = new Uint8Array(16);

/**
 * Open a UDP socket. A refused SO_BINDTODEVICE is fatal, because packets would leave on a link that
 * nobody chose; a refused SO_MARK is a notice.
 */
export function openDatagramSocket(options: DatagramOptions): HalResult<DatagramSocket> {
  if (options.link !== null && !isDeviceName(options.link)) {
    return halFail('deviceNameInvalid', options.link);
  }
  const opened = openFamily();
  if (!opened.ok) return opened;
  const { fd, family } = opened.value;
  const refused = configure(fd, family, options);
  if (refused !== null) {
    libc.close(fd);
    return refused;
  }
  const notices: HalFailure[] = [];
  if (options.mark !== null) {
    const code = setNumber(fd, SOL_SOCKET, SO_MARK, options.mark);
    if (code !== 0) notices.push(halFail('markRefused', `SO_MARK: ${errnoName(code)}`));
  }
  return halOk(
    new LinuxDatagramSocket({
      fd,
      family,
      localPort: localPort(fd, family),
      receiveBufferBytes: setBuffer(fd, 'receive', options.bufferBytes),
      sendBufferBytes: setBuffer(fd, 'send', options.bufferBytes),
      offload: options.offload === 'off' ? NO_OFFLOAD : enableOffload(fd),
      // A hub hears of its devices by what they send, and of nobody else.
      hasErrorQueue: options.link !== null && enableErrorQueue(fd, family === AF_INET6),
      notices,
    }),
  );
}

function openFamily(): HalResult<{ fd: number; family: number }> {
  const type = SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
  const dual = libc.socket(AF_INET6, type, 0);
  if (dual >= 0) return halOk({ fd: dual, family: AF_INET6 });
  const dualCode = errno();
  if (dualCode !== ERRNO.EAFNOSUPPORT) {
    return halFail('systemCallFailed', `socket: ${errnoName(dualCode)}`);
  }
  const plain = libc.socket(AF_INET, type, 0);
  return plain >= 0
    ? halOk({ fd: plain, family: AF_INET })
    : halFail('familyUnavailable', `socket: ${errnoName(errno())}`);
}

function configure(fd: number, family: number, options: DatagramOptions): HalFailure | null {
  if (family === AF_INET6) {
    const code = setNumber(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    if (code !== 0) return halFail('systemCallFailed', `IPV6_V6ONLY: ${errnoName(code)}`);
  }
  describe(fd, family);
  if (options.link !== null) {
    const code = setText(fd, SOL_SOCKET, SO_BINDTODEVICE, options.link);
    const detail = `SO_BINDTODEVICE ${options.link}: ${errnoName(code)}`;
    if (code === ERRNO.ENODEV) return halFail('deviceMissing', detail);
    if (code !== 0) return halFail('bindToDeviceRefused', detail);
  }
  const local = localAddress(options, family);
  if (!local.ok) return local;
  const sockaddr = nativeBytes(SOCKADDR_IN6_BYTES);
  const bytes = writeSockaddr(sockaddr, local.value, family);
  if (bytes === 0) return halFail('addressUnavailable', `${options.address} without IPv6`);
  if (libc.bind(fd, addressOf(sockaddr), bytes) === 0) return null;
  return bindFailure(errno(), `bind ${options.address ?? '*'} port ${options.port}`);
}

/**
 * Ask for what a tunnel wants to know and be spared. All of it can be lived without: where the kernel
 * lacks an option, ECN is not merged or overflows are not counted.
 */
function describe(fd: number, family: number): void {
  setNumber(fd, IPPROTO_IP, IP_MTU_DISCOVER, PMTUDISC_OMIT);
  setNumber(fd, IPPROTO_IP, IP_RECVTOS, 1);
  setNumber(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
  if (family !== AF_INET6) return;
  setNumber(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, PMTUDISC_DONT);
  setNumber(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
}

function enableOffload(fd: number): DatagramOffload {
  return {
    segment: readNumber(fd, SOL_UDP, UDP_SEGMENT) >= 0,
    coalesce: setNumber(fd, SOL_UDP, UDP_GRO, 1) === 0,
  };
}

function localAddress(options: DatagramOptions, family: number): HalResult<SocketAddress> {
  if (options.address === null) {
    const any =
      family === AF_INET
        ? { family: 4 as const, bytes: ANY4 }
        : { family: 6 as const, bytes: ANY6 };
    return halOk(newAddress(any, options.port));
  }
  const ip = parseIp(options.address);
  return ip.ok
    ? halOk(newAddress(ip.value, options.port))
    : halFail('addressInvalid', options.address);
}

function bindFailure(code: number, what: string): HalFailure {
  const detail = `${what}: ${errnoName(code)}`;
  if (code === ERRNO.EADDRINUSE) return halFail('addressInUse', detail);
  if (code === ERRNO.EADDRNOTAVAIL) return halFail('addressUnavailable', detail);
  return halFail('systemCallFailed', detail);
}

function localPort(fd: number, family: number): number {
  const sockaddr = nativeBytes(SOCKADDR_IN6_BYTES);
  const length = nativeBytes(4);
  length[0] = SOCKADDR_IN6_BYTES;
  libc.getsockname(fd, addressOf(sockaddr), addressOf(length));
  return readSockaddr(sockaddr, family).port;
}
