/**
 * The sockets of a load: UDP between two fixed addresses, TCP and MPTCP. IPv4. No call here waits.
 *
 * @module
 */
import { errno, libc, NativeMemory } from '../../libc.ts';

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK_CLOEXEC = 0x80800;
const IPPROTO_TCP = 6;
/** RFC 8684; a socket that both ends open this way spreads over several paths. */
const IPPROTO_MPTCP = 262;
const TCP_NODELAY = 1;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_RCVBUF = 8;
const SO_LINGER = 13;
const EINPROGRESS = 115;
const BACKLOG = 4;
const ADDRESS_BYTES = 16;
/** A second of datagrams, so that a receiver that is late loses none. */
const RECEIVE_BUFFER_BYTES = 1 << 20;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

export type StreamProtocol = 'tcp' | 'mptcp';

const address = new NativeMemory(ADDRESS_BYTES);
const value = new NativeMemory(8);

/** Bound to `port` of every address, takes from and sends to `peer` with the same port. */
export function openDatagrams(peer: string, port: number): number {
  const fd = newSocket(SOCK_DGRAM, 0);
  setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  setOption(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_BYTES);
  writeAddress('0.0.0.0', port);
  check('bind', libc.bind(fd, address.at(0), ADDRESS_BYTES));
  writeAddress(peer, port);
  check('connect', libc.connect(fd, address.at(0), ADDRESS_BYTES));
  return fd;
}

export function listenForStreams(port: number, protocol: StreamProtocol): number {
  const fd = newSocket(SOCK_STREAM, numberOf(protocol));
  setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  writeAddress('0.0.0.0', port);
  check('bind', libc.bind(fd, address.at(0), ADDRESS_BYTES));
  check('listen', libc.listen(fd, BACKLOG));
  return fd;
}

/** On its way; it can be written to when it is there. */
export function dialStream(peer: string, port: number, protocol: StreamProtocol): number {
  const fd = newSocket(SOCK_STREAM, numberOf(protocol));
  setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  writeAddress(peer, port);
  const result = libc.connect(fd, address.at(0), ADDRESS_BYTES);
  if (result < 0 && errno() !== EINPROGRESS) check('connect', result);
  return fd;
}

/** The connection that poll(2) told of, or -1. */
export const acceptStream = (listener: number): number =>
  libc.accept4(listener, null, null, SOCK_NONBLOCK_CLOEXEC);

/** Bytes taken, or -1 for whatever reason. */
export const sendSome = (fd: number, memory: NativeMemory, bytes: number): number =>
  Number(libc.send(fd, memory.at(0), bytes, MSG_DONTWAIT | MSG_NOSIGNAL));

/** Bytes put into `memory`, 0 at the end, -1 when there is nothing. */
export const receiveSome = (fd: number, memory: NativeMemory): number =>
  Number(libc.recv(fd, memory.at(0), memory.bytes.length, MSG_DONTWAIT));

/** At once and for good: nothing of it may be under way when the next round begins. */
export function abortStream(fd: number): void {
  value.view.setInt32(0, 1, true);
  value.view.setInt32(4, 0, true);
  // Where it is refused, the rest of the transfer goes to a port that nobody has any more.
  libc.setsockopt(fd, SOL_SOCKET, SO_LINGER, value.at(0), 8);
  libc.close(fd);
}

export function closeSocket(fd: number): void {
  libc.close(fd);
}

const numberOf = (protocol: StreamProtocol) => (protocol === 'tcp' ? IPPROTO_TCP : IPPROTO_MPTCP);

function newSocket(type: number, protocol: number): number {
  return check('socket', libc.socket(AF_INET, type | SOCK_NONBLOCK_CLOEXEC, protocol));
}

function setOption(fd: number, level: number, name: number, setting: number): void {
  value.view.setInt32(0, setting, true);
  check(`setsockopt ${level} ${name}`, libc.setsockopt(fd, level, name, value.at(0), 4));
}

function writeAddress(host: string, port: number): void {
  address.bytes.fill(0);
  address.view.setUint16(0, AF_INET, true);
  address.view.setUint16(2, port);
  address.bytes.set(host.split('.').map(Number), 4);
}

function check(call: string, result: number): number {
  if (result < 0) throw new Error(`${call}: errno ${errno()}`);
  return result;
}
