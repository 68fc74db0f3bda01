/**
 * TCP sockets with the options that shape segments, which Bun's own do not offer: a maximum segment size, and ends of
 * records that the kernel does not merge into one segment. No call here waits except {@link dial}.
 *
 * @module
 */

import type { Endpoint } from '../../flows/command.ts';
import { errno, libc, NativeMemory } from '../../libc.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM_CLOEXEC = 0x80001;
const SOCK_CLOEXEC = 0x80000;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_MAXSEG = 2;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SHUT_WR = 1;
const MSG_DONTWAIT = 0x40;
const MSG_EOR = 0x80;
const MSG_NOSIGNAL = 0x4000;
const EAGAIN = 11;
const BACKLOG = 128;
const ADDRESS_BYTES = 28;

/** Nothing now, ask poll(2). */
export const LATER = -1;

const address = new NativeMemory(ADDRESS_BYTES);
const value = new NativeMemory(8);

/** Listening on `at`. */
export function listenAt(at: Endpoint): number {
  const fd = newSocket(at);
  setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  check('bind', libc.bind(fd, address.at(0), writeAddress(at)));
  check('listen', libc.listen(fd, BACKLOG));
  return fd;
}

/** Connected to `to`; waits for that. `mssBytes` holds for both directions, 0 is the kernel's choice. */
export function dial(
  to: Endpoint,
  mssBytes: number,
): { readonly fd: number; readonly port: number } {
  const fd = newSocket(to);
  if (mssBytes > 0) setOption(fd, IPPROTO_TCP, TCP_MAXSEG, mssBytes);
  check('connect', libc.connect(fd, address.at(0), writeAddress(to)));
  value.view.setUint32(0, ADDRESS_BYTES, true);
  check('getsockname', libc.getsockname(fd, address.at(0), value.at(0)));
  return { fd, port: address.view.getUint16(2) };
}

/** The next connection of a listening socket that poll(2) called ready, and the port it came from. */
export function accept(listener: number): { readonly fd: number; readonly port: number } {
  value.view.setUint32(0, ADDRESS_BYTES, true);
  const fd = libc.accept4(listener, address.at(0), value.at(0), SOCK_CLOEXEC);
  check('accept', fd);
  return { fd, port: address.view.getUint16(2) };
}

/** Send at once what there is. */
export const noDelay = (fd: number) => setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);

/** Bytes that the kernel took of `memory`, or {@link LATER}. `isRecord`: what follows starts a new segment. */
export function send(
  fd: number,
  memory: NativeMemory,
  offset: number,
  bytes: number,
  isRecord: boolean,
): number {
  const flags = MSG_DONTWAIT | MSG_NOSIGNAL | (isRecord ? MSG_EOR : 0);
  return outcome('send', Number(libc.send(fd, memory.at(offset), bytes, flags)));
}

/** Bytes put into `memory`, 0 when the peer has sent everything, or {@link LATER}. */
export function receive(fd: number, memory: NativeMemory): number {
  return outcome('recv', Number(libc.recv(fd, memory.at(0), memory.bytes.length, MSG_DONTWAIT)));
}

/** Tell the peer that this was everything. */
export const finish = (fd: number) => check('shutdown', libc.shutdown(fd, SHUT_WR));

export function close(fd: number): void {
  libc.close(fd);
}

function outcome(call: string, result: number): number {
  if (result >= 0) return result;
  if (errno() === EAGAIN) return LATER;
  return check(call, result);
}

function check(call: string, result: number): number {
  if (result < 0) throw new Error(`${call}: errno ${errno()}`);
  return result;
}

function newSocket({ host }: Endpoint): number {
  const family = host.includes(':') ? AF_INET6 : AF_INET;
  return check('socket', libc.socket(family, SOCK_STREAM_CLOEXEC, 0));
}

function setOption(fd: number, level: number, name: number, setting: number): void {
  value.view.setInt32(0, setting, true);
  check(`setsockopt ${level} ${name}`, libc.setsockopt(fd, level, name, value.at(0), 4));
}

/** Its length; the address itself goes into {@link address}. */
function writeAddress({ host, port }: Endpoint): number {
  address.bytes.fill(0);
  const isV6 = host.includes(':');
  address.view.setUint16(0, isV6 ? AF_INET6 : AF_INET, true);
  address.view.setUint16(2, port);
  if (!isV6) {
    address.bytes.set(host.split('.').map(Number), 4);
    return 16;
  }
  groupsOf(host).forEach((group, index) => {
    address.view.setUint16(8 + 2 * index, group);
  });
  return ADDRESS_BYTES;
}

/** The eight 16-bit groups of an IPv6 address without a dotted part. */
function groupsOf(host: string): number[] {
  const [head = '', tail] = host.split('::');
  const parse = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [front, back] = [parse(head), parse(tail ?? '')];
  const gap = tail === undefined ? 0 : 8 - front.length - back.length;
  return [...front, ...new Array<number>(gap).fill(0), ...back];
}
